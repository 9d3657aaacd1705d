import { changesOf, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { chainLedTo } from '../counterfactual/skipped-rules.ts'
import { hadItComeBack } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'

/** A goto is not come back from: what stands behind it was never reached. */
export const gotoSkips: Detector = {
  code: 'goto-skips',
  detect: (context) => goals(context).flatMap((goal) => goal.pass.steps.flatMap((i) => tell(context, goal, i))),
}

function tell(context: Context, { wanted, pass, what }: Goal, i: number): Detected[] {
  const onwards = hadItComeBack(context, i)
  const culprit = refAt(context, i)
  if (!onwards || !culprit || culprit.ruleNumber === undefined) return []
  const target = chainLedTo(context, i)!
  const missed = onwards.last ?? onwards.matched.findLast((visit) => visit.chain.name !== target)
  if (!wanted(onwards) || !missed) return []
  const ref = refOf(context, pass.table.name, missed.chain, missed.rule)
  return [
    finding(
      'goto-skips',
      'warning',
      `${nameRef(culprit)} went to ${target} by goto, from where nothing comes back, and ${nameRef(ref)}, which would have ${what}, was never reached.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        fix: propose('jump there, so that the packet comes back', changesOf(culprit).jumpInstead(culprit)),
      },
    ),
  ]
}
