/** What was sent to another host, and came back to this one from there. */
import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import type { Told } from '../join/joined.ts'

/** Whoever was asked has sent it on to this host itself, as a balancer does that keeps the sender's address. */
const SENDERS = ['protocol', 'src', 'sport', 'icmpId', 'icmpSeq'] as const

export function returnedAs(asked: Packet, { host }: Told, returned: readonly Told[]): Finding | undefined {
  const back = returned.find(
    (one) => one.host === host && SENDERS.every((key) => one.journey.packet[key] === asked[key]),
  )
  const found = back?.journey.findings.find(({ code }) => code === 'vanished-martian')
  if (!back || !found) return undefined
  const { id, packet } = back.journey
  return {
    ...found,
    message: `The packet came back to this host, addressed to ${packet.dst} (#${id}). ${found.message}`,
  }
}
