import type { Packet } from '../../model/packet.ts'
import { leftBy } from '../../model/way-out.ts'
import type { World } from '../../model/world.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { portDirection } from '../../rules/service-ports.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { refusesOpening, showsReset } from '../reply/request-reply.ts'

const TIME_EXCEEDED = 'time exceeded'
const REFUSALS: Readonly<Record<string, string>> = {
  'icmp 3 0': 'network unreachable',
  'icmp 3 1': 'host unreachable',
  'icmp 3 2': 'protocol unreachable',
  'icmp 3 3': 'port unreachable',
  'icmp 3 9': 'network prohibited',
  'icmp 3 10': 'host prohibited',
  'icmp 3 13': 'prohibited',
  'icmp 11 0': TIME_EXCEEDED,
  'icmpv6 1 0': 'no route',
  'icmpv6 1 1': 'prohibited',
  'icmpv6 1 3': 'address unreachable',
  'icmpv6 1 4': 'port unreachable',
  'icmpv6 3 0': TIME_EXCEEDED,
}

/** It came through, and says no: whoever was asked, or a firewall there, refuses. */
export const refusedThere: Detector = {
  code: 'refused-there',
  detect(context) {
    const { journey, world } = context
    const { packet, outcome } = journey
    // what this host refuses itself is told by the rule, or by the closed port
    if ((outcome !== 'forwarded' && outcome !== 'delivered') || packet.in === undefined || packet.in === 'lo') return []
    if (packet.src === undefined || packet.dst === undefined) return []
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
    const says = REFUSALS[`${packet.protocol} ${packet.icmpType} ${packet.icmpCode}`]
    const sent = says === undefined ? undefined : (packet.inner ?? sentBefore(packet, world))
    if (sent === undefined) return []
    const end = describeEnd(sent.dst, sent.dport)
    // who has asked has no program any more, or one that waits for another source
    const back = outcome === 'forwarded' ? leftBy(journey.steps) : undefined
    const isReply = portDirection({ ...sent, ...(back === undefined ? {} : { in: back }) }, world) === 'reply'
    if (isReply && says === 'port unreachable')
      return [
        finding(
          'refused-there',
          'note',
          `${packet.src} replies "${says}" to a reply: no program at ${end} accepts it from ${describeEnd(sent.src, sent.sport)}.`,
          { steps: [1] },
        ),
      ]
    return [
      finding('refused-there', 'warning', `${packet.src} replies "${says}" to packets for ${end}.`, {
        steps: [1],
        fix: [{ ...LOOK, description: BY_ROUTERS[says!] ?? LOOK.description }],
      }),
    ]
  },
}

/** nft's trace shows no more of an error than its own header: which flow it is about, the connections tell, if only one can be. */
function sentBefore(
  { src, dst, protocol, icmpType, icmpCode }: Packet,
  { host: { conntrack = [] } }: World,
): Packet | undefined {
  const ofPort = protocol === 'icmp' ? icmpType === 3 && icmpCode === 3 : icmpType === 1 && icmpCode === 4
  if (!ofPort) return undefined
  const sent = conntrack
    .filter(({ reply, protocol: of }) => of === 'udp' && reply.src === src && reply.dst === dst)
    .map(({ reply: { sport, dport } }) => ({ protocol: 'udp', src: dst!, dst: src!, sport: dport!, dport: sport! }))
  return new Set(sent.map((one) => describeEnd(one.dst, one.dport))).size === 1 ? sent[0] : undefined
}

/** What to do about it; else the program that was asked is to be looked at. */
const BY_ROUTERS: Readonly<Record<string, string>> = {
  [TIME_EXCEEDED]: 'if this is a traceroute, it is healthy; otherwise check for a routing loop or a small TTL',
  'network unreachable': "check that router's routes",
  'no route': "check that router's routes",
  'host unreachable': 'check that the destination is up, and the route to it there',
  'address unreachable': 'check that the destination is up, and the route to it there',
  'network prohibited': "check that router's filters",
}

const LOOK = {
  description:
    "check there: does the program listen on this address and port, and does that host's firewall accept it?",
  unverified: 'the cause is not on this host',
}
