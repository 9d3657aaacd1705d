import { verdictOf } from '../../rules/verdict.ts'
import { iptablesHead, ruleWords, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { hadItComeBack } from '../what-if.ts'

/** A goto is not come back from: what stands behind it was never reached. */
export const gotoSkips: Detector = {
  code: 'goto-skips',
  detect: (context) => goals(context).flatMap((goal) => goal.pass.steps.flatMap((i) => tell(context, goal, i))),
}

function tell(context: Context, { wanted, pass, what }: Goal, i: number): Detected[] {
  const onwards = hadItComeBack(context, i)
  const culprit = refAt(context, i)
  if (!onwards || !culprit || culprit.ruleNumber === undefined) return []
  const target = verdictOf(context.evidence.arrivals[i]!.rule!).chain!
  const missed = onwards.last ?? onwards.matched.findLast((visit) => visit.chain.name !== target)
  if (!wanted(onwards) || !missed) return []
  const head = `${iptablesHead(culprit)} -R ${shellWord(culprit.chain)} ${culprit.ruleNumber}`
  const words = ruleWords(culprit)
  const at = words.lastIndexOf('-g')
  const ref = refOf(context, pass.table.name, missed.chain, missed.rule)
  return [
    finding(
      'goto-skips',
      'warning',
      `${nameRef(culprit)} went to ${target} by goto, from where nothing comes back, and ${nameRef(ref)}, which would have ${what}, was never reached.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        fix:
          at < 0
            ? []
            : [
                {
                  description: 'jump there, so that the packet comes back',
                  command: [head, ...words.with(at, '-j').map(shellWord)].join(' '),
                  undo: [head, ...words.map(shellWord)].join(' '),
                  unverified: 'not tried',
                },
              ],
      },
    ),
  ]
}
