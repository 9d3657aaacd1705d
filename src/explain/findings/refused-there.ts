import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Host } from '../../model/host.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { leftBy } from '../../model/way-out.ts'
import { wordTable } from '../../model/word-table.ts'
import type { World } from '../../model/world.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { portDirection } from '../../rules/service-ports.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { routeWords } from '../host/routes.ts'
import { refusesOpening, showsReset } from '../reply/request-reply.ts'

interface Refusal {
  says: string
  /** What to do about it; absent: the program that was asked is to be looked at. */
  look?: string
  /** Why the address that was asked says so; absent: only a firewall does. */
  ofItself?: string
}

/** DNAT gives every error about what it forwards the address that was asked (nf_nat_icmp_reply_translation). */
const REJECTED = 'a firewall rejects the packet, there or on a host that it forwards to'
const TIME_EXCEEDED: Refusal = {
  says: 'time exceeded',
  look: 'to a traceroute this is the reply; for other packets, check for a routing loop or a small TTL',
  ofItself: 'it forwards the packet, whose TTL is used up there or further on',
}
const TO_HOST = 'check that the destination is up, and that the router has a route to it'
const TO_NETWORK = "check that router's routes"
const NOT_REACHED = 'a firewall there rejects the packet, or that host forwards it to an address that it cannot reach'
const PORT_UNREACHABLE: Refusal = { says: 'port unreachable' }
const PROHIBITED: Refusal = { says: 'prohibited' }

const REFUSALS: Readonly<Record<string, Refusal>> = wordTable({
  'icmp 3 0': { says: 'network unreachable', look: TO_NETWORK, ofItself: NOT_REACHED },
  'icmp 3 1': { says: 'host unreachable', look: TO_HOST, ofItself: NOT_REACHED },
  'icmp 3 2': {
    says: 'protocol unreachable',
    ofItself: `no program takes this protocol, or ${REJECTED}`,
  },
  'icmp 3 3': PORT_UNREACHABLE,
  'icmp 3 9': { says: 'network prohibited', look: "check that router's filters" },
  'icmp 3 10': { says: 'host prohibited' },
  'icmp 3 13': PROHIBITED,
  'icmp 11 0': TIME_EXCEEDED,
  'icmpv6 1 0': { says: 'no route', look: TO_NETWORK, ofItself: NOT_REACHED },
  'icmpv6 1 1': PROHIBITED,
  'icmpv6 1 3': { says: 'address unreachable', look: TO_HOST, ofItself: NOT_REACHED },
  'icmpv6 1 4': PORT_UNREACHABLE,
  'icmpv6 3 0': TIME_EXCEEDED,
})

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
    const refusal = REFUSALS[`${packet.protocol} ${packet.icmpType} ${packet.icmpCode}`]
    const sent = refusal && (packet.inner ?? sentBefore(packet, world))
    if (!refusal || !sent) return []
    const { says, look } = refusal
    const end = describeEnd(sent.dst, sent.dport)
    if (refusal === PORT_UNREACHABLE && isReply(sent, journey, world))
      return [
        finding(
          'refused-there',
          'note',
          `${packet.src} replies "${says}" to a reply: no program at ${end} accepts it from ${describeEnd(sent.src, sent.sport)}.`,
          { steps: [1] },
        ),
      ]
    const own = packet.src === sent.dst ? ofItself(refusal, sent) : undefined
    const why =
      own === undefined ? nextHopWords(refusal, packet.src, sent.dst, world.host) : ` ${packet.src} is up: ${own}.`
    return [
      finding('refused-there', 'warning', `${packet.src} replies "${says}" to packets for ${end}.${why}`, {
        steps: [1],
        fix: [
          look === undefined || (own !== undefined && refusal !== TIME_EXCEEDED)
            ? LOOK
            : { ...LOOK, description: look },
        ],
      }),
    ]
  },
}

/** Whoever was asked, or a router on the way, has refused a packet, of which the trace of the error shows nothing: `asked` came right before it. */
export function refusedUnquoted(error: Packet, asked: Packet, { host }: World): Finding | undefined {
  const { protocol, icmpType, icmpCode, src } = error
  const { dst } = asked
  const refusal = REFUSALS[`${protocol} ${icmpType} ${icmpCode}`]
  if (!refusal || refusal === TIME_EXCEEDED || src === undefined) return undefined
  const { says, look } = refusal
  const said = (more: string, description: string) =>
    finding('refused-there', 'note', `${src} replied "${says}", most likely to this packet${more}`, {
      fix: [{ ...LOOK, description }],
      [FOR_REPORTS]: { isUnquoted: true },
    })
  if (src === dst) return said(`: ${ofItself(refusal, asked)}.`, LOOK.description)
  return look === undefined ? undefined : said(`.${nextHopWords(refusal, src, dst, host)}`, look)
}

/** Why the address that was asked refuses the packet. */
function ofItself(refusal: Refusal, { protocol }: Packet): string {
  if (refusal === PORT_UNREACHABLE && protocol === 'udp') return `no program listens, or ${REJECTED}`
  return refusal.ofItself ?? REJECTED
}

/** It knows no way on: another router may have been meant. */
function nextHopWords({ look }: Refusal, router: string, dst: string | undefined, host: Host): string {
  const question = look === TO_NETWORK && dst !== undefined ? questionOf({ dst }) : undefined
  const route = question && lookupRoute(question, host)
  return route?.type === 'unicast' && route.gateway === router
    ? ` ${router} is the next hop of ${routeWords(route)} here. If another router leads to ${dst}, the route through that router is missing.`
    : ''
}

/** Who has asked has no program any more, or one that waits for another source. What this host forwarded came in where the error goes out. */
function isReply(sent: Packet, { outcome, steps }: Journey, world: World): boolean {
  const came = outcome === 'forwarded' ? leftBy(steps) : undefined
  return portDirection(came === undefined ? sent : { ...sent, in: came }, world) === 'reply'
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

const LOOK = {
  description:
    "check there: does the program listen on this address and port, and does that host's firewall accept it?",
  unverified: 'the cause is not on this host',
}
