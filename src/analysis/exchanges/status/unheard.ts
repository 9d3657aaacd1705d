/** Whether a reply that went its way has reached whoever asked, told by what that one sends next. */
import { isOtherUplink } from '../../../explain/reply/back-out.ts'
import { leftBy } from '../../../model/way-out.ts'
import { routedDevice } from '../../../rules/bridge-calls.ts'
import { isAsking, type Part } from '../join/joined.ts'

/**
 * Whoever asked goes on with what it got. A reset says so as well where it comes in as the request did: who has that address
 * elsewhere sends one, too, since it knows no such connection (RFC 9293, 3.5.2).
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

/**
 * The uplink by which it left has not the address that was asked, and the request came again. Windows asks again half a second
 * after a reset that it got; who got none waits for a second at least (RFC 6298, 2.1).
 */
export function isAskedAgain(reset: Part, parts: readonly Part[]): boolean {
  const again = parts.find((one) => isAgain(one, reset))
  if (reset.told.says !== 'resets' || !again || !(again.clock - reset.clock > WINDOWS)) return false
  const { host } = reset.told.world
  const asked = parts.find(isAsking)?.told.journey.packet
  const came = routedDevice(host, asked?.in)
  const left = routedDevice(host, leftBy(reset.told.journey.steps))
  return (
    asked?.dst !== undefined && came !== undefined && left !== undefined && isOtherUplink(host, asked.dst, came, left)
  )
}

/** Microseconds. */
const WINDOWS = 750_000

const isLater = (one: Part, { id, capture }: Part): boolean => one.id > id && one.capture === capture

const isAgain = (one: Part, reply: Part): boolean =>
  isLater(one, reply) && one.role === 'retransmissions' && one.told.says === 'opens'

const isAnswer = ({ role, told: { says } }: Part): boolean => role === 'replies' && says === 'answers'
