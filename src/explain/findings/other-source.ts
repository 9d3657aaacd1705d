/** Nobody replied to the source that nat gave: another rule, or the route, says which one was meant. */
import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { hasAddress, isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { acceptBefore, changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Doing } from '../changes/rule-changes.ts'
import { type Context, lastPacket } from '../context.ts'
import {
  asks,
  fieldOf,
  isExact,
  isNegated,
  isParticular,
  namesDestination,
} from '../counterfactual/failed-condition.ts'
import { rewrites, sparedIn } from '../counterfactual/goals.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { packetRouted } from '../counterfactual/marked-way.ts'
import { markAsked } from '../counterfactual/marks.ts'
import { findNearMisses, type NearMiss } from '../counterfactual/near-misses.ts'
import { givenSource, type Rewritten, SOURCE, sourceRule } from '../counterfactual/rewritten.ts'
import { passAt, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { isPrivate, isPublic } from '../counterfactual/undeliverable.ts'
import { hadItNotMatched, hadItReturned } from '../counterfactual/what-if.ts'
import { hasDefaultRoute, isDefault, routeWords } from '../host/routes.ts'
import { nameBeside, nameRef, refAt, refOf } from '../refs.ts'
import { entryBegun } from '../reply/request-reply.ts'
import { addressesOf } from './own-source.ts'

export interface OtherSource {
  words: string
  rules: readonly RuleRef[]
  fix: Proposal[]
  /** Both rules name the same packets: the one behind may be left over. */
  isUnsure?: true
}

/** `given`: what the rule gave it, where that is known. */
export const otherSource = (context: Context, rule: Rewritten, given: string | undefined): OtherSource | undefined =>
  ofLaterRule(context, rule, given) ??
  ofLaterException(context, rule) ??
  ofRoute(context, rule, given) ??
  ofNoOwn(context, rule, given) ??
  ofException(context, rule)

/** A rule for this very host or service comes behind the one that took the packet first. */
function ofLaterRule(
  context: Context,
  { ref, step, statement }: Rewritten,
  given: string | undefined,
): OtherSource | undefined {
  const { arrivals } = context.evidence
  const { table, packet } = arrivals[step]!
  // its own chain may masquerade all that is left
  const ways = [hadItNotMatched(context, step), hadItReturned(context, step)]
  const behind = ways.find((then) => then && rewrites(SOURCE)(then) && givenBy(then, packet) !== undefined)
  const later = behind?.last
  const to = behind && givenBy(behind, packet)
  // what masquerading took, only conntrack's entry says
  if (!behind || !later || !table || given === undefined || to === undefined || to === given) return undefined
  const way = [...wayTo(arrivals, step)]
  const first = way.flatMap((i) => arrivals[i]!.rule ?? [])
  const second = [...behind.matched, later].map((one) => one.rule)
  // who names a host or service that the later rule does not name means an exception from that
  const [exact, exacts] = [first, second].map((some) => endsNamed(some, isExact))
  const isNarrower = exacts!.size > exact!.size && includesAll(exacts!, exact!)
  // what a program masquerades, somebody gives an address of this host, for the same network
  const isSame = statement?.kind === 'masquerade' && isLocal(to, context.world.host) === true
  const [asked, own] = [first, second].map((some) => endsNamed(some, isParticular))
  if (!isNarrower && !(isSame && own!.size > 0 && includesAll(own!, asked!))) return undefined
  const other = refOf(context, table.name, later.chain, later.rule)
  const at = way.find((i) => arrivals[i]!.chain === later.chain)
  const spot = at === undefined ? undefined : refAt(context, at)
  return {
    words: `The packet never reached ${nameBeside(other, ref)}, which would have given it ${to}.`,
    rules: [other],
    ...(isNarrower ? {} : { isUnsure: true }),
    fix: spot
      ? propose(
          `add a copy of ${nameRef(other)} before ${nameBeside(spot, other)}`,
          changesOf(spot).copy(other, { chain: spot.chain, before: spot }),
        )
      : inFront(ref, packet, to, { kind: 'like', rule: later.rule }),
  }
}

/** A rule that leaves alone what goes there, or what another rule has marked for it, comes behind the one that took the packet first. */
function ofLaterException(context: Context, { ref, step }: Rewritten): OtherSource | undefined {
  const { arrivals } = context.evidence
  const { table, packet, hook } = arrivals[step]!
  const behind = context.inVain === 'unanswered' ? hadItNotMatched(context, step) : undefined
  const later = behind?.last ?? behind?.matched.at(-1)
  if (!behind || !table || !later || !/^(accept|return)$/.test(verdictOf(later.rule).text)) return undefined
  if ((behind.ending !== 'accept' && behind.ending !== 'policy') || rewrites(SOURCE)(behind)) return undefined
  const way = [...wayTo(arrivals, step)]
  // who names where it goes means to rewrite just that
  if (!asksWhereTo(later.rule) || way.some((i) => arrivals[i]!.rule && asksWhereTo(arrivals[i]!.rule!)))
    return undefined
  const exception = refOf(context, table.name, later.chain, later.rule)
  const at = way.find((i) => arrivals[i]!.chain === later.chain)
  const spot = at === undefined ? undefined : refAt(context, at)
  const proposed = spot
    ? propose(
        `add a copy of ${nameRef(exception)} before ${nameBeside(spot, exception)}`,
        changesOf(spot).copy(exception, { chain: spot.chain, before: spot }),
      )
    : propose(
        'do not rewrite the source of such packets',
        acceptBefore(ref, packet, hook === undefined ? {} : { hook }),
      )
  return {
    words: `The packet never reached ${nameBeside(exception, ref)}, which would have left its source as it was.`,
    rules: [exception],
    isUnsure: true,
    fix: proposed.map((one): Proposal => ({ ...one, unverified: ACCEPTS_UNKNOWN })),
  }
}

/** By an address, a set of them, or a mark; that it is none of some is no answer. */
const asksWhereTo = ({ conditions }: Rule): boolean =>
  conditions.some((one) => !isNegated(one) && (namesDestination(one) || (isParticular(one) && markAsked(one))))

export const ACCEPTS_UNKNOWN = 'whether the other side accepts the original source is unknown'

/** The one source that the rule in which a walk ends gives. */
const givenBy = ({ last }: Walk, { src }: Packet): string | undefined =>
  givenSource(
    last?.rule.statements.find(({ kind }) => SOURCE.includes(kind)),
    src,
  )

const OF_ENDS = /(saddr|daddr|sport|dport)$/

/** The hosts and services that rules ask for. */
const endsNamed = (rules: readonly Rule[], isNamed: (one: Condition) => boolean): ReadonlySet<string> =>
  new Set(
    rules
      .flatMap(({ conditions }) => conditions)
      .filter((one) => OF_ENDS.test(fieldOf(one) ?? '') && isNamed(one) && !isNegated(one))
      .map(conditionText),
  )

const includesAll = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...others].every((one) => some.has(one))

/** A rule in front spares the very service, and failed in one condition: it holds of what was asked, before a rule of nat changed the destination. */
function ofException(context: Context, { ref, step }: Rewritten): OtherSource | undefined {
  const { packet, hook } = context.evidence.arrivals[step]!
  const pass = passAt(context, step)
  const near = pass && context.inVain === 'unanswered' ? findNearMisses(context, sparedIn(pass)) : []
  const { dst, dport } = context.journey.packet
  const isOfAsked = ({ miss, moment }: NearMiss) =>
    dst !== undefined &&
    dst !== moment.packet.dst &&
    evaluate(miss.condition, {
      ...moment,
      packet: { ...moment.packet, dst, ...(dport === undefined ? {} : { dport }) },
    }) === true
  const missed = near.find(
    (one) => one.likely && !OF_ENDS.test(fieldOf(one.miss.condition) ?? '') && namesService(one) && isOfAsked(one),
  )
  if (!missed) return undefined
  const exception = refOfSkipped(context, missed)
  return {
    words: `Before it, ${nameBeside(exception, ref)} would have left its source as it was, but only matches ${asks(missed.miss)}.`,
    rules: [exception],
    fix: propose(
      'do not rewrite the source of such packets',
      acceptBefore(ref, packet, hook === undefined ? {} : { hook }),
      `or make ${nameRef(exception)} match them`,
    ),
  }
}

/** Besides what it missed: what spares all of a network is for others, too. */
const namesService = ({ rule, miss }: NearMiss): boolean =>
  rule.conditions.some((one) => {
    const asked = lookupOf(one)?.fields ?? (isExact(one) ? [fieldOf(one) ?? ''] : [])
    return one !== miss.condition && !isNegated(one) && asked.some((field) => / d(addr|port)$/.test(field))
  })

/** Masquerading takes the address of the link (inet_select_addr, ipv6_dev_get_saddr), whatever source the route has. */
function ofRoute(
  context: Context,
  { ref, step, statement }: Rewritten,
  given: string | undefined,
): OtherSource | undefined {
  const { host } = context.world
  const question = questionOf(lastPacket(context))
  if (statement?.kind !== 'masquerade' || !question || given === undefined) return undefined
  const route = lookupRoute(question, host)
  const source = route?.source
  if (!route || source === undefined || source === given || isLocal(source, host) !== true) return undefined
  return {
    words: `${routeWords(route).replace(/^t/, 'T')} has source ${source}, which packets of this host itself get. Masquerading does not use it.`,
    rules: [],
    fix: inFront(ref, context.evidence.arrivals[step]!.packet, source, { kind: 'snat', to: source }),
  }
}

/** What nobody beyond the way out need have a route to; what this host sends had a source that was chosen for it. */
function ofNoOwn(context: Context, rule: Rewritten, given: string | undefined): OtherSource | undefined {
  const link = linkTaken(context, rule, given)
  if (link === undefined || context.inVain !== 'unanswered') return undefined
  const { journey, world, evidence } = context
  const { packet, hook } = evidence.arrivals[rule.step]!
  const { src } = packet
  const { out } = lastPacket(context)
  // the whole world knows no way back to a private one
  const isLost = isPrivate(src ?? '') && isPublic(packet.dst ?? '') && leavesByDefault(context)
  const isOwn = journey.packet.in === undefined && src !== undefined && isLocal(src, world.host) === true
  const chosen = isOwn ? ` This host itself had chosen ${src}.` : ''
  return {
    words: `${out} has no address that is used beyond its link, so masquerading took one of ${link}. The hosts behind ${out} may have no route back to it.${chosen}`,
    rules: [],
    fix:
      isOwn && !isLost
        ? propose(
            'do not rewrite the source of such packets',
            acceptBefore(rule.ref, packet, hook === undefined ? {} : { hook }),
          )
        : [],
  }
}

/** The way out has no address, as a tunnel may have none: masquerading takes one of another link (inet_select_addr), which this names. */
function linkTaken(context: Context, { statement }: Rewritten, given: string | undefined): string | undefined {
  const { host } = context.world
  const { family } = context.journey
  const out = lastPacket(context).out ?? ''
  if (statement?.kind !== 'masquerade' || given === undefined || out === 'lo') return undefined
  if (!linkNamed(host, out) || (family !== 'ip' && family !== 'ip6') || addressesOf(out, host, family).length > 0)
    return undefined
  const taken = host.links?.find(({ name }) => name !== out && hasAddress(host, name, given))?.name
  return taken !== undefined && isUplinksOwn(context, taken, given) ? undefined : taken
}

/** An uplink without an address, whose public one is on lo or a dummy: the whole world has a route to that. */
function isUplinksOwn(context: Context, taken: string, given: string): boolean {
  const { host } = context.world
  return isPublic(given) && leavesByDefault(context) && !hasDefaultRoute(host.routes ?? [], taken)
}

function leavesByDefault(context: Context): boolean {
  const question = questionOf(packetRouted(context))
  const route = question && lookupRoute(question, context.world.host)
  return !!route && isDefault(route)
}

/** Has masquerading given it an address of another link, as connection tracking's entry says? */
export function hasForeignSource(context: Context): boolean {
  const rule = sourceRule(context)
  const given = rule && entryBegun(context.evidence, context.world)?.reply.dst
  return rule !== undefined && linkTaken(context, rule, given) !== undefined
}

const inFront = (ref: RuleRef, packet: Packet, source: string, doing: Doing): Proposal[] =>
  propose(
    `rewrite the source of such packets to ${source} before ${nameRef(ref)}`,
    changesOf(ref).add(ref, { chain: ref.chain, before: ref }, { kind: 'source', packet, to: true }, doing),
    'affects only this source and destination',
  )
