/** Which exchange a packet replies to, where its addresses and ports are not those of the request turned round; and when they only seem to be. */
import { ruleOfStep } from '../../../explain/refs.ts'
import { entryAnswered, entryOpened } from '../../../rules/conntrack/entries.ts'
import { type ClosedJourney, TUPLE_WORDS } from '../../closed-journey.ts'
import type { JoinedJourneys, Told } from './joined.ts'
import { lastAskedBeside } from './latest.ts'
import { ENDS, type Found, isReverse, TO, type TupleTable } from './tuple-table.ts'

type Closed = Pick<ClosedJourney, 'tuple' | 'lastTuple' | 'packet' | 'world'>

/** A reply to what was masqueraded goes to who had asked, once nat is undone: a reset leaves no entry that would tell it. */
export function asItWent(
  table: TupleTable,
  tuple: Int32Array,
  { says, host }: Told,
  closed: Closed,
): Found | undefined {
  if (says === 'opens' || says === 'fails') return undefined
  closed.lastTuple(tuple)
  const found = table.find(tuple, host)
  closed.tuple(tuple)
  return found?.turned ? found : undefined
}

/** Whoever is bound to these takes what comes from any address (RFC 2131, RFC 8415). */
const OF_DHCP: readonly (number | undefined)[] = [68, 546]

/** A datagram of this host that may answer one. Where both ends have one port, either may have begun. */
export function mayReplyBeside({ says, journey: { packet } }: Told): boolean {
  const { protocol, sport, dport, out, fragOffset } = packet
  if (says !== 'any' || protocol !== 'udp' || packet.in !== undefined || out === undefined || fragOffset) return false
  return sport !== dport && !OF_DHCP.includes(dport)
}

/**
 * UDP of this host, to where another of its addresses was asked at this port: a program that is bound to no address has its
 * source from the route.
 */
export function fromOtherAddress(
  list: JoinedJourneys,
  tuple: Int32Array,
  told: Told,
  { id }: Pick<ClosedJourney, 'id'>,
  capture: number,
): Found | undefined {
  const { host } = told
  const value = mayReplyBeside(told) ? lastAskedBeside(list, tuple, { host, capture, id }) : undefined
  return value === undefined ? undefined : { value, turned: true, isNewFlow: isNewFlow(told, list.firstTold(value)) }
}

/** Conntrack leads a reply back past the rule that has redirected the request. */
export const isNewFlow = ({ journey: { packet } }: Told, asked: Told): boolean =>
  packet.ctDir !== 'reply' && !isRedirected(asked)

/** To one of this host's addresses. */
export function isRedirected({ journey: { steps }, world }: Told): boolean {
  const last = steps.at(-1)
  return last !== undefined && ruleOfStep(last, world)?.rule.statements.some(({ kind }) => kind === 'redirect') === true
}

/** Hooks behind the places where nf_nat_core.c gives a reply the destination back that its request came from. */
const BEHIND_UNDOING: readonly (string | undefined)[] = ['input', 'forward', 'postrouting']
const asked = new Int32Array(TUPLE_WORDS)
const went = new Int32Array(TUPLE_WORDS)

/**
 * It has the addresses that nat is thought to have given a request, turned round, and is a new flow all the same: behind
 * PREROUTING it still does not go to who had asked, or it has begun an entry of its own. Nat may have chosen another port.
 */
export function isNotUndone(
  list: JoinedJourneys,
  tuple: Int32Array,
  { value, turned: back, isNewFlow: isBeside = false }: Found,
  { says, journey, isUntracked }: Told,
  closed: Closed,
): boolean {
  if (isBeside || !back || says === 'opens' || says === 'fails') return isBeside
  // whoever belongs to a group replies with an address of its own, and whoever asked one takes it
  if (list.asksMany(value)) return false
  list.readTuple(value, asked)
  // nat has nothing to undo where it came from whom it asked, to where it was asked from
  if (isReverse(tuple, asked, ENDS)) return false
  // an entry that has its addresses leads nothing back that is not tracked
  const packet = isUntracked ? undefined : closed.world.host.conntrack && closed.packet()
  if (packet && entryAnswered(packet, closed.world)) return false
  if (packet && entryOpened(packet, closed.world)) return true
  if (!BEHIND_UNDOING.includes(journey.steps.at(-1)?.hook) || journey.packet.fragOffset) return false
  closed.lastTuple(went)
  return went.some((word) => word !== 0) && !isReverse(went, asked, TO)
}
