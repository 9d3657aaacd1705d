/**
 * A program that is bound to no address replies from another one than was asked, and its reply's journey may be complete
 * before the request's: what belongs together is known only when all is complete.
 */
import { TUPLE_WORDS } from '../../closed-journey.ts'
import { OF_DHCP } from './find-reply.ts'
import { isAsking, type JoinedJourneys, type Told } from './joined.ts'
import { isFromAskedPort } from './latest.ts'
import { turn } from './tuple-table.ts'

/** More are not looked at. */
export const MOST_FROM_HERE = 1000
const MOST_ASKED = 10_000

/** A datagram that this host sends. */
export function mayReplyBeside({ says, journey: { packet } }: Told): boolean {
  const { protocol, sport, dport, out, fragOffset } = packet
  if (says !== 'any' || protocol !== 'udp' || packet.in !== undefined || out === undefined || fragOffset) return false
  return sport !== dport && !OF_DHCP.includes(dport)
}

const isAsked = ({ says, isForMany, journey: { packet, outcome } }: Told): boolean =>
  says === 'any' && !isForMany && packet.protocol === 'udp' && packet.in !== undefined && outcome === 'delivered'

const asked = new Int32Array(TUPLE_WORDS)

/** Of those that nobody asked for by the very address: each to the last request before it that went to another one of this host. */
export function joinRepliedBeside({ list, fromHere }: { list: JoinedJourneys; fromHere: Set<number> }): void {
  const lone = [...fromHere].filter((number) => !list.isHidden(number) && isAllFromHere(list, number))
  if (lone.length === 0) return
  const unreplied: number[] = []
  for (let number = lone[0]! + 1; number < list.size && unreplied.length < MOST_ASKED; number++)
    if (!list.isReplied(number) && !list.isHidden(number) && isAsked(list.firstTold(number))) unreplied.push(number)
  for (const number of unreplied.length > 0 ? lone : []) {
    const { parts, tuple } = list.at(number)
    // as this host sends it
    const reply = parts.every(isAsking) ? tuple : turnedOf(tuple)
    const [first] = parts
    const about = unreplied
      .filter((one) => list.beganWith(one) < first!.id && list.captureOf(one) === first!.capture)
      .filter((one) => list.hostOf(one) === first!.told.host && isBeside(list, one, reply))
      .sort((a, b) => list.beganWith(b) - list.beganWith(a))[0]
    if (about === undefined) continue
    list.leave(number, new Set(parts.map(({ id }) => id)))
    for (const { id, told, clock, capture } of parts) list.add(about, id, 'replies', told, clock, capture, true)
    fromHere.delete(number)
  }
}

function isBeside(list: JoinedJourneys, number: number, reply: Int32Array): boolean {
  list.readTuple(number, asked)
  return isFromAskedPort(reply, asked)
}

function isAllFromHere(list: JoinedJourneys, number: number): boolean {
  const { parts } = list.at(number)
  const isError = parts.some(({ role }) => role === 'errors')
  return !isError && parts.every(({ told: { journey } }) => journey.packet.in === undefined)
}

function turnedOf(tuple: Int32Array): Int32Array {
  const turned = tuple.slice()
  turn(turned)
  return turned
}
