import { whyUnanswered } from '../../rules/unanswered.ts'
import { describeConditions } from '../cause.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef } from '../refs.ts'
import { blame, fixes } from './verdicts.ts'

/** A rule dropped it. The other dropped-by findings tell of policies and marks. */
export const droppedByRule: Detector = {
  code: 'dropped-by-rule',
  detect(context) {
    if (context.journey.outcome !== 'dropped') return []
    const step = context.journey.steps[context.ended.step]!
    const told = blame(context)
    if (step.kind === 'policy' || !told || told.walked.markSetter !== undefined) return []
    const why = describeConditions(context.evidence.arrivals[context.ended.step]!.rule?.conditions ?? [])
    const arrival = context.evidence.arrivals[context.ended.step]!
    const silent = whyUnanswered(arrival.rule?.statements ?? [], arrival, context.world.host)
    const unanswered = silent === undefined ? '' : ` It rejects, but ${silent}.`
    const message = `${nameRef(told.end)} dropped it${why === '' ? '' : ` (${why})`}${ledBy(told)}.${unanswered}`
    return [
      finding('dropped-by-rule', 'error', message, {
        steps: told.steps,
        rules: told.rules,
        fix: fixes(context, told),
        culprit: told.walked.culprit,
      }),
    ]
  },
}

const ledBy = ({
  end,
  culprit,
}: {
  end: { chain: string; ruleNumber?: number }
  culprit: Parameters<typeof nameRef>[0]
}) =>
  end.chain === culprit.chain && end.ruleNumber === culprit.ruleNumber ? '' : `, where ${nameRef(culprit)} had sent it`
