import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { isOpen } from '../../rules/sockets.ts'
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
  return told?.length ? [...new Set(told)].join(', ') : undefined
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
  if (listensElsewhere(host, packet) !== undefined) return `make the program listen on ${end}, or on any address`
  return `start the program, or make it listen on ${end}${isLoopback(dst) ? '' : ' (not only on 127.0.0.1)'}`
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'
