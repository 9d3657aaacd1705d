/**
 * The rules that would have taken the packet where it was to go, had one thing of them been otherwise; the likeliest
 * mistake first. A rule that has never matched any packet is likelier wrong than one that others use, and a word is
 * likelier mistaken for one that is like it.
 */
import type { Condition } from '../../model/condition.ts'
import type { Host } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import type { Context } from '../context.ts'
import { isAnswer } from '../reply/request-reply.ts'
import { asksOtherAddress, asksPortless, distanceOf, isAddressOrPort, isAllBut, isNear, wantedBy } from './distance.ts'
import {
  asksMissingSide,
  type FailedCondition,
  fieldOf,
  holdsButForProtocol,
  interfaceHeld,
  isAnyPort,
  isExact,
  isForClients,
  isForLater,
  isListed,
  isLookup,
  isNegated,
  isParticular,
  isRate,
  matchesNothing,
  onlyFailed,
} from './failed-condition.ts'
import { foreignWildcard } from './foreign-wildcard.ts'
import { type Goal, keepsEnd } from './goals.ts'
import { isForTwin } from './icmp-twin.ts'
import { isNumberedAlike, looksLike, lookupOf, slip, supposed } from './map-keys.ts'
import { markedThere } from './mark-behind.ts'
import { isOtherEnd } from './other-end.ts'
import { hasOwnTwin } from './own-twin.ts'
import { sendsToPaired } from './paired-host.ts'
import { asksPeerNetwork } from './peer-network.ts'
import { isNat, type SkippedRule, skippedRules } from './skipped-rules.ts'

export interface NearMiss extends SkippedRule {
  miss: FailedCondition
  /** Where the packet would have gone then. */
  then: Walk
  /** What the rule's map would have to give, where that is clear. */
  gives?: string
  /** The rule has matched packets; undefined: its counters are not known. */
  used: boolean | undefined
  /** The rule names what the packet is for, or nearly: it was likely meant for it, and is mistaken. */
  likely: boolean
  /**
   * It asks for an interface that is not there, by its number, by a name like the packet's or by the other tool's wildcard, or for the unspecified
   * address: as it is, it matches nothing.
   */
  isGone: boolean
  /** It has matched nothing, and fails by one word to let in replies, as this packet is; or it lacks ESTABLISHED. */
  isForReplies: boolean
  /** How far it is from certain that this was meant; 0 is the nearest. */
  doubt: number
}

/** Several findings ask, and chains may have thousands of rules. */
const known = memo((context: Context) => memo((goal: Goal) => findNearMisses(context, goal)))

/** Nearest first; in the goal's table alone. */
export const nearMisses = (context: Context, goal: Goal): readonly NearMiss[] => known(context)(goal)

/** Where chains have thousands of rules, thousands fail in one condition; what is far behind is nobody's mistake. */
const MOST_TRIED = 200

/** The same among rules that the packet would have been held against. */
export function findNearMisses(
  context: Context,
  goal: Goal,
  rules: Iterable<SkippedRule> = skippedRules(context, goal.pass),
): NearMiss[] {
  const found: NearMiss[] = []
  for (const { passed, miss, doubt } of candidates(context, goal, rules)) {
    const would = supposed(context, goal, passed, miss.condition)
    if (!would || hasOwnTwin(passed, miss)) continue
    const { then } = would
    if (goal.kind === 'destination' && keepsEnd(then, passed.moment)) continue
    const isGone = asksNone(context, passed, miss)
    if (goal.kind === 'exempt' && !isGone) continue
    const hasKey = goal.kind !== 'pass' && hasKeyFor(passed, miss)
    const used = isUsed(context, passed.rule)
    const lets = used !== true && letsInReplies(passed, miss)
    const lacksWord = lets && lacksEstablished(passed, miss)
    const likely = isGone || hasKey || lacksWord || isLikely(context, passed, miss, then)
    // what may serve others is wrong for certain only where it lacks a word
    const isForReplies = lacksWord || (lets && used === false)
    if (
      !(goal.kind === 'pass'
        ? likely || choosesSuch(context, passed, miss, then)
        : isForNat(goal, passed, miss, then, likely, used))
    )
      continue
    found.push({
      ...{ ...passed, miss, ...would, used, likely, isGone, isForReplies },
      doubt: isGone || isForReplies ? 0 : doubt + (likely ? 0 : 0.5),
    })
  }
  // where a rule names the very service, none is meant that only has a port like it
  const isPort = ({ miss }: NearMiss) => / dport$/.test(fieldOf(miss.condition) ?? '')
  const isMeant = found.some(
    (one) =>
      (one.used !== true && names([one.rule], one.miss, one.moment, / dport$/)) ||
      (isPort(one) && isAllBut(one.miss, one.moment.packet)),
  )
  const isLike = (one: NearMiss) => isPort(one) && !isNegated(one.miss.condition)
  // a first packet is what the service's other rule is for, which failed for something else
  const isLater = ({ miss }: NearMiss) => fieldOf(miss.condition) === 'ct state'
  const isBeginning = found.some((one) => one.likely && !isLater(one) && asksNew(one))
  // what is for the other version of IP is the nearest only where nothing else is
  const isForeign = ({ rule, moment }: NearMiss) => rule.conditions.some((one) => asksOtherAddress(one, moment.packet))
  const isHome = found.some((one) => !isForeign(one))
  return found
    .filter((one) => !(isMeant && isLike(one)) && !(isBeginning && isLater(one)) && !(isHome && isForeign(one)))
    .sort((a, b) => a.doubt - b.doubt)
}

const asksNew = ({ rule, moment }: NearMiss): boolean =>
  moment.packet.ctState === 'new' && rule.conditions.some((one) => fieldOf(one) === 'ct state')

/**
 * What is sure enough to look for it behind another fault: many a service has a port that is written like another one's,
 * unless nothing has ever asked for that.
 */
export function isSureOf({ rule, likely, miss: { condition }, used, moment }: NearMiss): boolean {
  // it is for the very service, and another source
  if (/ saddr$/.test(fieldOf(condition) ?? '') && names([rule], { condition, settled: false }, moment, / dport$/))
    return true
  if (!likely || !/ dport$/.test(fieldOf(condition) ?? '') || isAllBut({ condition }, moment.packet)) return likely
  const [asked] = wantedBy(condition)
  return used === false && !isNumberedAlike(`${asked}`, `${moment.packet.dport}`)
}

interface Candidate {
  passed: SkippedRule
  miss: FailedCondition
  doubt: number
}

/** Rules that failed in one condition, the nearest first. */
function candidates(context: Context, { sure, exceptions }: Goal, rules: Iterable<SkippedRule>): Candidate[] {
  const found: Candidate[] = []
  const isReply = isAnswer(context.journey.packet, context.world)
  for (const one of rules) {
    // nft's trace shows no marks
    const passed = one.rule.conditions.some(asksMark) ? markedThere(context, one) : one
    const { rule, moment } = passed
    // where nothing tells that it is needed, a rule that does its work for others is not worth a word
    const isOthers = isUsed(context, rule) !== false && !sure
    if (isOthers && !exceptions) continue
    // a rule that only counts or marks leads nowhere
    if (verdictOf(rule).ending === 'continue') continue
    const miss = onlyFailed(rule, moment)
    if (miss && asksPortless(miss.condition, moment.packet)) continue
    if (isOthers && !(miss && (sparesDestination(miss) || fieldOf(miss.condition) === 'meta mark'))) continue
    const asked = lookupOf(miss?.condition)?.fields ?? [miss && fieldOf(miss.condition)]
    // an answer goes to the port that was asked from, so a rule for a service's was not meant for it; of UDP who wrote it may
    // have taken one end for the other
    const isForService = asked.some((field) => / dport$/.test(field ?? '')) && !(miss && isForClients(miss.condition))
    if (miss && !(isReply && isForService && !(moment.packet.protocol === 'udp' && isOtherEnd(miss, moment.packet))))
      found.push({ passed, miss, doubt: doubtOf(context, passed, miss) })
  }
  // of equals the later one: it stands nearer to where the packet ended
  return found
    .reverse()
    .sort((a, b) => a.doubt - b.doubt)
    .slice(0, MOST_TRIED)
}

const asksMark = (condition: Condition): boolean => fieldOf(condition) === 'meta mark'

/** For all destinations but some. */
function sparesDestination({ condition }: FailedCondition): boolean {
  const lookup = lookupOf(condition)
  const asked = lookup?.fields ?? [fieldOf(condition)]
  return isNegated(condition) !== (lookup?.differs === true) && asked.every((one) => /^dst$| daddr$/.test(one ?? ''))
}

/** Does it match packets? What it counted while its interface was there is no use any more. Undefined: its counters are not known. */
const isUsed = ({ world }: Context, { counters, conditions }: Rule): boolean | undefined =>
  conditions.some((one) => matchesNothing(one, world.host)) ? false : counters && counters.packets > 0

/** An interface that this host does not have; by a name that is a letter away from the packet's, it was to be that one. */
const asksNone = (context: Context, { rule, chain, moment }: SkippedRule, { condition }: FailedCondition): boolean =>
  matchesNothing(condition, context.world.host) ||
  // other hooks may lead to a chain of one's own
  (chain.hook !== undefined && asksMissingSide(condition, moment.hook)) ||
  foreignWildcard(condition, moment.packet, context.world.host) !== undefined ||
  (!isUsed(context, rule) && misnamedInterface(condition, moment.packet, context.world.host))

function misnamedInterface(condition: Condition, packet: Packet, { links }: Host): boolean {
  if (!links || condition.kind !== 'compare' || condition.op !== '==') return false
  const held = interfaceHeld(condition.field, packet)
  if (held === undefined || !links.some(({ name }) => name === held)) return false
  return wantedBy(condition).some(
    (asked) => looksLike(String(asked), held) && !links.some(({ name }) => name === asked),
  )
}

/** How far it is from certain that the rule was meant for the packet. */
export function doubtOf(context: Context, { rule, moment, pass }: SkippedRule, miss: FailedCondition): number {
  // what nat leaves out alone, it has its rule for elsewhere
  const used = isNat(pass) && isAllBut(miss, moment.packet) ? false : isUsed(context, rule)
  // a set has members come and go while the rule is in use
  // the packet's very service is nearer than one that is written like it
  const isNamed =
    /^meta ([io]ifname|l4proto|nfproto|protocol)$/.test(fieldOf(miss.condition) ?? '') &&
    names([rule], miss, moment, / dport$/)
  // what is meant for a message is used by the other version's packets
  if (isForTwin(rule, miss.condition, moment)) return 0.1
  // the trace shows that nothing else kept the rule for this service from matching
  const isSettled = miss.settled === true && names([rule], miss, moment, / dport$/)
  return (
    (isSettled ? 0.1 : isNamed ? 0.15 : distanceOf(miss, moment.packet)) +
    (used === false || isLookup(miss) ? 0 : used ? 2 : 1)
  )
}

/**
 * Does the rule, or one behind it, name the packet's host or service, and fail for something else; or is what it names
 * a slip of the pen away?
 */
function isLikely(context: Context, passed: SkippedRule, miss: FailedCondition, { matched }: Walk): boolean {
  const { rule, moment } = passed
  if (isLookup(miss) && !isListed(miss)) return true
  if (isForTwin(rule, miss.condition, moment)) return true
  // who led the packet to a chain of nat's has chosen it; elsewhere a whole protocol would be let in
  const isProtocol = fieldOf(miss.condition) === 'meta l4proto'
  const asksNoMore = rule.conditions.every((one) => one === miss.condition || isAnyPort(one))
  if (isProtocol && isNat(passed.pass) && passed.chain.hook === undefined && asksNoMore) return true
  // what lets later packets of any connection go on is no rule for the first one, whatever is behind it
  if (fieldOf(miss.condition) === 'ct state') return names([rule], miss, moment)
  const lookup = lookupOf(miss.condition)
  if (lookup && slip(context, lookup, moment)) return true
  if (!isAddressOrPort(miss.condition)) return names([rule, ...matched.map((visit) => visit.rule)], miss, moment)
  if (isNear(miss, moment.packet)) return true
  // who asks for the very service comes from whatever port was free
  if (/ sport$/.test(fieldOf(miss.condition) ?? '') && !rule.conditions.some(asksClients))
    return names([rule, ...matched.map((visit) => visit.rule)], miss, moment, / dport$/)
  if (isOfPair(context, passed, miss)) return true
  // where there is no route to, a rule that nothing has met may have been to lead
  const isLost = context.journey.outcome === 'vanished' && / daddr$/.test(fieldOf(miss.condition) ?? '')
  if (isLost && isUsed(context, rule) === false) return names([rule], miss, moment, / dport$/)
  const isPort = / dport$/.test(fieldOf(miss.condition) ?? '')
  const isForeign = isLocal(moment.packet.dst, context.world.host) === false
  // most forward a port to the same one; what is for another host is not what a rule without a destination waits for
  if (isPort && isNat(passed.pass) && sendsToPort(rule) === moment.packet.dport && !isForeign) return true
  // of an address that is not this host's own, few services are known here
  return isPort && names([rule], miss, moment, / daddr$/) && isForeign
}

const letsInReplies = ({ rule, moment }: SkippedRule, miss: FailedCondition): boolean =>
  moment.packet.ctState === 'established' &&
  rule.conditions.some(
    (one) => fieldOf(one) === 'ct state' && !isNegated(one) && (one === miss.condition || asksLaterAlone(one)),
  )

/** It accepts RELATED, and no other rule of the chain ESTABLISHED: who writes a rule for each means it so. */
const lacksEstablished = ({ rule, chain }: SkippedRule, { condition }: FailedCondition): boolean =>
  fieldOf(condition) === 'ct state' &&
  wantedBy(condition).includes('related') &&
  !chain.rules.some(
    (other) =>
      other !== rule &&
      verdictOf(other).ending === 'accept' &&
      other.conditions.some((one) => fieldOf(one) === 'ct state' && wantedBy(one).includes('established')),
  )

const asksLaterAlone = (condition: Condition): boolean =>
  wantedBy(condition).every((one) => one === 'related' || one === 'established' || one === 'invalid')

/** The ports of those who asked: such a rule is for replies. */
const asksClients = (one: Condition): boolean => / dport$/.test(fieldOf(one) ?? '') && isForClients(one)

/** It sends to the very host that other rules of nat pair with the packet's destination, and asks for another one. */
export const isOfPair = ({ world }: Context, { rule, moment }: SkippedRule, { condition }: FailedCondition): boolean =>
  / daddr$/.test(fieldOf(condition) ?? '') && sendsToPaired(world, rule, moment.packet.dst)

/** The port that nat's rule names for the destination. */
function sendsToPort({ statements }: Rule): number | undefined {
  for (const one of statements) if (one.kind === 'dnat' && one.ports?.[0] === one.ports?.[1]) return one.ports?.[0]
  return undefined
}

/** Has the rule's own map an element for the packet's service? */
const hasKeyFor = ({ rule, moment }: SkippedRule, { condition }: FailedCondition): boolean =>
  rule.conditions.some(
    (one) =>
      one !== condition &&
      one.kind === 'lookup' &&
      one.fields.some((field) => / dport$/.test(field)) &&
      evaluate(one, moment) === true,
  )

/** Do the rules ask for the packet's very host or service, besides what is missed? */
const names = (rules: readonly Rule[], { condition }: FailedCondition, moment: EvalContext, field = /./): boolean =>
  rules.some(({ conditions }) =>
    conditions.some(
      (one) => one !== condition && isExact(one) && namesField(one, field) && holdsButForProtocol(one, moment),
    ),
  )

/** Of a set, what names a host or service. */
function namesField(condition: Condition, field: RegExp): boolean {
  const asked = lookupOf(condition)?.fields.filter((one) => / (dport|daddr)$/.test(one))
  return (asked ?? [fieldOf(condition) ?? '']).some((one) => field.test(one))
}

/**
 * Has the rule anything else that chose the packet, or spares it? What is let in for its state or its interface alone
 * are answers, or the host's own.
 */
function choosesSuch(
  { world }: Context,
  { rule, chain, moment }: SkippedRule,
  { condition, settled }: FailedCondition,
  { matched }: Walk,
): boolean {
  const { ctState = 'new', ctStatus = [] } = moment.packet
  // what lets rewritten packets pass is for all of them
  if (fieldOf(condition) === 'ct status' && (ctStatus.length > 0 || asksRewritten(condition)))
    return ctStatus.length > 0
  const device = /^meta [io]ifname$/.test(fieldOf(condition) ?? '')
  // also where the interface has only a number
  if (device && wantedBy(condition)[0] === 'lo') return false
  if (fieldOf(condition) === 'ct state' ? ctState !== 'new' && !isForLater(condition, moment) : settled) return true
  if (fieldOf(condition) === 'meta l4proto' && /^icmp/.test(moment.packet.protocol ?? ''))
    return wantedBy(condition).some((one) => /icmp/.test(String(one)))
  if (isNegated(condition) && /^ip6? [sd]addr$/.test(fieldOf(condition) ?? '')) return true
  // who led the packet to the chain has chosen it
  if (device && chain.hook === undefined) return true
  if (device && ctState === 'new' && asksPeerNetwork(condition, moment.packet, world.host)) return true
  const others = [
    ...rule.conditions.filter((one) => one !== condition),
    ...matched.flatMap((one) => one.rule.conditions),
  ]
  // who lets in ICMP, whoever sends it, means no other protocol
  const isOfErrors = fieldOf(condition) === 'meta l4proto' && wantedBy(condition).every((one) => /icmp/.test(`${one}`))
  const choosing = isOfErrors ? others.filter((one) => !isRate(one) && !ANYBODYS.test(fieldOf(one) ?? '')) : others
  return isParticular(condition) || choosing.some((one) => fieldOf(one) !== 'meta l4proto' || isOwnService(one))
}

const ANYBODYS = /^(ct state|meta ([io]if(name)?|nfproto|protocol))$/

const asksRewritten = (condition: Condition): boolean =>
  wantedBy(condition).some((one) => one === 'snat' || one === 'dnat')

/** ICMP, ESP, GRE … are what they are for; TCP and UDP say nothing. */
const isOwnService = (condition: FailedCondition['condition']): boolean =>
  condition.kind === 'compare' && condition.op === '==' && !/^(tcp|udp|6|17)$/.test(String(condition.value))

/** nat has rules for many; another one's are not this packet's, nor is one that others use. */
function isForNat(
  { kind, sure }: Goal,
  { rule, moment }: SkippedRule,
  miss: FailedCondition,
  { matched }: Walk,
  likely: boolean,
  used: boolean | undefined,
): boolean {
  if (kind === 'source') return true
  if (kind === 'spare') return used !== true
  // what is for the uplink is for everybody
  if (kind === 'way-back') return names([rule], miss, moment, / d(addr|port)$/)
  // what is forwarded for the uplink alone is asked for from within, too
  if (sure && fieldOf(miss.condition) === 'meta iifname') return likely
  if (used && !isLookup(miss) && !isAllBut(miss, moment.packet)) return false
  if (isListed(miss)) return sure
  const field = fieldOf(miss.condition) ?? ''
  if (!/addr$/.test(field)) return likely
  // what nothing has ever met may be for another destination than it says; a jump leads to who asks for the very service
  const rules = [rule, ...matched.map((visit) => visit.rule)]
  return sure && (likely || ((/ saddr$/.test(field) || used === false) && names(rules, miss, moment, / dport$/)))
}
