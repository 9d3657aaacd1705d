/** A reply that got through, and that an ICMP error was sent about: no program took it, or it did not get there. */
import { isLossReport } from '../../../model/icmp-error.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { goesOnBehind } from './unheard.ts'

/**
 * Nobody took any of the replies. A program that has its reply may close its socket, so that the next copy is refused: one
 * reply that no error is about will do. What comes behind a refused one meets the same socket, unless somebody asked again.
 */
export function refusesReplies(parts: readonly Part[], answer: Part): boolean {
  const refused = refusedReplies(parts)
  if (!refused.has(answer.id)) return false
  const isTcp = answer.told.journey.packet.protocol === 'tcp'
  if (isTcp && parts.some((one) => goesOnBehind(one, answer, parts))) return false
  let isOpen = true
  for (const part of parts) {
    if (isAsking(part)) isOpen = true
    else if (isReply(part)) {
      if (refused.has(part.id)) isOpen = false
      else if (isOpen) return false
    }
  }
  return true
}

/** Each error is about the latest reply before it that no later error is about. */
function refusedReplies(parts: readonly Part[]): ReadonlySet<number> {
  const refused = new Set<number>()
  for (const error of parts.toReversed()) {
    if (error.role !== 'errors' || !error.aboutReply || !isLossReport(error.told.journey.packet)) continue
    const reply = parts.findLast(
      (one) => isReply(one) && one.id < error.id && one.capture === error.capture && !refused.has(one.id),
    )
    if (reply) refused.add(reply.id)
  }
  return refused
}

const isReply = ({ role, told }: Part): boolean => role === 'replies' && isPassed(told.journey.outcome)
