import { wayTo } from '../../journey/step-context.ts'
import type { Rule } from '../../model/ruleset.ts'
import { conditionText, evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit, Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detector, finding, momentAt } from '../context.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { isNft, nameBeside, nameRef, refAt, refOf } from '../refs.ts'

/** A rule that accepts such packets stands behind the one that stopped it. */
export const acceptedTooLate: Detector = {
  code: 'accepted-too-late',
  detect(context) {
    const { step } = context.ended
    const goal = goals(context).find(({ kind }) => kind === 'pass')
    const way = [...wayTo(context.evidence.arrivals, step)]
    const accepts = goal && acceptsBehind(context, goal, way)
    // a limit stands in front of what it limits
    if (!goal || !accepts || way.some((i) => isLimit(context, i))) return []
    const { arrivals } = context.evidence
    const inWay = ({ chain }: Pick<Visit, 'chain'>) => way.find((i) => arrivals[i]!.chain === chain)
    // of another chain, the rule that would have led the packet there
    const leads = inWay(accepts) === undefined ? accepts.matched.find((one) => inWay(one) !== undefined) : undefined
    const later = leads ?? accepts
    // what stands in front of it is in its own chain
    const stopping = inWay(later) ?? step
    const culprit = refAt(context, stopping)
    if (culprit?.ruleNumber === undefined || isExceptionTo([...accepts.matched, accepts], arrivals[stopping]!.rule))
      return []
    const { name } = goal.pass.table
    const [ref, accepting] = [later, accepts].map(({ chain, rule }) => refOf(context, name, chain, rule))
    const does = leads ? `would accept this packet (by ${nameBeside(accepting!, ref!)})` : 'would accept this packet'
    return [
      finding('accepted-too-late', 'note', `${nameRef(ref!)} ${does}, but comes after ${nameBeside(culprit, ref!)}.`, {
        steps: [step + 1],
        rules: [...(leads ? [accepting!] : []), ref!, culprit],
        // a rule of another chain may be behind conditions of its own
        fix: propose(
          `add a copy of the rule before ${isNft(culprit) && culprit.handle !== undefined ? `handle ${culprit.handle}` : `rule ${culprit.ruleNumber}`}`,
          !goal.mendable || ref!.chain !== culprit.chain
            ? undefined
            : changesOf(culprit).copy(ref!, { chain: culprit.chain, before: culprit }),
          leads ? 'affects all traffic that matches this rule' : 'the rule then exists twice, which is harmless',
        ),
      }),
    ]
  },
}

/** Does a rule behind the one that stopped it accept such packets? */
export function isAcceptedLater(context: Context, goal: Goal): boolean {
  const way = [...wayTo(context.evidence.arrivals, context.ended.step)]
  return acceptsBehind(context, goal, way) !== undefined
}

/** It stops a part of what the rule behind it accepts, and the jumps that lead there: the order is meant so, and a copy in front would leave it without use. */
function isExceptionTo(leading: readonly Pick<Visit, 'rule'>[], stopping: Rule | undefined): boolean {
  const asked = leading.flatMap(({ rule }) => rule.conditions.map(conditionText))
  const stops = new Set(stopping?.conditions.map(conditionText))
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
            evaluateAll(one.conditions, momentAt(context, step)) === true,
        )
    if (chain && rule && accepts) return { chain, rule: accepts, matched: [] }
  }
  return undefined
}

/** A chain's last goto takes what no rule in front of it chose, as firewalld's for the default zone: it is not too late. */
const isDefault = ({ rule }: Pick<Visit, 'rule'>): boolean =>
  rule.conditions.length === 0 && verdictOf(rule).ending === 'goto'

function hadItNotMatchedTo(context: Context, goal: Goal, at: number): Walk | undefined {
  const next = hadItNotMatched(context, at)
  return next && goal.wanted(next) ? next : undefined
}
