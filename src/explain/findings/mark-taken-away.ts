import { FOR_REPORTS } from '../../model/for-reports.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import { masqueradeSpared } from '../changes/own-source.ts'
import type { Context, Detected, Detector } from '../context.ts'
import { givesSource, goals, sourceGoals } from '../counterfactual/goals.ts'
import { whyUnmarked } from '../counterfactual/marks.ts'
import { hasNewSource, lacksReply } from '../counterfactual/undeliverable.ts'
import { isReplied } from '../reply/request-reply.ts'
import { type Asker, askers, tellWhy } from './mark-missing.ts'

/**
 * A rule of nat would have given it another source, by a mark that one rule had set for this very packet and another had
 * taken away. Whoever sets such a mark means it, so it is told wherever no reply came back, whatever the source is.
 */
export const markTakenAway: Detector = {
  code: 'mark-missing',
  detect(context) {
    if (!hasLeft(context.journey.outcome)) return []
    const known = goals(context).filter((goal) => givesSource(goal) && goal.sure)
    if (known.length === 0 && (hasNewSource(context) || !isUnanswered(context))) return []
    const asked = known.length > 0 ? known : sourceGoals(context)
    return asked.flatMap((goal) => askers(context, goal).flatMap((one) => tell(context, one))).slice(0, 1)
  },
}

const isUnanswered = (context: Context): boolean =>
  !isReplied(context) && (context.inVain === 'unanswered' || lacksReply(context))

function tell(context: Context, asker: Asker): Detected[] {
  const why = whyUnmarked(context, asker, asker.step)
  if (why?.kind !== 'lost' || why.setter === undefined) return []
  const spared = asker.isWithout && asker.ref ? masqueradeSpared(context, asker.ref) : []
  return tellWhy(context, asker, why, true).map((one) => ({
    ...one,
    fix: [...one.fix, ...spared],
    [FOR_REPORTS]: { wouldGiveSource: true },
  }))
}
