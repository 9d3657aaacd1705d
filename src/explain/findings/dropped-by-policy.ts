import { FOR_REPORTS } from '../../model/for-reports.ts'
import { acceptByPolicy, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Detector, finding } from '../context.ts'
import { isNft, nameRef } from '../refs.ts'
import { acceptSuch, blame } from './verdicts.ts'

/** No rule accepted it, and the chain's policy drops what is left. */
export const droppedByPolicy: Detector = {
  code: 'dropped-by-policy',
  detect(context) {
    if (context.journey.outcome !== 'dropped' || context.journey.steps[context.ended.step]!.kind !== 'policy') return []
    const told = blame(context)
    if (!told) return []
    const { end } = told
    const { change, opens } = acceptSuch(context, end)
    const fix: Proposal[] = [
      ...propose('accept such packets', change, opens),
      ...propose(
        `set the policy of ${end.chain} to ${isNft(end) ? 'accept' : 'ACCEPT'}`,
        acceptByPolicy(end),
        'opens everything that no rule matches; for diagnosis only',
      ),
    ]
    return [
      finding(
        'dropped-by-policy',
        'error',
        `No rule of ${nameRef(end).replace(/ policy$/, '')} accepts it, and its policy is ${isNft(end) ? 'drop' : 'DROP'}.`,
        {
          steps: told.steps,
          rules: told.rules,
          fix,
          culprit: told.walked.culprit,
          [FOR_REPORTS]: { takesRest: true },
        },
      ),
    ]
  },
}
