/** Whether a reply that went its way has reached whoever asked, told by what that one sends next. */
import { isAsking, type Part } from '../join/joined.ts'

/**
 * Whoever asked goes on with what it got. So says a reset of it as well, if it comes in by the request's interface: by another one
 * it is from whoever else has that address, and knows no such connection (RFC 9293, 3.5.2).
 */
export function goesOnBehind(one: Part, reply: Pick<Part, 'id'>, parts: readonly Part[]): boolean {
  const { role, id, told } = one
  if (role !== 'request' || id <= reply.id) return false
  return told.says !== 'resets' || told.journey.packet.in === parts.find(isAsking)?.told.journey.packet.in
}

/** Whoever asked has asked again since, or the reply was sent again itself, and nobody has gone on with it: it does not arrive. */
export function isUnheardOf(reply: Part, parts: readonly Part[]): boolean {
  if (reply.told.says !== 'answers' || reply.told.journey.packet.protocol !== 'tcp') return false
  if (parts.some((one) => isLater(one, reply) && goesOnBehind(one, reply, parts))) return false
  return parts.some((one) => isAgain(one, reply) || (isLater(one, reply) && isAnswer(one)))
}

const isLater = (one: Part, { id, capture }: Part): boolean => one.id > id && one.capture === capture

/** The request was sent again behind it. */
export const isAgain = (one: Part, reply: Part): boolean =>
  isLater(one, reply) && one.role === 'retransmissions' && one.told.says === 'opens'

const isAnswer = ({ role, told: { says } }: Part): boolean => role === 'replies' && says === 'answers'
