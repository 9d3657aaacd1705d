/** Whether a reply that went its way has reached whoever asked, told by what that one sends next. */
import { leftBy } from '../../../model/way-out.ts'
import { routedDevice } from '../../../rules/bridge-calls.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Whoever asked goes on with what it got. Who knows no such connection sends a reset: that is no use of the reply. */
export const goesOnBehind = ({ role, id, told: { says } }: Part, reply: Pick<Part, 'id'>): boolean =>
  role === 'request' && id > reply.id && says !== 'resets'

/** Whoever asked has asked again since, or the reply was sent again itself, and nobody has gone on with it: it does not arrive. */
export function isUnheardOf(reply: Part, parts: readonly Part[]): boolean {
  if (reply.told.says !== 'answers' || reply.told.journey.packet.protocol !== 'tcp') return false
  if (parts.some((one) => isLater(one, reply) && goesOnBehind(one, reply))) return false
  return parts.some((one) => isAgain(one, reply) || (isLater(one, reply) && isAnswer(one)))
}

/**
 * It left by another interface than the request came in by, and the request came again. Some systems (Windows) ask again also
 * where they got the reset, so that alone tells nothing.
 */
export function isAskedAgain(reset: Part, parts: readonly Part[]): boolean {
  if (reset.told.says !== 'resets' || !parts.some((one) => isAgain(one, reset))) return false
  const { host } = reset.told.world
  const came = routedDevice(host, parts.find(isAsking)?.told.journey.packet.in)
  const left = routedDevice(host, leftBy(reset.told.journey.steps))
  return came !== undefined && left !== undefined && left !== 'lo' && left !== came
}

const isLater = (one: Part, { id, capture }: Part): boolean => one.id > id && one.capture === capture

const isAgain = (one: Part, reply: Part): boolean =>
  isLater(one, reply) && one.role === 'retransmissions' && one.told.says === 'opens'

const isAnswer = ({ role, told: { says } }: Part): boolean => role === 'replies' && says === 'answers'
