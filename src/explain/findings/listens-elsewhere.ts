import type { Host, Socket } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { isOpen, sameAddress } from '../../rules/sockets.ts'
import { describeEnd } from '../context.ts'

/** Programs that have the packet's port open, and not for this packet: on another address, interface, or family. */
export function listensElsewhere(host: Host, packet: Packet): string | undefined {
  const { dst, dport, protocol } = packet
  if (dst === undefined || dport === undefined) return undefined
  const others = host.sockets?.filter(
    (socket) => socket.protocol === protocol && socket.port === dport && isOpen(socket),
  )
  const told = others?.map(({ address, family, device, process }) => {
    const where = device === undefined ? '' : `, but only on interface ${device}`
    const end = describeEnd(address ?? (family === 'ip' ? '0.0.0.0' : '::'), dport)
    const takes = address === undefined && where === '' ? ` (${family === 'ip' ? 'IPv4' : 'IPv6'} only)` : ''
    return `${process === undefined ? 'a program' : process} listens on ${end}${where}${takes}`
  })
  const all = [...(told ?? []), ...connectedAt(host, packet).map(connectedWords)]
  return all.length > 0 ? [...new Set(all)].join(', ') : undefined
}

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
  const bound = host.sockets?.find(
    (socket) =>
      socket.device !== undefined &&
      isOpen(socket) &&
      socket.protocol === packet.protocol &&
      socket.port === dport &&
      (socket.address ?? dst) === dst,
  )
  if (bound) return `make the program listen on ${packet.in ?? 'all interfaces'}, too: it is bound to ${bound.device}`
  if (connectedAt(host, packet).length > 0)
    return 'make the program accept packets from any sender: its socket is connected to another one'
  if (listensElsewhere(host, packet) !== undefined) return `make the program listen on ${end}, or on any address`
  return `start the program, or make it listen on ${end}${isLoopback(dst) ? '' : ' (not only on 127.0.0.1)'}`
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'
