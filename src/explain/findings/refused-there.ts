import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { refusesOpening, showsReset } from '../reply/request-reply.ts'

const REFUSALS: Readonly<Record<string, string>> = {
  'icmp 3 1': 'host unreachable',
  'icmp 3 2': 'protocol unreachable',
  'icmp 3 3': 'port unreachable',
  'icmp 3 10': 'host prohibited',
  'icmp 3 13': 'prohibited',
  'icmpv6 1 1': 'prohibited',
  'icmpv6 1 3': 'address unreachable',
  'icmpv6 1 4': 'port unreachable',
}

/** It came through, and says no: whoever was asked, or a firewall there, refuses. */
export const refusedThere: Detector = {
  code: 'refused-there',
  detect(context) {
    const { journey, world } = context
    const { packet, outcome } = journey
    // what this host refuses itself is told by the rule, or by the closed port
    if ((outcome !== 'forwarded' && outcome !== 'delivered') || packet.in === undefined || packet.in === 'lo') return []
    if (packet.src === undefined) return []
    if (packet.protocol === 'tcp') {
      // else the exchange tells it, which knows what the reset answers
      if (!showsReset(packet) || !refusesOpening(packet)) return []
      const entry = entryAnswered(packet, world)
      const asked =
        entry && entry.original.dst !== packet.src
          ? ` (asked as ${describeEnd(entry.original.dst, entry.original.dport)})`
          : ''
      return [
        finding(
          'refused-there',
          'warning',
          `${describeEnd(packet.src, packet.sport)}${asked} replies with a reset: no program listens there, or a firewall there rejects it.`,
          { steps: [1], fix: [LOOK] },
        ),
      ]
    }
    const { inner, icmpType, icmpCode } = packet
    const says = REFUSALS[`${packet.protocol} ${icmpType} ${icmpCode}`]
    if (says === undefined) return []
    const to = inner ? describeEnd(inner.dst, inner.dport) : sentTo(packet, world)
    if (to === undefined) return []
    return [
      finding('refused-there', 'warning', `${packet.src} replies "${says}" to packets for ${to}.`, {
        steps: [1],
        fix: [LOOK],
      }),
    ]
  },
}

/** nft's trace shows no more of an error than its own header: which flow it is about, the connections tell, if only one can be. */
function sentTo(
  { src, dst, protocol, icmpType, icmpCode }: Packet,
  { host: { conntrack = [] } }: World,
): string | undefined {
  const ofPort = protocol === 'icmp' ? icmpType === 3 && icmpCode === 3 : icmpType === 1 && icmpCode === 4
  if (!ofPort) return undefined
  const ends = conntrack
    .filter(({ reply, protocol: of }) => of === 'udp' && reply.src === src && reply.dst === dst)
    .map(({ reply }) => describeEnd(reply.src, reply.sport))
  return new Set(ends).size === 1 ? ends[0] : undefined
}

const LOOK = {
  description:
    "check there: does the program listen on this address and port, and does that host's firewall accept it?",
  unverified: 'the cause is not on this host',
}
