/** A packet's addresses and ports as the numbers that tell exchanges apart. */
import { parseAddress } from '../../../model/address.ts'
import type { Tuple } from '../../../model/host.ts'
import type { Packet } from '../../../model/packet.ts'
import { protocolNumber } from '../../../rules/iptables/protocols.ts'

/** Writes TUPLE_WORDS numbers; false: they are not known. */
export function tupleOf(packet: Packet, into: Int32Array): boolean {
  const { protocol, src, dst } = packet
  if (protocol === undefined || src === undefined || dst === undefined) return false
  const ported = protocol === 'tcp' || protocol === 'udp'
  if (ported && (packet.sport === undefined || packet.dport === undefined)) return false
  if (!address(src, into, 0) || !address(dst, into, 4)) return false
  into[8] = packet.sport ?? 0
  into[9] = packet.dport ?? 0
  into[10] = protocolNumber(protocol) ?? 0
  into[11] = packet.icmpId ?? 0
  into[12] = packet.icmpSeq ?? 0
  return true
}

/** Of one direction of a connection; an echo's number in its row is not known. */
export const packetOf = (protocol: string, { src, dst, sport, dport, icmpId }: Tuple): Packet => ({
  ...{ protocol, src, dst },
  ...(sport === undefined ? {} : { sport }),
  ...(dport === undefined ? {} : { dport }),
  ...(icmpId === undefined ? {} : { icmpId }),
})

function address(text: string, into: Int32Array, at: number): boolean {
  const bytes = parseAddress(text)
  if (!bytes) return false
  into.fill(0, at, at + 4)
  for (let i = 0; i < bytes.length; i++) into[at + (i >> 2)]! |= bytes[i]! << (24 - 8 * (i & 3))
  return true
}
