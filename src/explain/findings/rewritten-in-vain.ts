/** Nothing came back, or a refusal, and nat had made another question of it. */

import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Hook } from '../../model/hook.ts'
import type { Tuple } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { hasAddress, isDeprecated, isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { listener } from '../../rules/sockets.ts'
import { acceptBefore, changesOf, propose } from '../changes/change.ts'
import { type Proposal, SKIPS_NAT } from '../changes/proposal.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { asksDestinationType, fieldOf, isNegated, namesDestination } from '../counterfactual/failed-condition.ts'
import {
  destinationRule,
  givenSource,
  isNatStatement,
  type Rewritten,
  sourceRule,
} from '../counterfactual/rewritten.ts'
import { hasNewDestination, isPrivate } from '../counterfactual/undeliverable.ts'
import { isOfGuests } from '../host/bridges.ts'
import { astray, homeOf, WIDE } from '../host/routes.ts'
import { nameRef } from '../refs.ts'
import { entryBegun } from '../reply/request-reply.ts'
import { ACCEPTS_UNKNOWN, otherSource } from './other-source.ts'
import { isMostPorts, portsOf } from './port-range.ts'

/** Where the rule sends what it matches: all to one host, and to one port if it writes one or matches one alone. */
function sendsWords(context: Context, { ref, statement, step }: Rewritten): string {
  const { dst, dport } = lastPacket(context)
  const isNat = isNatStatement(statement)
  const { addresses: [first, last] = [], ports: [from, to] = [], map, network } = isNat ? statement : {}
  if (map || network || first !== last) return `${nameRef(ref)} sends it to ${describeEnd(dst, dport)}`
  const { dport: asked } = context.evidence.arrivals[step]!.packet
  const isOnePort =
    !isNat || (from === undefined ? asked !== undefined && asksForPort(context, step, asked) : from === to)
  const port = isOnePort ? dport : undefined
  // REDIRECT has another address for each interface that packets come in by
  const here = port === undefined ? 'this host' : `port ${port} of this host`
  const place = statement?.kind === 'redirect' ? here : describeEnd(dst, port)
  return `Every packet that ${nameRef(ref)} matches goes to ${place}`
}

/** A rule meant for this host, or for some, takes what is for others; or one meant for a service takes all of a host's. */
export const dnatOfOthers: Detector = {
  code: 'dnat-of-others',
  detect(context) {
    const taken = context.inVain
      ? (takenFromOthers(context) ?? takenFromRange(context) ?? takenFromServices(context) ?? takenFromHere(context))
      : undefined
    if (!taken) return []
    const { rule, asked, other, isSure, fix } = taken
    const message = `${sendsWords(context, rule)}. This packet was for ${asked}, ${other}.`
    const { headline = other === ANOTHER_HOST ? 'DNAT of a packet for another host' : undefined } = taken
    const shown = headline === undefined ? {} : { [FOR_REPORTS]: { headline } }
    const more = { steps: [rule.step + 1], rules: [rule.ref], fix, ...shown }
    return [finding('dnat-of-others', isSure ? 'warning' : 'note', message, more)]
  },
}

const ANOTHER_HOST = 'another host'

export interface TakenFromOthers {
  rule: Rewritten
  /** Whom the packet was for. */
  asked: string
  /** `another host`, `another port`, `where sshd of this host listens`. */
  other: string
  /** Nobody means to answer for whoever is asked for such a service. */
  isSure: boolean
  /** Spares such packets. */
  fix: Proposal[]
  headline?: string
}

/** The rule that sent it elsewhere without asking whom it is for, which was another host. */
export function takenFromOthers(context: Context): TakenFromOthers | undefined {
  const rule = destinationRule(context)
  if (!rule) return undefined
  const { packet, hook } = context.evidence.arrivals[rule.step]!
  if (packet.dst === undefined || isLocal(packet.dst, context.world.host) !== false) return undefined
  if (isAskedByAddress(context, rule.step)) return undefined
  return {
    rule,
    asked: packet.dst,
    other: ANOTHER_HOST,
    isSure: !mayIntercept(context, rule, packet),
    fix: spare(rule, packet, hook),
  }
}

/** As a proxy, a resolver or a clock of the network does: what is asked of any server, or many ports sent to one of the proxy's own. */
function mayIntercept(context: Context, { statement, step }: Rewritten, { dport }: Packet): boolean {
  if (!isNatStatement(statement) || statement.map || dport === undefined || INTERCEPTED.has(dport)) return true
  const [first, last] = statement.ports ?? []
  if (first === undefined || (first === last && first === dport)) return false
  return statement.kind === 'redirect' || !asksForPort(context, step, dport)
}

/** This one alone: whoever forwards a port asks so, and sends it to another one as well. */
const asksForPort = (context: Context, i: number, port: number): boolean =>
  rulesTo(context, i).some((rule) =>
    rule?.conditions.some((one) => one.kind === 'compare' && / dport$/.test(one.field) && one.value === port),
  )

/** Files, mail, names, the web, time, names over TLS, calls, and what proxies are asked by. */
const INTERCEPTED: ReadonlySet<number> = new Set([
  ...[21, 25, 110, 143, 465, 587, 993, 995],
  ...[53, 80, 123, 443, 853, 3128, 5060, 5061, 8080],
])

/** The rule sends a range of ports to the first of them: who forwards a range means to keep each port as a rule. */
function takenFromRange(context: Context): TakenFromOthers | undefined {
  const rule = destinationRule(context)
  if (!rule || !isNatStatement(rule.statement) || rule.statement.kind !== 'dnat' || rule.statement.map) return undefined
  const { ref, step } = rule
  const { packet, hook } = context.evidence.arrivals[step]!
  const { dst: address } = lastPacket(context)
  const [to, last] = rule.statement.ports ?? []
  const [from, end] = (context.evidence.arrivals[step]!.rule?.conditions ?? []).map(portsOf).find(Boolean) ?? []
  const { dport: port } = packet
  if (to === undefined || to !== last || to !== from || port === undefined || port === to || !address) return undefined
  const keep = changesOf(ref).add(
    ref,
    { chain: ref.chain, before: ref },
    { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
    { kind: 'dnat', to: { address, port } },
  )
  const fix = propose(
    `keep port ${port} of such packets`,
    keep,
    'to keep every port, remove the port from the DNAT rule',
  )
  const unverified = `whether a program listens on ${describeEnd(address, port)} is unknown here`
  return {
    ...{ rule, asked: describeEnd(packet.dst, port), other: `another port of the range ${from}-${end}`, isSure: true },
    fix: fix.map((one): Proposal => ({ ...one, unverified })),
    headline: 'DNAT of a range of ports to one port',
  }
}

/** The rule sends all services of the host to one port, and asks for none: the port that it was meant for is missing. */
function takenFromServices(context: Context): TakenFromOthers | undefined {
  const rule = destinationRule(context)
  if (!rule || !isNatStatement(rule.statement) || rule.statement.map) return undefined
  const { packet, hook } = context.evidence.arrivals[rule.step]!
  const [first, last] = rule.statement.ports ?? []
  if (packet.dport === undefined || first === undefined || first !== last || first === packet.dport) return undefined
  // a transparent proxy is meant to take all
  if (rule.statement.kind === 'redirect' || asksForService(context, rule.step)) return undefined
  const asked = describeEnd(packet.dst, packet.dport)
  return { rule, asked, other: 'another port', isSure: false, fix: spare(rule, packet, hook) }
}

/**
 * The rule sends every port of this host elsewhere as it is, and a program of this host listens on this one. Or it
 * intercepts what its own network asks of any resolver or clock, and the program is asked for that very service. Or nobody
 * listens where it sends the port to, or a proxy of this host has not answered.
 */
function takenFromHere(context: Context): TakenFromOthers | undefined {
  const rule = destinationRule(context)
  if (!rule || !isNatStatement(rule.statement) || rule.statement.map) return undefined
  const { packet, hook } = context.evidence.arrivals[rule.step]!
  const { host } = context.world
  const isOfService = asksForService(context, rule.step)
  if (!isOfService && rule.statement.ports) return undefined
  const last = lastPacket(context)
  const isToProxy = isLocal(last.dst, host) === true && last.dport !== packet.dport
  if (isLocal(packet.dst, host) !== true || !(isToProxy || isLocal(last.dst, host) === false)) return undefined
  const here = listener(host, packet)
  if (!here || (isOfService && HOLDS_PORT.test(here.process ?? ''))) return undefined
  const isAlone = here.process !== undefined && asksPortAlone(context, rule.step, here.address !== undefined)
  const isRefused = context.inVain === 'refused' && isAlone
  if (isOfService && !isRefused && !isToProxy && !intercepts(context, rule, packet)) return undefined
  const asked = describeEnd(packet.dst, packet.dport)
  const other = `where ${here.process ?? 'a program'} of this host listens`
  return { rule, asked, other, isSure: !isOfService || isRefused, fix: spare(rule, packet, hook) }
}

/** From a network of its own, whoever is asked: what comes from elsewhere is a forwarded port. */
const intercepts = (context: Context, { step }: Rewritten, { src, dport }: Packet): boolean =>
  isPrivate(src ?? '') && dport !== undefined && ASKED_OF_ANY.has(dport) && !isAskedByAddress(context, step)

/** Names, time, names over TLS. */
const ASKED_OF_ANY: ReadonlySet<number> = new Set([53, 123, 853])

/** Programs that keep a published port for a container: the rule is meant for what is for them. */
const HOLDS_PORT = /^(docker-proxy|kube-proxy|conmon|rootlessport|containerd|slirp4netns|pas(ta|st)|lxd|incusd)/

const spare = ({ ref }: Rewritten, packet: Packet, hook: Hook | undefined): Proposal[] =>
  propose(
    'do not rewrite the destination of such packets',
    acceptBefore(ref, packet, hook === undefined ? {} : { hook }),
    `${SKIPS_NAT}; a proxy or filter no longer sees them`,
  )

/** Does a rule that leads to step `i` ask for more than whose packet it is, and where it came from? */
const asksForService = (context: Context, i: number): boolean =>
  rulesTo(context, i).some((rule) => !rule?.conditions.every((one) => asksWhose(one) || leavesOutPorts(one)))

/** All but some ports are no service. */
const leavesOutPorts = (condition: Condition): boolean =>
  isMostPorts(condition) || (isNegated(condition) && / dport$/.test(fieldOf(condition) ?? ''))

/** The rule of step `i`, and those that led there; undefined: one that the ruleset does not have. */
const rulesTo = ({ evidence: { arrivals } }: Context, i: number): (Rule | undefined)[] =>
  Array.from(wayTo(arrivals, i), (at) => arrivals[at]!.rule)

function asksWhose(condition: Condition): boolean {
  switch (condition.kind) {
    case 'compare':
      return OF_ENDS.test(condition.field)
    case 'lookup':
      // of an ipset's parts, all but the first are ports as a rule
      return condition.nft ? condition.fields.every((one) => OF_ENDS.test(one)) : condition.fields.length === 1
    case 'not':
      return asksWhose(condition.of)
    case 'all':
    case 'any':
      return condition.of.every(asksWhose)
    default:
      return false
  }
}

const OF_ENDS =
  /^(meta (l4proto|nfproto|protocol|[io]if(name)?)|ip (saddr|daddr|protocol)|ip6 (saddr|daddr|nexthdr)|ct (state|status)|fib .*)$/

/** Does a rule that leads to step `i` ask what it is for? That some are left out says nothing of the others. */
const isAskedByAddress = (context: Context, i: number): boolean =>
  rulesTo(context, i).some((rule) => rule?.conditions.some((one) => namesDestination(one) && !isNegated(one)))

/**
 * Who forwards a port says whose it is: by the address, or where packets come in. That it is one of this host's
 * (`besidesLocal`) says too little where a program listens on the very address that was asked.
 */
const asksPortAlone = (context: Context, i: number, besidesLocal: boolean): boolean => {
  const asksMore = (one: Condition) => !OF_PORT.test(fieldOf(one) ?? '') && !(besidesLocal && asksDestinationType(one))
  return !rulesTo(context, i).some((rule) => rule?.conditions.some(asksMore))
}

const OF_PORT = /^(meta l4proto|\w+ dport)$/

/** Whoever is asked sees another source than the sender's, and may know the sender alone. */
export const snatInVain: Detector = {
  code: 'snat-changed-source',
  detect(context) {
    const rule = context.inVain ? sourceRule(context) : undefined
    if (!rule) return []
    const { packet: asked, hook } = context.evidence.arrivals[rule.step]!
    const { src, dst } = asked
    if (src === undefined || dst === undefined) return []
    // only of who comes from the internet to a private network is the rule likely to have meant somebody else
    const isHidden = context.inVain === 'refused'
    if (isHidden && (isPrivate(src) || !isPrivate(dst))) return []
    // sent back by where it came in, it needs this host's source: else its reply would go past nat
    const { in: from, out: back } = lastPacket(context)
    if (!isHidden && from !== undefined && from === back && hasNewDestination(context)) return []
    const { reply } = entryBegun(context.evidence, context.world) ?? {}
    const chosen = reply?.dst
    // masquerading gave it the address that it had already
    if (reply?.dst === src && reply.dport === asked.sport) return []
    const isOwn = rule.statement?.kind === 'masquerade'
    // this host chose one of its addresses there already
    const { out = '' } = lastPacket(context)
    const isItsOwn = context.journey.packet.in === undefined && hasAddress(context.world.host, out, src)
    const given = givenSource(rule.statement, src) ?? (chosen === src ? undefined : chosen)
    const sees = given ?? (isOwn ? (onlyAddressOf(out, context) ?? 'this host') : 'another one')
    const isKept = reply?.dport === undefined || reply.dport === asked.sport
    const port = isKept
      ? ''
      : `, and source port ${reply.dport} instead of ${asked.sport}${whoHas(reply, asked, context)}`
    const which = given === undefined ? '' : whichOf(context, given, isOwn)
    const meant = otherSource(context, rule, given)
    // whoever is asked sees nothing of what went elsewhere
    const isAstray =
      astray(lastPacket(context), context.world.host, undefined, context.journey.packet.dst) !== undefined
    const rewrote = isAstray ? ` to ${sees}` : `: ${dst} sees ${sees}${which} instead${port}`
    const message = `${nameRef(rule.ref)} rewrote its source ${src}${rewrote}.${meant ? ` ${meant.words}` : ''}${isHidden ? ` If ${dst} refuses that source, every client that this rule rewrites is refused.` : ''}`
    return [
      finding('snat-changed-source', meant && !meant.isUnsure ? 'warning' : 'note', message, {
        steps: [rule.step + 1],
        rules: [rule.ref, ...(meant?.rules ?? [])],
        fix: meant
          ? meant.fix
          : isHidden || isItsOwn || isRoutedThere(context, asked)
            ? propose(
                'do not rewrite the source of such packets',
                acceptBefore(rule.ref, asked, hook === undefined ? {} : { hook }),
                isItsOwn ? undefined : `${dst} must then send its replies through this host`,
              ).map(
                (one): Proposal => ({
                  ...one,
                  unverified: ACCEPTS_UNKNOWN,
                }),
              )
            : [],
      }),
    ]
  },
}

/** Replies to the port that was asked for would belong to another connection, whichever way that one went. */
function whoHas(reply: Tuple, { protocol, sport }: Packet, { world: { host } }: Context): string {
  const has = ({ src, dst, sport: from, dport: to }: Tuple) =>
    src === reply.src && dst === reply.dst && from === reply.sport && to === sport
  const user = host.conntrack?.find((one) => one.protocol === protocol && (has(one.original) || has(one.reply)))
  if (!user) return ''
  const { original } = user
  return `, which the connection of ${describeEnd(original.src, original.sport)} to ${describeEnd(original.dst, original.dport)} has`
}

/** What masquerading takes where the way out has one address, and no entry is listed (inet_select_addr, net/ipv4/devinet.c). */
function onlyAddressOf(out: string, { journey, world }: Context): string | undefined {
  const { addresses = [] } = linkNamed(world.host, out) ?? {}
  const [first, ...more] = addresses.filter(
    ({ family, scope = 'global' }) => family === journey.family && scope === 'global',
  )
  return more.length === 0 ? first?.address : undefined
}

/** Where the way out has several addresses, masquerading (`isOwn`) takes the first: the far side may expect another one. */
function whichOf({ journey, world }: Context, given: string, isOwn: boolean): string {
  if (isDeprecated(given, world.host)) return ', a deprecated address of this host,'
  if (!isOwn) return ''
  const link = world.host.links?.find(({ addresses = [] }) => addresses.some(({ address }) => address === given))
  const { addresses = [] } = link ?? {}
  const all = addresses.filter(({ family }) => family === journey.family)
  const usable = all.filter(({ scope = 'global' }) => scope === 'global')
  if (!link || usable.length < 2) return ''
  const place = usable[0]!.address === given ? 'the first' : 'one'
  const kind = usable.length < all.length ? 'global addresses' : 'addresses'
  return `, ${place} of the ${usable.length} ${kind} of ${link.name},`
}

/** Between private networks of this host's guests, or by a route of their own, as through a tunnel: there masquerading is rarely meant. */
function isRoutedThere({ world }: Context, { src = '', dst = '', ...packet }: Packet): boolean {
  if (!isPrivate(src) || !isPrivate(dst) || isLocal(src, world.host) !== false) return false
  const [from, to] = [src, dst].map((one) => homeOf(one, world.host)?.link)
  // guests of two networks have this host for their router
  if (to) return from !== to && to.kind === 'bridge' && isOfGuests(to, world.host) && isOfGuests(from, world.host)
  const question = questionOf({ ...packet, src, dst })
  const route = question && lookupRoute(question, world.host)
  return route?.type === 'unicast' && prefixLength(route.destination) > WIDE
}
