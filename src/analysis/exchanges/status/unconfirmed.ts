/** A reply that was captured, and of which something says that it may not have arrived; nobody was seen to go on with it. */
import { saysAstray } from '../../../model/exchange.ts'
import type { ConntrackEntry } from '../../../model/host.ts'
import type { Journey } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import { entryAnswered, entryOpened } from '../../../rules/conntrack/entries.ts'
import { isLongHalfOpen } from '../../../rules/conntrack/silence.ts'
import { isLocal, linkWith } from '../../../rules/fib.ts'
import { lookupRoute, questionOf } from '../../../rules/route.ts'
import { isAsking, type Part, type Told } from '../join/joined.ts'
import type { UnquotedError } from '../join/unquoted.ts'
import { askedInVain } from '../strays.ts'
import { otherUplink } from './other-uplink.ts'
import { goesOnBehind } from './unheard.ts'
import { isForSilentHop } from './unreached.ts'

/** Of what the capture as a whole shows. */
interface Seen {
  strays: readonly Told[]
  errors: readonly UnquotedError[]
  /** A reply is what the model sends back. */
  played: boolean
}

export function mayNotArrive(parts: readonly Part[], answer: Part, asked: Packet, seen: Seen): boolean {
  if (otherUplink(parts, asked)) return true
  if (seen.played || parts.some((one) => goesOnBehind(one, answer, parts))) return false
  const { told } = answer
  const entry =
    told.world.host.conntrack && (entryOpened(asked, told.world) ?? entryAnswered(told.journey.packet, told.world))
  if (entry && isUsed(entry)) return false
  if (!parts.some(isAsking) && mayGoAstray(told)) return true
  // whoever gets a SYN ACK goes on with it at once
  if (told.says === 'answers' && entry && isLongHalfOpen(entry, told.world)) return true
  // and a router that has it in place of whoever asked may drop it
  if (told.says === 'answers' && told.journey.findings.some(({ code }) => saysAstray(code))) return true
  // without a ruleset, its own words say that nat leaves it as it is
  if (told.isUntracked && told.journey.packet.src !== asked.dst) return true
  return (
    isForSilentHop(answer) || isOnUnknownWay(answer, entry) || isToldOfLoss(answer, seen) || isUnresolved(answer, seen)
  )
}

/** Who says no, and whether whoever asked is told: something says that it may not be so. */
export const mayBeUntold = (refusal: Part, parts: readonly Part[], asked: Packet): boolean =>
  mayBeOfRule(refusal, parts) || isForSilentHop(refusal) || otherUplink(parts, asked) !== undefined

/** This host itself says no, and nothing shows that the request passed its rules: one of them may have rejected it. */
function mayBeOfRule({ told: { journey } }: Part, parts: readonly Part[]): boolean {
  const requests = parts.filter(isAsking).map(({ told }) => told.journey)
  if (journey.packet.in !== undefined || requests.some(({ outcome }) => isPassed(outcome))) return false
  const has = (code: string, { findings }: Journey) => findings.some((one) => one.code === code)
  return requests.length > 0 ? requests.some((one) => has('no-ruleset', one)) : !has('refused-here', journey)
}

/**
 * Its request was not captured. This host has sent it by another interface than the one that has its source address, or
 * this host got it, and has no such address.
 */
function mayGoAstray({ journey, world: { host } }: Told): boolean {
  const { packet, outcome, steps } = journey
  if (outcome === 'delivered') return isLocal(packet.dst, host) === false
  if (packet.in !== undefined || packet.src === undefined) return false
  const link = linkWith(host, packet.src)
  const out = leftBy(steps)
  return link !== undefined && out !== undefined && out !== 'lo' && out !== link.name
}

const isUsed = ({ state, status }: ConntrackEntry): boolean =>
  state === 'ESTABLISHED' || state === 'TIME_WAIT' || status.includes('assured')

/**
 * Its route is not known, and no line shows where it went; or its handshake is half open, where whoever asked goes on with
 * what it gets.
 */
function isOnUnknownWay({ told: { journey, world, says } }: Part, entry: ConntrackEntry | undefined): boolean {
  const question = questionOf({ mark: 0, ...journey.packet })
  if (!question || lookupRoute(question, world.host) !== undefined) return false
  return leftBy(journey.steps) === undefined || (says === 'answers' && entry?.state?.startsWith('SYN_') === true)
}

/** This host has told whoever replied afterwards that it got a packet no further; which one, nft's trace does not show. */
function isToldOfLoss({ id, capture, told: { host, journey } }: Part, { errors }: Seen): boolean {
  const { src, in: device } = journey.packet
  if (device === undefined) return false
  return errors.some(
    (error) =>
      error.id > id &&
      error.capture === capture &&
      !error.isOurs &&
      error.told?.host === host &&
      error.told.journey.packet.dst === src,
  )
}

/** This host has asked for the link address of whom it replies to, and a rule stopped that. */
function isUnresolved(answer: Part, { strays }: Seen): boolean {
  const { journey } = answer.told
  const { dst, in: device } = journey.packet
  if (device !== undefined || dst === undefined || !dst.includes(':') || journey.outcome === 'delivered') return false
  const out = leftBy(journey.steps)
  const isThere = (asked: Packet) => out === undefined || asked.out === undefined || asked.out === out
  return askedInVain(strays, answer, dst).some((one) => isThere(one.journey.packet))
}
