/** An ICMP error about a request, where a reply came as well. */
import { isStopped } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** What it quotes was not captured: it is about what waited. */
export const isGuessed = ({ told }: Part): boolean => told.journey.packet.inner === undefined

/**
 * Each datagram may meet another program than the one before: the last that came says what came of it. In a TCP connection
 * only an acknowledgement is a sign that what the error is about arrived all the same, sent again.
 */
export function isOutdated(error: Part, parts: readonly Part[]): boolean {
  const replies = parts.filter(({ role }) => role === 'replies')
  const [reply] = replies
  if (!reply) return false
  const later = replies.filter(
    ({ id, capture, told }) =>
      id > error.id && capture === error.capture && told.says !== 'resets' && !isStopped(told.journey.outcome),
  )
  if (reply.told.journey.packet.protocol !== 'udp') return isGuessed(error) || isAcknowledged(error, later, parts)
  return later.length > 0 || (isGuessed(error) && !isAskedSince(error, replies, parts))
}

/** Whatever was sent before the error. */
function isAcknowledged(error: Part, later: readonly Part[], parts: readonly Part[]): boolean {
  const sent = parts.findLast((one) => isAsking(one) && one.capture === error.capture && one.id < error.id)?.segment
  return (
    sent !== undefined &&
    later.some(({ segment, told }) => told.says === 'any' && segment && ((segment.ack - sent.seq) | 0) > 0)
  )
}

/** Has somebody asked once more between the latest reply and the error? */
function isAskedSince(error: Part, replies: readonly Part[], parts: readonly Part[]): boolean {
  const reply = replies.at(-1)!
  return parts.some((one) => isAsking(one) && one.capture === error.capture && one.id > reply.id && one.id < error.id)
}
