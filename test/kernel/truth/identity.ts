/** Which packet is it? Told by what neither rules nor routing rewrite, the same from bytes, from a line, from a Packet. */
import type { Packet } from '../../../src/model/packet.ts'

const TELLING = ['protocol', 'ipId', 'length', 'tcpSeq', 'tcpAck', 'icmpType', 'icmpCode', 'icmpSeq'] as const

/** Missing fields are left out: a LOG line without sequence numbers tells less. */
export function identity(packet: Packet): Record<string, string> {
  const told: Record<string, string> = { family: packet.src?.includes(':') ? 'ip6' : 'ip' }
  for (const field of TELLING) if (packet[field] !== undefined) told[field] = String(packet[field])
  // of IPv6 every line and every wire shows it, also of the first part
  if (packet.fragOffset || (told.family === 'ip6' && packet.fragOffset !== undefined))
    told.fragOffset = String(packet.fragOffset)
  if (packet.tcpFlags) told.tcpFlags = packet.tcpFlags.filter((flag) => flag !== 'ece' && flag !== 'cwr').join()
  if (packet.inner) told.inner = identityText(packet.inner)
  return told
}

export const identityText = (packet: Packet): string => JSON.stringify(Object.entries(identity(packet)).sort())

/** Does nothing that both tell speak against it? */
export function agree(a: Packet, b: Packet): boolean {
  const [{ inner: _, ...one }, { inner: __, ...other }] = [identity(a), identity(b)]
  if (!Object.keys(one).every((key) => other[key] === undefined || one[key] === other[key])) return false
  return a.inner === undefined || b.inner === undefined || agree(a.inner, b.inner)
}
