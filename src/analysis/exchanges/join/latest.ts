/** Which of the latest exchanges a packet is about whose addresses and ports are not those of any. */
import { isRefusal } from '../../../model/icmp-error.ts'
import { isStopped } from '../../../model/outcome-kinds.ts'
import { TUPLE_WORDS } from '../../closed-journey.ts'
import { ERROR_AFTER, type JoinedJourneys, type Told } from './joined.ts'
import { HOSTS, isReverse, TO } from './tuple-table.ts'

/** Exchanges among which the one is looked for that an error is about. */
const LATEST = 200
/** The same, of a datagram whose request was not captured: there may be as many as packets. */
const LATELY_ASKED = 20

/** Where a packet was seen: the number of the machine, and of the capture. */
interface Seen {
  host: number
  capture: number
}

const other = new Int32Array(TUPLE_WORDS)

/** From the last one on. */
export function* latest(list: JoinedJourneys, most: number, { capture }: Pick<Seen, 'capture'>): Generator<number> {
  for (let number = list.size - 1; number >= 0 && number >= list.size - most; number--)
    if (list.captureOf(number) === capture) yield number
}

/** Has one been sent from another port to where this packet comes from, and got no reply? */
export function waitsElsewhere(list: JoinedJourneys, tuple: Int32Array, seen: Seen): boolean {
  for (const number of latest(list, LATELY_ASKED, seen)) {
    if (list.isReplied(number) || list.hostOf(number) !== seen.host) continue
    list.readTuple(number, other)
    if (other[9] === tuple[8] && other[8] !== tuple[9] && isReverse(other, tuple, HOSTS)) return true
  }
  return false
}

/** The last one in which another address of this host was asked, before journey `id`, from where this packet goes to, at its own port. */
export function lastAskedBeside(
  list: JoinedJourneys,
  tuple: Int32Array,
  seen: Seen & { id: number },
): number | undefined {
  for (const number of latest(list, LATELY_ASKED, seen)) {
    if (list.hostOf(number) !== seen.host || seen.id < list.beganWith(number)) continue
    const { isForMany, journey } = list.firstTold(number)
    if (isForMany || journey.outcome !== 'delivered') continue
    if (isFromAskedPort(list, tuple, number)) return number
  }
  return undefined
}

/** Does it go to who asked, from the port that was asked, whatever its address? A rule may have redirected the request to that one. */
export function isFromAskedPort(list: JoinedJourneys, reply: Int32Array, number: number): boolean {
  list.readTuple(number, other)
  const given = list
    .firstTold(number)
    .journey.steps.at(-1)
    ?.changes.find(({ field }) => field === 'dport')?.to
  return isReverse(reply, other, TO) && reply[8] === (given ?? other[9]) && reply[10] === other[10]
}

/**
 * The one that an error which came in may be about: whom it goes to has begun it not long before, and waits; undefined:
 * none, or several. `tuple`: the error's. `others`: journeys that it does not quote.
 */
export function onlyWaiting(
  list: JoinedJourneys,
  tuple: Int32Array,
  { journey: { packet }, host }: Told,
  seen: { id: number; clock: number; capture: number; others?: ReadonlySet<number> },
): number | undefined {
  const { id, clock, others } = seen
  if (packet.in === undefined) return undefined
  let only: number | undefined
  const to = tuple.subarray(4, 8)
  // who refuses is who was asked
  const from = isRefusal(packet) ? tuple.subarray(0, 4) : undefined
  for (const number of latest(list, LATEST, seen)) {
    // without clocks it may be long before
    if (list.isFailed(number) || id < list.beganWith(number) || clock - list.clockOf(number) > ERROR_AFTER) continue
    if (!list.isBegunBy(number, to) || (from && !list.isSentTo(number, from))) continue
    const { outcome } = list.latestTold(number).journey
    // who is rejected is told so
    if (isStopped(outcome) && outcome !== 'rejected') continue
    if (only !== undefined) return undefined
    only = number
  }
  const isAbout = only !== undefined && list.hostOf(only) === host && !others?.has(list.beganWith(only))
  return isAbout && !list.isReplied(only!) ? only : undefined
}

/** The only exchange of this address whose request vanished for this reason before journey `id`; undefined: none, or several. */
export function onlyVanished(
  list: JoinedJourneys,
  address: Int32Array,
  code: string,
  seen: { id: number; capture: number },
): number | undefined {
  let only: number | undefined
  for (const number of latest(list, LATEST, seen)) {
    const { outcome, findings } = list.firstTold(number).journey
    if (seen.id < list.beganWith(number) || outcome !== 'vanished') continue
    if (!findings.some((one) => one.code === code) || !list.isBegunBy(number, address)) continue
    if (only !== undefined) return undefined
    only = number
  }
  return only
}
