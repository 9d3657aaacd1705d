/**
 * A program that is bound to no address replies from another one than was asked, and its reply's journey may be complete
 * before the request's: what belongs together is known only when all is complete.
 */
import { isNewFlow } from './find-reply.ts'
import { isAsking, type Joined, type JoinedJourneys, type Part, type Told } from './joined.ts'
import { isFromAskedPort } from './latest.ts'
import { turn } from './tuple-table.ts'

/** More are not looked at. */
export const MOST_FROM_HERE = 1000
const MOST_ASKED = 10_000

const isAsked = ({ says, isForMany, journey: { packet, outcome } }: Told): boolean =>
  says === 'any' && !isForMany && packet.protocol === 'udp' && packet.in !== undefined && outcome === 'delivered'

/** Of those that nobody asked for by the very address: each to the last request before it that went to another one of this host. */
export function joinRepliedBeside({ list, fromHere }: { list: JoinedJourneys; fromHere: Set<number> }): void {
  const lone: Lone[] = []
  for (const number of fromHere) {
    const joined = list.at(number)
    if (!list.isHidden(number) && joined.parts.every(isFromHere)) lone.push({ number, ...joined })
    else fromHere.delete(number)
  }
  const unreplied = lone[0] ? unrepliedBehind(list, lone[0].number) : []
  for (const { number, parts, tuple } of unreplied.length > 0 ? lone : []) {
    const about = lastBefore(list, unreplied, parts[0]!, parts.every(isAsking) ? tuple : turnedOf(tuple))
    if (about === undefined) continue
    const asked = list.firstTold(about)
    list.moveAll(number, about, ({ told }) => ({ role: 'replies', other: isNewFlow(told, asked) }))
    fromHere.delete(number)
  }
}

interface Lone extends Joined {
  number: number
}

const isFromHere = ({ role, told: { journey } }: Part): boolean => role !== 'errors' && journey.packet.in === undefined

function unrepliedBehind(list: JoinedJourneys, first: number): number[] {
  const found: number[] = []
  for (let number = first + 1; number < list.size && found.length < MOST_ASKED; number++)
    if (!list.isReplied(number) && !list.isHidden(number) && isAsked(list.firstTold(number))) found.push(number)
  return found
}

/** `reply`: the tuple as this host sends it, first in `part`. */
function lastBefore(
  list: JoinedJourneys,
  asked: readonly number[],
  { id, capture, told: { host } }: Part,
  reply: Int32Array,
): number | undefined {
  let last: number | undefined
  for (const number of asked) {
    const began = list.beganWith(number)
    if (began >= id || (last !== undefined && began <= list.beganWith(last))) continue
    if (list.captureOf(number) === capture && list.hostOf(number) === host && isFromAskedPort(list, reply, number))
      last = number
  }
  return last
}

function turnedOf(tuple: Int32Array): Int32Array {
  const turned = tuple.slice()
  turn(turned)
  return turned
}
