/** The packet as the routing code saw it, for the findings that tell why it vanished there. */

import { sentAlike, sentByEntry, sentNowhere } from '../../journey/destination.ts'
import type { Host, Route } from '../../model/host.ts'
import { type Family, isNameless, type Packet } from '../../model/packet.ts'
import type { Nat } from '../../model/statement.ts'
import { afterAll } from '../../rules/assign.ts'
import { bridgePassingOn } from '../../rules/bridge-calls.ts'
import { isGroup, isOwnCopy, LIMITED_BROADCAST } from '../../rules/fib.ts'
import { settingsOf, sysctlName } from '../../rules/interface-settings.ts'
import { linkNamed } from '../../rules/links.ts'
import { endSentTo } from '../../rules/nft/map.ts'
import { leadsHere, leadsOutOf, lookupRoute, questionAnew, questionOf, type RouteQuestion } from '../../rules/route.ts'
import { type Context, momentAt } from '../context.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'

export interface Routed {
  packet: Packet
  /** As NAT left it. */
  dst: string
  /** Undefined: not known, or not asked for (a group's packet has none); null: there is none. */
  route: Route | null | undefined
  local: boolean
  /** What the routes were asked. */
  question: RouteQuestion
}

/** Undefined where the journey did not end at the routing decision behind PREROUTING, or too little is known. */
export function atRouting(context: Context): Routed | undefined {
  const { evidence, world } = context
  const packet = withMark(context, evidence.routed ?? observedAtRouting(context))
  const dst = packet?.dst
  if (packet === undefined || dst === undefined || packet.in === undefined || isNameless(packet.in)) return undefined
  // what nat sends elsewhere is routed all the same (br_nf_pre_routing_finish)
  if (dst === context.journey.packet.dst && bridgePassingOn(packet, world.host)) return undefined
  const question = questionOf({ ...packet, dst })
  if (!question) return undefined
  if (dst === LIMITED_BROADCAST) return { packet, dst, route: undefined, local: true, question }
  const route = isGroup(dst) ? undefined : lookupRoute(question, world.host)
  return { packet, dst, route, local: !!route && leadsHere(route), question }
}

/** Rules may have marked it behind the line that shows its mark: nft's trace shows one in the first line of a chain alone. */
function withMark(context: Context, packet: Packet | undefined): Packet | undefined {
  const { step } = context.ended
  const mark = packet && context.evidence.arrivals[step] && markBehind(context, step)
  return mark === undefined ? packet : { ...packet, mark }
}

/** The same of what this host sends, by its own routes and before any of its chains: undefined where it came so far. */
export function atOwnRouting({ journey, evidence, world }: Context): Routed | undefined {
  const { packet, outcome } = journey
  const { dst } = packet
  if (outcome !== 'vanished' || evidence.arrivals.length > 0 || packet.in !== undefined) return undefined
  const question = questionOf(packet)
  if (!question || dst === undefined || isGroup(dst)) return undefined
  return { packet, dst, route: lookupRoute(question, world.host), local: false, question }
}

/** Behind OUTPUT, where a chain of type route has marked it. */
export function routedAnew({ evidence, ended, world }: Context): Routed | undefined {
  const { hook, packet } = evidence.arrivals[ended.step] ?? {}
  const question = hook === 'output' && packet && questionAnew(packet)
  if (ended.outcome !== 'vanished' || !question || packet.dst === undefined) return undefined
  return { packet, dst: packet.dst, route: lookupRoute(question, world.host), local: false, question }
}

/** As the last line of PREROUTING shows it, and as the rule of that line rewrites it. */
function observedAtRouting(context: Context): Packet | undefined {
  const { evidence, ended, world, journey } = context
  const arrival = evidence.arrivals[ended.step]
  if (arrival?.hook !== 'prerouting' || arrival.ending !== 'accept' || ended.missing?.hook === 'prerouting')
    return undefined
  // it was routed when it was sent
  if (arrival.packet.in === 'lo' || isOwnCopy(arrival.packet, world.host)) return undefined
  if (arrival.rule?.statements.some(({ kind }) => kind === 'tproxy'))
    return afterAll(arrival.rule.statements, momentAt(context, ended.step)).packet
  const nat = arrival.rule?.statements.find(({ kind }) => kind === 'dnat' || kind === 'redirect' || kind === 'netmap')
  // nat undoes itself for replies, and does for later packets what it did for the first (nf_nat_inet_fn): no line shows that
  if (!nat) return { ...arrival.packet, ...sentByEntry(arrival.packet, world) }
  switch (nat.kind) {
    case 'dnat':
    case 'netmap': {
      const end = endGiven(context, nat)
      if (end) return { ...arrival.packet, ...end }
      const { packet } = arrival
      const alike =
        sentAlike(nat, packet, world) ?? (isForwarded(context, packet) ? sentNowhere(nat, packet, world) : undefined)
      return alike === undefined ? undefined : { ...packet, dst: alike }
    }
    case 'redirect': {
      // to the interface's own address; IPv6 takes one of the destination's scope
      const link = linkNamed(world.host, arrival.packet.in)
      const own = link?.addresses?.find(({ address }) => !address.includes(':'))
      return own && journey.family === 'ip' ? { ...arrival.packet, dst: own.address } : undefined
    }
    default:
      return undefined
  }
}

/** Where the route to its destination leads on, nothing else in routing can stop it: forwarding is on, and the reverse path filter passes it. */
function isForwarded(context: Context, { src, in: device }: Packet): boolean {
  const { host } = context.world
  const { family } = context.journey
  if (src === undefined || device === undefined || forwardingOf(host, family, device) !== '1') return false
  return (
    family === 'ip6' ||
    larger(context, device, 'rp_filter') === 0 ||
    leadsOutOf(lookupRoute({ dst: src }, host), device)
  )
}

/** Where nat sends the packet behind its last line: its rule's words, or connection tracking's entry, say it. */
const endGiven = (context: Context, nat: Nat) =>
  endSentTo(nat, momentAt(context, context.ended.step)) ??
  sentByEntry(context.evidence.arrivals[context.ended.step]!.packet, context.world)

/** Chance chooses the destination: of several, to which the same route leads, it is not known which one. */
export function isOneOfSeveral(context: Context): boolean {
  const nat = context.evidence.arrivals[context.ended.step]?.rule?.statements.find(
    (one): one is Nat => one.kind === 'dnat' || one.kind === 'netmap',
  )
  return nat?.map !== undefined && endGiven(context, nat) === undefined
}

/** The same, where the packet had to be forwarded by a route that is known. */
export function toForward(context: Context): (Routed & { route: Route }) | undefined {
  const routed = atRouting(context)
  return routed?.route?.type === 'unicast' ? { ...routed, route: routed.route } : undefined
}

/** A per-interface sysctl that counts with its `all`: the larger of both; undefined where unknown. */
export function larger(context: Context, device: string, name: string): number | undefined {
  const [all, own] = settingsOf(context.world.host, device, name)
  if (all === undefined && own === undefined) return undefined
  return Math.max(Number(all ?? 0), Number(own ?? 0))
}

/** What the kernel asks of a packet that comes in there: IPv4 of the interface, IPv6 of the whole host. */
export const forwardingOf = ({ sysctls }: Host, family: Family | undefined, device: string): string | undefined =>
  family === 'ip6'
    ? sysctls?.get('net.ipv6.conf.all.forwarding')
    : (sysctls?.get(`net.ipv4.conf.${sysctlName(device)}.forwarding`) ?? sysctls?.get('net.ipv4.ip_forward'))
