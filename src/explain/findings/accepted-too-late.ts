import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Rule } from '../../model/ruleset.ts'
import { conditionText, evaluateAll } from '../../rules/evaluate.ts'
import { evaluateUnused, lasts } from '../../rules/lasting.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit, Walk } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detector, finding, momentAt } from '../context.ts'
import { fieldOf, fieldsOf, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { markedThere } from '../counterfactual/mark-behind.ts'
import { STOPS } from '../counterfactual/misled-jump.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { isNft, nameBeside, nameRef, refAt, refOf } from '../refs.ts'
import { commentWords } from '../why-there.ts'

/** A rule that accepts such packets stands behind the one that stopped it. */
export const acceptedTooLate: Detector = {
  code: 'accepted-too-late',
  detect(context) {
    const { step } = context.ended
    const goal = goals(context).find(({ kind }) => kind === 'pass')
    const direct = [...wayTo(context.evidence.arrivals, step)]
    const astray = goal ? shadowing(context, goal, direct) : []
    const way = [...direct, ...astray]
    const accepts = goal && acceptsBehind(context, goal, way)
    // a limit stands in front of what it limits
    if (!goal || !accepts || way.some((i) => isLimit(context, i))) return []
    const { arrivals } = context.evidence
    const inWay = ({ chain }: Pick<Visit, 'chain'>) => way.find((i) => arrivals[i]!.chain === chain)
    // of another chain, the rule that would have led the packet there
    const leads = inWay(accepts) === undefined ? accepts.matched.findLast((one) => inWay(one) !== undefined) : undefined
    const later = leads ?? accepts
    // what stands in front of it is in its own chain
    const stopping = inWay(later) ?? step
    const culprit = refAt(context, stopping)
    const stopped = way.flatMap((i) => (i >= stopping ? (arrivals[i]!.rule ?? []) : []))
    if (culprit?.ruleNumber === undefined || isExceptionTo([...accepts.matched, accepts], stopped)) return []
    // what stands between them may write what the rule matches: in front it would not accept the packet
    if (evaluateAll(later.rule.conditions, arrivedAt(context, stopping)) === false) return []
    const { name } = goal.pass.table
    const [ref, accepting] = [later, accepts].map(({ chain, rule }) => refOf(context, name, chain, rule))
    const accepted = [...accepts.matched, accepts]
    const does = leads
      ? `would lead this packet to ${nameBeside(accepting!, ref!)}, which accepts it`
      : 'would accept this packet'
    const isCounted = accepted.some(({ rule }) => rule.conditions.some(lasts))
    const room = isCounted ? ' (as long as its limit is not used up)' : ''
    const stops = arrivals[stopping]!.rule
    const isApart = stops?.conditions.some((one) => asksMore(one, accepted)) === true
    const comment = commentWords(stops)
    const after = `${nameBeside(culprit, ref!)}${comment === '' ? '' : ` (${comment})`}`
    return [
      finding(
        'accepted-too-late',
        'note',
        `${nameRef(ref!)} ${does}${room}, but comes after ${after}.${doubtWords(later.rule, stops, culprit, isApart)}`,
        {
          steps: [step + 1],
          rules: [...(leads ? [accepting!] : []), ref!, culprit],
          // a rule of another chain may be behind conditions of its own; what all packets traverse first is to filter them
          fix: propose(
            `add a copy of the rule before ${numbered(culprit)}`,
            !goal.mendable ||
              isApart ||
              ref!.chain !== culprit.chain ||
              stopsOthersBetween(context, later, stopping) ||
              (isFilter(stops) && leads && stopping !== step)
              ? undefined
              : changesOf(culprit).copy(ref!, { chain: culprit.chain, before: culprit }),
          ),
        },
      ),
    ]
  },
}

/** A copy in front of the one that stopped it would go past rules that stop others which the rule accepts, or some of them. */
function stopsOthersBetween(context: Context, { chain, rule }: Pick<Visit, 'chain' | 'rule'>, step: number): boolean {
  const from = context.evidence.arrivals[step]!.rule?.ruleNumber ?? rule.ruleNumber
  const moment = arrivedAt(context, step)
  return chain.rules
    .slice(from, rule.ruleNumber - 1)
    .some((one) => mayStop(one) && evaluateAll(one.conditions, moment) !== true)
}

/** By itself, or in the chain that it leads to. */
const mayStop = (rule: Rule): boolean => {
  const { ending, chain } = verdictOf(rule)
  return STOPS.has(ending) || chain !== undefined
}

/** Of a chain that sorts by goto, a step whose rule asks for no more than one behind it, which it leaves nothing: it was to ask for something. */
function shadowing(context: Context, { pass }: Goal, direct: readonly number[]): number[] {
  return pass.steps.filter((i) => {
    const { ending, chain, rule } = context.evidence.arrivals[i]!
    if (ending !== 'goto' || !chain || !rule || direct.includes(i)) return false
    const asked = rule.conditions.map(conditionText)
    return chain.rules
      .slice(rule.ruleNumber)
      .some((one) => verdictOf(one).ending === 'goto' && asks(one, asked) && one.conditions.length > asked.length)
  })
}

const asks = ({ conditions }: Rule, all: readonly string[]): boolean => {
  const own = conditions.map(conditionText)
  return all.every((one) => own.includes(one))
}

/** A jump for all packets, in front of others; a goto would leave these nothing. */
const isFilter = (rule: Rule | undefined): boolean =>
  rule === undefined || (rule.conditions.length === 0 && verdictOf(rule).ending !== 'goto')

const arrivedAt = (context: Context, step: number) =>
  markedThere(context, { step, moment: momentAt(context, step) }).moment

/** A rule in front that chooses by what the accept does not ask, as a ban in front of a service: most that the accept is for gets past it. */
const asksMore = (one: Condition, accepting: readonly Pick<Visit, 'rule'>[]): boolean => {
  const asked = accepting.flatMap(({ rule }) => rule.conditions.flatMap(fieldsOf))
  return !isOfAll(one) && !isOfBegun(one) && (isNegated(one) || fieldsOf(one).some((field) => !asked.includes(field)))
}

/** The copy goes past what may have been meant to stop a part of it; `isApart`: none is proposed. */
function doubtWords({ conditions }: Rule, stops: Rule | undefined, culprit: RuleRef, isApart: boolean): string {
  if (stops?.comment === undefined && !stops?.conditions.some((one) => !isOfAll(one))) return ''
  if (isApart) return ` If ${numbered(culprit)} is meant to stop it, leave it so.`
  const all = describeConditions(conditions)
  const what = all === '' || all.length > MOST_TOLD ? 'all that the rule matches' : `all that matches ${all}`
  return ` If ${numbered(culprit)} is meant to stop it, leave it so: a copy in front lets pass ${what}.`
}

const numbered = (ref: RuleRef): string =>
  isNft(ref) && ref.handle !== undefined ? `handle ${ref.handle}` : `rule ${ref.ruleNumber}`

/** Columns for conditions that stand in a sentence. */
const MOST_TOLD = 40

/** Every packet that begins a connection is in such a state. */
const isOfBegun = (condition: Condition): boolean => fieldOf(condition) === 'ct state'

/** As of a rule for whatever else comes by an interface. */
const isOfAll = (condition: Condition): boolean =>
  condition.kind === 'compare' && /^meta (?:[io]ifname|[io]if|l4proto|nfproto)$/.test(condition.field)

/** Does a rule behind the one that stopped it accept such packets? */
export function isAcceptedLater(context: Context, goal: Goal): boolean {
  const way = [...wayTo(context.evidence.arrivals, context.ended.step)]
  return acceptsBehind(context, goal, way) !== undefined
}

/** It stops a part of what the rule behind it accepts, and the jumps that lead there: the order is meant so, and a copy in front would leave it without use. */
function isExceptionTo(leading: readonly Pick<Visit, 'rule'>[], stopping: readonly Rule[]): boolean {
  const choosing = leading.flatMap(({ rule }) => rule.conditions).filter((one) => !isOfBegun(one))
  const asked = choosing.map(conditionText)
  const stops = new Set(stopping.flatMap(({ conditions }) => conditions.map(conditionText)))
  return stops.size > new Set(asked).size && asked.every((one) => stops.has(one))
}

/** Does it match for what came before the packet, not for what the packet is? */
const isLimit = ({ evidence }: Context, i: number): boolean =>
  evidence.arrivals[i]!.rule?.conditions.some((one) => one.kind === 'unknown' && one.reason !== NOT_UNDERSTOOD) === true

const NOT_UNDERSTOOD = 'not understood'

type Accepting = Pick<Visit, 'chain' | 'rule'> & { matched: readonly Pick<Visit, 'chain' | 'rule'>[] }

/** Where the packet would have come next, or behind a jump that led there; or further down, behind others that stop it, too. */
function acceptsBehind(context: Context, goal: Goal, way: readonly number[]): Accepting | undefined {
  const { step } = context.ended
  for (const at of way) {
    const { last, matched = [] } = hadItNotMatchedTo(context, goal, at) ?? {}
    if (last && last.rule.conditions.length > 0 && !matched.some(isDefault)) return { ...last, matched }
    const { chain, rule } = context.evidence.arrivals[at]!
    const accepts =
      at === step &&
      chain?.rules
        .slice(rule?.ruleNumber)
        .find(
          (one) =>
            verdictOf(one).ending === 'accept' &&
            one.conditions.length > 0 &&
            evaluateUnused(one.conditions, momentAt(context, step)) === true,
        )
    if (chain && rule && accepts) return { chain, rule: accepts, matched: [] }
  }
  return undefined
}

/** A chain's last goto takes what no rule in front of it chose, as firewalld's for the default zone: it is not too late. */
const isDefault = ({ rule }: Pick<Visit, 'rule'>): boolean =>
  rule.conditions.length === 0 && verdictOf(rule).ending === 'goto'

function hadItNotMatchedTo(context: Context, goal: Goal, at: number): Walk | undefined {
  // what stands behind what stopped it has counted none of such packets
  const next = hadItNotMatched(context, at, 'unused')
  return next && goal.wanted(next) ? next : undefined
}
