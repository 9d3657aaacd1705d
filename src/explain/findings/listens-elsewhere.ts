import type { Host, Socket } from '../../model/host.ts'
import { isLoopback } from '../../model/loopback.ts'
import type { Packet } from '../../model/packet.ts'
import { isOpen, sameAddress } from '../../rules/sockets.ts'
import { describeEnd } from '../context.ts'

/** Programs that have the packet's port open, and not for this packet: on another address, interface, or family. */
export function listensElsewhere(host: Host, packet: Packet): string | undefined {
  const { dst, dport } = packet
  if (dst === undefined || dport === undefined) return undefined
  const others = openAt(host, packet)
  const told = others.map(({ address, family, device, process }) => {
    const where = device === undefined ? '' : `, but only on interface ${device}`
    const end = describeEnd(address ?? (family === 'ip' ? '0.0.0.0' : '::'), dport)
    const takes = address === undefined && where === '' ? ` (${family === 'ip' ? 'IPv4' : 'IPv6'} only)` : ''
    return `${process === undefined ? 'a program' : process} listens on ${end}${where}${takes}`
  })
  // where one is open, those connected are its clients'
  const all = [...new Set(told.length > 0 ? told : connectedAt(host, packet).map(connectedWords))]
  const more = all.length > MOST_TOLD ? [`and ${all.length - MOST_TOLD} more`] : []
  return all.length > 0 ? [...all.slice(0, MOST_TOLD), ...more].join(', ') : undefined
}

const MOST_TOLD = 5

const openAt = ({ sockets = [] }: Host, { protocol, dport }: Packet): Socket[] =>
  sockets.filter((socket) => socket.protocol === protocol && socket.port === dport && isOpen(socket))

/** Sockets of UDP at the packet's port that take packets from one peer alone, and from another than its sender (compute_score in net/ipv4/udp.c). */
function connectedAt(host: Host, { protocol, src, sport, dport }: Packet): Socket[] {
  if (protocol !== 'udp' || dport === undefined) return []
  return (host.sockets ?? []).filter(
    (one) =>
      one.protocol === 'udp' &&
      one.port === dport &&
      one.peerAddress !== undefined &&
      !isOpen(one) &&
      !(one.peerPort === sport && src !== undefined && sameAddress(one.peerAddress, src)),
  )
}

function connectedWords({ process, address, port, peerAddress, peerPort }: Socket): string {
  const end = describeEnd(address, port)
  return `${process ?? 'a program'} has ${end} connected to ${describeEnd(peerAddress, peerPort)}, so that socket accepts packets only from there`
}

/** What its owner does about that, by hand. */
export function makeListen(host: Host, packet: Packet): string {
  const { dst = '', dport } = packet
  const end = describeEnd(dst, dport)
  const bound = openAt(host, packet).find((socket) => socket.device !== undefined && (socket.address ?? dst) === dst)
  if (bound) return `make the program listen on ${packet.in ?? 'all interfaces'}, too: it is bound to ${bound.device}`
  if (openAt(host, packet).length === 0 && connectedAt(host, packet).length > 0)
    return 'make the program accept packets from any sender: its socket is connected to another one'
  if (listensElsewhere(host, packet) !== undefined) return `make the program listen on ${end}, or on any address`
  return `start the program, or make it listen on ${end}${isLoopback(dst) ? '' : ' (not only on 127.0.0.1)'}`
}
