/** An ICMP error about a request, where a reply came as well. */
import { isStopped } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** What it quotes was not captured: it is about what waited. */
export const isGuessed = ({ told }: Part): boolean => told.journey.packet.inner === undefined

/**
 * Each datagram may meet another program than the one before: the last that came says what came of it. In a TCP connection
 * a reply is no sign that the packet arrived that an error is about.
 */
export function isOutdated(error: Part, parts: readonly Part[]): boolean {
  const replies = parts.filter(({ role }) => role === 'replies')
  const [reply] = replies
  if (!reply) return false
  if (reply.told.journey.packet.protocol !== 'udp') return isGuessed(error)
  const isLater = ({ id, capture, told }: Part) =>
    id > error.id && capture === error.capture && !isStopped(told.journey.outcome)
  return replies.some(isLater) || (isGuessed(error) && !isAskedSince(error, replies, parts))
}

/** Has somebody asked once more between the latest reply and the error? */
function isAskedSince(error: Part, replies: readonly Part[], parts: readonly Part[]): boolean {
  const reply = replies.at(-1)!
  return parts.some((one) => isAsking(one) && one.capture === error.capture && one.id > reply.id && one.id < error.id)
}
