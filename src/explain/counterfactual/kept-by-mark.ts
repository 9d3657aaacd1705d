/** A packet that a mark keeps on this host. */
import type { Condition } from '../../model/condition.ts'
import type { Route } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { leadsHere, lookupRoute, type RouteQuestion } from '../../rules/route.ts'
import type { Context } from '../context.ts'
import { markingSteps, questionAt } from './marked-way.ts'

export interface Kept {
  taken: Route
  question: RouteQuestion
  /** The last step in front of the routing decision. */
  last: number
  /** The way that it would have gone without any mark. */
  onward: Route
}

/**
 * Its mark led the packet to a local route, as it leads a transparent proxy's; no TPROXY rule has handed it to the proxy, no
 * rule has found it an open socket, and without the mark it would have gone on, or left. What INPUT's rules think of it matters
 * to nobody. What this host sends is marked at output, and comes in again by lo.
 */
export const keptByMark = memo((context: Context): Kept | undefined => {
  const { world, evidence } = context
  const marking = markingSteps(context)
  const question = marking && questionAt(context, marking.last)
  if (!question?.mark) return undefined
  const [taken, onward] = [question.mark, 0].map((mark) => lookupRoute({ ...question, mark }, world.host))
  if (!taken || !leadsHere(taken) || onward?.type !== 'unicast') return undefined
  const isHandedOver = evidence.arrivals.some(
    ({ rule }) => rule && (rule.statements.some(({ kind }) => kind === 'tproxy') || rule.conditions.some(findsSocket)),
  )
  return isHandedOver ? undefined : { taken, question, last: marking!.last, onward }
})

/** `-m socket`, `socket transparent 1`: a rule that matched so shows that a socket of this host takes the packet (Documentation/networking/tproxy.rst). */
const findsSocket = (condition: Condition): boolean =>
  condition.kind === 'all'
    ? condition.of.some(findsSocket)
    : condition.kind === 'compare' && condition.field.startsWith('socket ')
