import { describeConditions } from '../cause.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef } from '../refs.ts'
import { blame, fixes } from './verdicts.ts'

/** A REJECT rule: the sender was told, and sees "connection refused" or "unreachable" at once. */
export const rejectedByRule: Detector = {
  code: 'rejected-by-rule',
  detect(context) {
    if (context.journey.outcome !== 'rejected') return []
    const told = blame(context)
    if (!told) return []
    const { rule } = context.evidence.arrivals[context.ended.step]!
    const reject = rule?.statements.find((statement) => statement.kind === 'reject')
    const why = describeConditions(rule?.conditions ?? [])
    const answer = reject?.kind === 'reject' ? ` and answered ${reject.with}` : ''
    return [
      finding(
        'rejected-by-rule',
        'error',
        `${nameRef(told.end)} rejected it${why === '' ? '' : ` (${why})`}${answer}.`,
        {
          steps: told.steps,
          rules: told.rules,
          fix: fixes(context, told),
          culprit: told.walked.culprit,
        },
      ),
    ]
  },
}
