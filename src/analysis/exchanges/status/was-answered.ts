/** What a reply tells of a request of which the last lines are missing. */
import { isPassed, isThoughtVanished } from '../../../model/outcome-kinds.ts'
import type { Part } from '../join/joined.ts'

/** It is thought to have vanished, and whoever has answered has had it, or the same again. */
export const wasAnswered = (part: Part, parts: readonly Part[]): boolean => replyTo(part, parts) !== undefined

/** The reply that shows it. */
export function replyTo({ id, capture, role, told }: Part, parts: readonly Part[]): Part | undefined {
  const { says, journey } = told
  if (role === 'replies' || !isThoughtVanished(journey)) return undefined
  // nothing came before it that a datagram back could be the reply to
  const isFirstDatagram = journey.packet.protocol === 'udp' && parts[0]?.id === id
  if (says !== 'opens' && !isFirstDatagram) return undefined
  return parts.find(
    (one) =>
      one.role === 'replies' &&
      (one.told.says === 'answers' || isFirstDatagram) &&
      one.id > id &&
      one.capture === capture &&
      isPassed(one.told.journey.outcome),
  )
}
