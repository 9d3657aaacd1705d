import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit } from '../../rules/walk.ts'
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
    const culprit = refAt(context, step)
    const accepts = goal && culprit?.ruleNumber !== undefined ? acceptsBehind(context, goal) : undefined
    if (!goal || !culprit || !accepts) return []
    const ref = refOf(context, goal.pass.table.name, accepts.chain, accepts.rule)
    const message = `${nameRef(ref)} accepts such packets, but stands behind ${nameRef(culprit)}.`
    return [
      finding('accepted-too-late', 'note', message, {
        steps: [step + 1],
        rules: [ref, culprit],
        // a rule of another chain may be behind conditions of its own
        fix: propose(
          `put the rule in front of ${isNft(culprit) && culprit.handle !== undefined ? `handle ${culprit.handle}` : `rule ${culprit.ruleNumber}`}`,
          !goal.mendable || ref.chain !== culprit.chain
            ? undefined
            : changesOf(culprit).copy(ref, { chain: culprit.chain, before: culprit }),
          'rule and copy do no harm beside each other',
        ),
      }),
    ]
  },
}

/** Where the packet would have come next; or further down, behind others that stop it, too. */
function acceptsBehind(context: Context, goal: Goal): Pick<Visit, 'chain' | 'rule'> | undefined {
  const { step } = context.ended
  const next = hadItNotMatched(context, step)
  if (next?.last && goal.wanted(next) && next.last.rule.conditions.length > 0) return next.last
  const { chain, rule } = context.evidence.arrivals[step]!
  const accepts = chain?.rules
    .slice(rule?.ruleNumber)
    .find(
      (one) =>
        verdictOf(one).ending === 'accept' &&
        one.conditions.length > 0 &&
        evaluateAll(one.conditions, momentAt(context, step)) === true,
    )
  return chain && rule && accepts && { chain, rule: accepts }
}
