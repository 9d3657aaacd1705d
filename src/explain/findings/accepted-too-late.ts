import { wayTo } from '../../journey/step-context.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit, Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, type Detector, finding, momentAt } from '../context.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { isNft, nameRef, refAt, refOf } from '../refs.ts'

/** A rule that accepts such packets stands behind the one that stopped it. */
export const acceptedTooLate: Detector = {
  code: 'accepted-too-late',
  detect(context) {
    const { step } = context.ended
    const goal = goals(context).find(({ kind }) => kind === 'pass')
    const way = [...wayTo(context.evidence.arrivals, step)]
    const accepts = goal && acceptsBehind(context, goal, way)
    if (!goal || !accepts) return []
    // what stands in front of it is in its own chain
    const culprit = refAt(context, way.find((i) => context.evidence.arrivals[i]!.chain === accepts.chain) ?? step)
    if (culprit?.ruleNumber === undefined) return []
    const ref = refOf(context, goal.pass.table.name, accepts.chain, accepts.rule)
    const message = `${nameRef(ref)} would accept this packet, but comes after ${nameRef(culprit)}.`
    return [
      finding('accepted-too-late', 'note', message, {
        steps: [step + 1],
        rules: [ref, culprit],
        // a rule of another chain may be behind conditions of its own
        fix: propose(
          `add a copy of the rule before ${isNft(culprit) && culprit.handle !== undefined ? `handle ${culprit.handle}` : `rule ${culprit.ruleNumber}`}`,
          !goal.mendable || ref.chain !== culprit.chain
            ? undefined
            : changesOf(culprit).copy(ref, { chain: culprit.chain, before: culprit }),
          'the rule then exists twice, which is harmless',
        ),
      }),
    ]
  },
}

type Accepting = Pick<Visit, 'chain' | 'rule'>

/** Where the packet would have come next, or behind a jump that led there; or further down, behind others that stop it, too. */
function acceptsBehind(context: Context, goal: Goal, way: readonly number[]): Accepting | undefined {
  const { step } = context.ended
  for (const at of way) {
    const { last } = hadItNotMatchedTo(context, goal, at) ?? {}
    if (last && last.rule.conditions.length > 0) return last
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
    if (chain && rule && accepts) return { chain, rule: accepts }
  }
  return undefined
}

function hadItNotMatchedTo(context: Context, goal: Goal, at: number): Walk | undefined {
  const next = hadItNotMatched(context, at)
  return next && goal.wanted(next) ? next : undefined
}
