import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { asks } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { findNearMisses, isSureOf, type NearMiss } from '../counterfactual/near-misses.ts'
import { chainLedTo, positionsBelow, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { hadItComeBack, rulesFrom } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'

/** A goto is not come back from: what stands behind it was never reached. */
export const gotoSkips: Detector = {
  code: 'goto-skips',
  detect: (context) => goals(context).flatMap((goal) => goal.pass.steps.flatMap((i) => tell(context, goal, i))),
}

function tell(context: Context, goal: Goal, i: number): Detected[] {
  const { wanted, pass, what } = goal
  const onwards = hadItComeBack(context, i)
  const culprit = refAt(context, i)
  if (!onwards || !culprit || culprit.ruleNumber === undefined) return []
  const target = chainLedTo(context, i)!
  const missed = onwards.last ?? onwards.matched.findLast((visit) => visit.chain.name !== target)
  const near = wanted(onwards) ? undefined : nearBehind(context, goal, i)
  // a limit on its way tells nobody what it would have done; that nothing else accepts such packets is known
  const open = !near && goal.kind === 'pass' && onwards.because
  const ref = near
    ? refOfSkipped(context, near)
    : (wanted(onwards) || open) && missed && refOf(context, pass.table.name, missed.chain, missed.rule)
  if (!ref) return []
  const only = near ? `, but only matches ${asks(near.miss)}` : ''
  const would = open
    ? `. What that rule would have made of it is unknown: ${open.unknown}`
    : `, which would have ${what(near?.then ?? onwards)}${only}`
  return [
    finding(
      'goto-skips',
      near || open ? 'note' : 'warning',
      `${nameRef(culprit)} sent it to ${target} by goto, which never returns. So the packet never reached ${nameRef(ref)}${would}.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        fix: propose('use jump instead of goto, so that the packet returns', changesOf(culprit).jumpInstead(culprit)),
      },
    ),
  ]
}

/** A rule of nat that would not match either, but nearly does. */
function nearBehind(context: Context, goal: Goal, i: number): NearMiss | undefined {
  const { chain, rule } = context.evidence.arrivals[i]!
  if (goal.kind !== 'destination' || !goal.sure || !chain || !rule) return undefined
  const behind = [...positionsBelow(context, i), { chain, index: rule.ruleNumber }]
  const moment = momentAt(context, i)
  return findNearMisses(context, goal, rulesFrom(context, goal.pass, behind, { step: i, moment })).find(isSureOf)
}
