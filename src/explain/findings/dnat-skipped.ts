import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Rule } from '../../model/ruleset.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isForNobody } from '../../rules/sockets.ts'
import { isUnknown } from '../../rules/truth.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket, momentAt } from '../context.ts'
import { asks, fieldOf, isExact, isParticular, namesDestination } from '../counterfactual/failed-condition.ts'
import { destinationIn, type Goal, goals, isForPlace, rewrites } from '../counterfactual/goals.ts'
import { findNearMisses, isSureOf, type NearMiss } from '../counterfactual/near-misses.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { leadsToPlace } from '../counterfactual/said-place.ts'
import { passAt, positionsBelow, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { isHairpin, isOnlyByDefault } from '../counterfactual/undeliverable.ts'
import { hadItNotMatched, hadItReturned, rulesFrom } from '../counterfactual/what-if.ts'
import { takenByProxy } from '../host/proxy-socket.ts'
import { isNft, nameBeside, nameRef, refAt, refOf } from '../refs.ts'
import { numberedRef, withoutRule } from './verdicts.ts'

/** A rule ended the nat table, or left a chain of it, in front of the DNAT rule that is meant for such packets. */
export const dnatSkipped: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    return goals(context)
      .filter(({ kind }) => kind === 'destination')
      .flatMap((goal) =>
        goal.pass.steps.flatMap((i) => {
          const told = tell(context, i, goal.sure || isMadeUp(context, goal))
          return told.length > 0 ? told : nearBehind(context, i, goal)
        }),
      )
  },
}

/** nat asks for the very address that it is for, and it went on to where nobody has that. */
const isMadeUp = (context: Context, { pass }: Goal): boolean =>
  isOnlyByDefault(lastPacket(context), context.world.host) &&
  pass.steps.some((i) =>
    context.evidence.arrivals[i]!.rule?.conditions.some((one) => / daddr$/.test(fieldOf(one) ?? '') && isExact(one)),
  )

/** An earlier DNAT rule took it elsewhere. */
export const dnatShadowed: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    const { arrivals } = context.evidence
    const i = arrivals.findIndex(
      ({ rule, ending }) => ending === 'accept' && rule && DESTINATION.includes(verdictOf(rule).text),
    )
    const { outcome } = context.journey
    const end = context.ended.step
    // what comes of it behind the last chain that there is, is known all the same
    if (i < 0 || end < i || (end === i && outcome === 'undetermined') || isByChance(context, i)) return []
    const told = tell(context, i, isStopped(outcome) || isHairpin(context))
    const pass = told.length > 0 ? undefined : passAt(context, i)
    return pass && getsNowhere(context) ? nearBehind(context, i, destinationIn(pass, true)) : told
  },
}

/** It gets nowhere from there. */
function getsNowhere(context: Context): boolean {
  const { outcome } = context.journey
  if (outcome !== 'delivered') return isStopped(outcome)
  // a proxy takes what is for anybody
  return takenByProxy(context) === undefined && isForNobody(context.world.host, lastPacket(context))
}

function tell(context: Context, i: number, sure: boolean): Detected[] {
  const { rule, ending, table } = context.evidence.arrivals[i]!
  if (!rule || !table || (ending !== 'accept' && ending !== 'return')) return []
  const isRewriting = DESTINATION.includes(verdictOf(rule).text)
  // what comes next in its own chain it is an exception from; what another chain has it was not to keep from the packet
  const returned = isRewriting ? undefined : hadItReturned(context, i)
  const isLeft = returned !== undefined && rewrites(DESTINATION)(returned)
  const onwards = isLeft ? returned : hadItNotMatched(context, i)
  const comes = onwards !== undefined && isForPlace(onwards)
  const missed = comes ? onwards.matched.find((visit) => leadsToPlace(visit.rule)) : onwards?.last
  const culprit = refAt(context, i)
  if (!onwards || !culprit || !missed || !(comes || rewrites(DESTINATION)(onwards))) return []
  // both rules send it to the same place
  if (isRewriting && onwards.last && rewriting(rule) === rewriting(onwards.last.rule)) return []
  const [own, other] = [asked([rule]), asked(onwards.matched.map((visit) => visit.rule))]
  // who sends one service elsewhere in front of what is for all of them means that
  const isExcepted = isRewriting && own.size > other.size && [...other].every((field) => own.has(field))
  if (isExcepted && !context.inVain && !getsNowhere(context)) return []
  const ref = refOf(context, table.name, missed.chain, missed.rule)
  const returning = isLeft
    ? propose(
        `replace accept by return, so that the packet skips only the rest of ${culprit.chain}`,
        changesOf(culprit).returnInstead(culprit),
      )
    : []
  return [
    finding(
      'dnat-skipped',
      // an exception from what is for all is mostly meant so
      sure && !isExcepted && onwards.matched.some((visit) => visit.rule.conditions.some(isParticular))
        ? 'warning'
        : 'note',
      `${nameRef(culprit)} ${did(rule, ending, culprit)} (${describeConditions(rule.conditions) || 'for every packet'}), so the packet never reached ${nameBeside(ref, culprit)}${comes ? '' : ` (${verdictOf(missed.rule).text})`}, which matches it.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        fix: [...putInFront(context, i, missed, ref, isExcepted), ...returning, ...withoutRule(context, i, culprit)],
      },
    ),
  ]
}

/** By what rules choose packets: addresses, ports, interfaces, marks, sets; and what their maps are asked for. */
const asked = (rules: readonly Rule[], but?: Condition): ReadonlySet<string> =>
  new Set(
    rules
      .flatMap(({ conditions, statements }) => [
        ...conditions
          .filter((one) => one !== but || one.kind === 'lookup')
          .flatMap((one) => (one.kind === 'lookup' ? one.fields : [fieldOf(one) ?? ''])),
        ...statements.flatMap((one) => ('map' in one ? (one.map?.fields ?? []) : [])),
      ])
      .map((field) => field.replace(/^\w+ (?=[sd]port$)/, ''))
      .filter((field) => /addr$|port$|mark$|ifname$/.test(field)),
  )

/**
 * A rule for one destination belongs in front of rules for any, and one for a port in front of those for all ports: other packets
 * still get to these. A rule that names no destination gets a copy for this packet's, and so does one from which the first one is
 * an exception: others need that.
 */
function putInFront(
  { evidence, journey }: Context,
  i: number,
  missed: Visit,
  ref: RuleRef,
  isExcepted: boolean,
): Proposal[] {
  const { arrivals } = evidence
  const { rule, packet } = arrivals[i]!
  if (!rule || (rule.conditions.some(namesDestination) && !isExcepted && !isNarrower(missed.rule, rule))) return []
  const isForOne = missed.rule.conditions.some(namesDestination) && !isExcepted
  // a rule that no other packet needs may be deleted
  if (!isForOne && !isExcepted && !servesOthers(rule, missed.rule)) return []
  for (const at of wayTo(arrivals, i)) {
    if (arrivals[at]!.chain !== missed.chain) continue
    const { ruleNumber, handle } = journey.steps[at]!
    const before = { ...(ruleNumber === undefined ? {} : { ruleNumber }), ...(handle === undefined ? {} : { handle }) }
    const first = numberedRef({ ...ref, ...before })
    const spot = { chain: ref.chain, before }
    if (isForOne)
      return propose(
        `add a copy of ${numberedRef(ref)} before ${first}`,
        changesOf(ref).copy(ref, spot),
        'affects only what this rule matches',
      )
    const hook = arrivals[i]!.hook
    const such = { kind: 'such', packet, hints: hook === undefined ? {} : { hook } } as const
    return propose(
      `before ${first}, add a rule like ${numberedRef(ref)} for packets from ${packet.src} to ${describeEnd(packet.dst, packet.dport)}`,
      changesOf(ref).add(ref, spot, such, { kind: 'like', rule: missed.rule }),
      'affects only such packets',
    )
  }
  return []
}

/** It asks for all that the other one asks for, and more: what that one sends elsewhere is for the rest. */
function isNarrower(missed: Rule, rule: Rule): boolean {
  const [own, other] = [asked([rule]), asked([missed])]
  return (
    DESTINATION.includes(verdictOf(rule).text) && other.size > own.size && [...own].every((field) => other.has(field))
  )
}

const rewriting = ({ statements }: Rule): string =>
  JSON.stringify(statements.filter(({ kind }) => DESTINATION.includes(kind)))

/** The rule may rewrite packets that the other one does not match: to delete it would change these. */
const servesOthers = (rule: Rule, other: Rule): boolean =>
  DESTINATION.includes(verdictOf(rule).text) &&
  other.conditions.some((one) => !rule.conditions.some((own) => JSON.stringify(own) === JSON.stringify(one)))

/** No rule behind it matches either, but one does so nearly. */
function nearBehind(context: Context, i: number, goal: Goal): Detected[] {
  const { rule, chain, ending } = context.evidence.arrivals[i]!
  if (!goal.sure || !rule || !chain || (ending !== 'accept' && ending !== 'return')) return []
  if (!rule.conditions.some(isParticular)) return []
  const behind = [...positionsBelow(context, i), { chain, index: rule.ruleNumber }]
  const moment = momentAt(context, i)
  const culprit = refAt(context, i)
  // the rules that lead there choose packets, too
  const way = [...wayTo(context.evidence.arrivals, i)].flatMap((at) => context.evidence.arrivals[at]!.rule ?? [])
  // who sends the very service elsewhere means that
  const isMeant = (one: NearMiss) => DESTINATION.includes(verdictOf(rule).text) && takesOver(way, one)
  const near = findNearMisses(context, goal, rulesFrom(context, goal.pass, behind, { step: i, moment })).find(
    (one) => isSureOf(one) && !isMeant(one),
  )
  if (!near || !culprit) return []
  const ref = refOfSkipped(context, near)
  return [
    finding(
      'dnat-skipped',
      'note',
      `${nameRef(culprit)} ${did(rule, ending, culprit)} (${describeConditions(rule.conditions)}). So the packet never reached ${nameBeside(ref, culprit)}, which would have ${goal.what(near.then)} but only matches ${asks(near.miss)}.`,
      { steps: [i + 1], rules: [culprit, ref], fix: withoutRule(context, i, culprit) },
    ),
  ]
}

/** It chooses by all that the other one chooses by, but for what that misses; an exception from all of it is told where it gets nowhere. */
function takesOver(way: readonly Rule[], { rule: near, miss }: NearMiss): boolean {
  const [own, all, others] = [asked(way), asked([near]), asked([near], miss.condition)]
  // a rule for where this packet came in is not to be the other interface's
  const field = fieldOf(miss.condition) ?? ''
  if (/ifname$/.test(field) && own.has(field)) return true
  const isExcepted = all.size > 0 && own.size > all.size && [...all].every((field) => own.has(field))
  // who asks for nothing else is the same rule if it asks for the same
  return !isExcepted && [...(others.size > 0 ? others : all)].every((field) => own.has(field))
}

function did(rule: Rule, ending: string, ref: RuleRef): string {
  if (ending === 'return') return `returned it from ${ref.chain}`
  return DESTINATION.includes(verdictOf(rule).text)
    ? 'rewrote its destination first'
    : `ended the evaluation of the ${natOf(ref)}`
}

/** nft has nat in chains of any table. */
export const natOf = (ref: RuleRef): string => (isNft(ref) ? 'nat chain' : 'nat table')

/** Was step `i` come to by a condition that nobody can know, as kube-proxy takes one of several? */
function isByChance(context: Context, i: number): boolean {
  const { arrivals } = context.evidence
  for (const at of wayTo(arrivals, i)) {
    const moment = momentAt(context, at)
    if (arrivals[at]!.rule?.conditions.some((one) => isUnknown(evaluate(one, moment)))) return true
  }
  return false
}
