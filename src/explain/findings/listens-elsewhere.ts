import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { describeEnd } from '../context.ts'
import { isOpen } from '../sockets.ts'

/** Programs that have the packet's port open, and not for this packet: on another address, interface, or family. */
export function listensElsewhere(host: Host, packet: Packet): string | undefined {
  const { dst, dport, protocol } = packet
  if (dst === undefined || dport === undefined) return undefined
  const others = host.sockets?.filter(
    (socket) => socket.protocol === protocol && socket.port === dport && isOpen(socket),
  )
  const told = others?.map(({ address, family, device, process }) => {
    const where = device === undefined ? '' : ` of ${device}`
    const end = describeEnd(address ?? (family === 'ip' ? '0.0.0.0' : '::'), dport)
    const takes = address === undefined && where === '' ? ` (${family === 'ip' ? 'IPv4' : 'IPv6'} only)` : ''
    return `${process === undefined ? 'a program' : process} listens on ${end}${where}${takes}`
  })
  return told?.length ? [...new Set(told)].join(', ') : undefined
}
