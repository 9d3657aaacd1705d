/** What came of a request, told from the journeys of both directions, host state, and the reply as the model plays it. */

import { droppedLater } from '../../../explain/findings/kernel-drop.ts'
import { ACCEPT_REPLIES } from '../../../explain/findings/reply-dropped.ts'
import { drops as known } from '../../../explain/kernel-drops/later.ts'
import { isAlwaysAnswered } from '../../../explain/reply/request-reply.ts'
import { type Exchange, type ExchangeStatus, saysNoReply } from '../../../model/exchange.ts'
import type { ConntrackEntry } from '../../../model/host.ts'
import { isRedirect } from '../../../model/icmp-error.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import { isDiscovery } from '../../../model/neighbour-discovery.ts'
import { getsThrough, isPassed, isStopped, isStoppedByRule, isThoughtVanished } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import { isLongHalfOpen } from '../../../rules/conntrack/silence.ts'
import { asItLeft, hidesSource } from '../../as-it-left.ts'
import { isAsking, type Joined, type Part, type Told } from '../join/joined.ts'
import { withoutRuleResets } from '../join/reset-by-rule.ts'
import { mayBeAbout, type UnquotedError } from '../join/unquoted.ts'
import { unaskedHop } from '../strays.ts'
import { acknowledgements } from './acknowledged.ts'
import { cameTooLate } from './given-up.ts'
import { hasGoneOn, isSameAttempt } from './gone-on.ts'
import { begunAnew, connectionExpired, fromOtherEnd, inOtherNetwork, isWrittenOver } from './later.ts'
import { droppedReset, lostReset } from './lost-reset.ts'
import { otherNeighbour, otherRouter, pastSender } from './other-neighbour.ts'
import { withoutOtherSide } from './other-side.ts'
import { isAskedAgain, otherUplink } from './other-uplink.ts'
import { isGuessed, isOutdated } from './outdated-error.ts'
import { withoutOwnCopies } from './own-copies.ts'
import { goesPastAsker, missesProxy } from './past-asker.ts'
import { refusesReplies } from './refused-reply.ts'
import { replyKept } from './reply-kept.ts'
import { resetByPeer } from './reset-by-peer.ts'
import { returnedAs } from './returned-as.ts'
import { rewrittenMidway } from './rewritten-midway.ts'
import { routingLoop } from './routing-loop.ts'
import { carriesData } from './segment.ts'
import { setTooSmall } from './ttl-used-up.ts'
import { unacknowledged } from './unacknowledged.ts'
import { mayBeUntold, mayNotArrive } from './unconfirmed.ts'
import { goesOnBehind, isUnheardOf } from './unheard.ts'
import { isAboutEnd, isBeforeSilentHop, refusedBy, unreachedWith } from './unreached.ts'
import { stopsPastTracking, unrepliedBy, unrepliedSoon } from './unreplied.ts'
import { wasAnswered } from './was-answered.ts'
import { comesBackHere } from './way-back.ts'
import { withoutFirst } from './without-first.ts'

/** What the capture as a whole shows. */
export interface Seen {
  /** What the captures show of replies, by capture: there replies are seen where they come by. */
  replies: ReadonlyMap<number, ReadonlySet<Told>>
  /** Of each capture when its last event was: microseconds by its clock; NaN where it has none. */
  lastClocks: readonly number[]
  /** Of each capture the most journeys that began within a second. */
  crowds: readonly number[]
  /** Packets that were stopped and that exchanges may have needed. */
  strays: readonly Told[]
  /** What a helper of conntrack's would have known as a part of another connection. */
  unexpected: readonly Told[]
  /** Packets that came in with an address of this host's own, and were dropped for that. */
  returned: readonly Told[]
  errors: readonly UnquotedError[]
  /** The packets are played: a reply is what the model sends back. */
  played: boolean
  /** Packets come right now: the kernel may have said later than a journey was explained that it dropped the packet. */
  live?: true
}

export interface Verdict {
  status: ExchangeStatus
  basis: Exchange['basis']
  /** The journey that shows it. */
  decided: Part
  /** What is wrong with the exchange, and with none of its journeys alone. */
  finding?: Finding
  /** Then its first journey did not go the wrong way. */
  isLoop?: true
}

/** Who has asked waits for so long, at least; microseconds. */
export const PATIENCE = 2e6

/** More packets a second than a rate limit lets through in any case (nft's and iptables' burst is 5): of such no silence tells. */
const BURST = 5

/** `ask`: gives what was asked. */
export function verdictOf(joined: Joined, ask: () => Packet, seen: Seen): Verdict {
  const parts = withoutRuleResets(withoutOwnCopies(withoutOtherSide(joined.parts)))
  const isReply = ({ role }: Part) => role === 'replies'
  const isError = ({ role }: Part) => role === 'errors'
  const [only] = parts
  if (parts.length === 1 && isStopped(only!.told.journey.outcome) && isAsking(only!)) return stopped(only!)
  const stops = stopsOf(parts)
  const lostReply = stops.find(isReply)
  if (lostReply) {
    const late = lostReply.isNewFlow ? begunAnew(parts, lostReply) : connectionExpired(parts, lostReply)
    const known = late ?? missesProxy(parts, lostReply) ?? droppedReset(lostReply)
    const mended = known ? { finding: known } : mendedTogether(parts.find(isAsking), lostReply)
    return { ...observed('reply-lost', lostReply), ...mended }
  }
  const isAboutRequest = (one: Part) =>
    isError(one) && !one.aboutReply && !isStopped(one.told.journey.outcome) && !isRedirect(one.told.journey.packet)
  const errors = parts.filter((one) => isAboutRequest(one) && !isOutdated(one, parts))
  const refusal = errors.find((one) => isAboutEnd(one, parts, ask()))
  // several captures may show one packet: what a rule did was seen, that it vanished is concluded
  const stop = stops.find((one) => isAsking(one) && one.told.journey.basis === 'observed') ?? stops.find(isAsking)
  const loop = stop && isStoppedByRule(stop.told.journey.outcome) ? undefined : routingLoop(parts)
  if (loop) return { ...observed('lost', loop.part), finding: loop.finding, isLoop: true }
  if (stop) return stopped(stop)
  if (refusal && isLostBehind(refusal, parts, ask)) return inferred('reply-lost', refusal)
  const refused = (one: Part) => (mayBeUntold(one, parts, ask()) ? 'undetermined' : 'refused')
  if (refusal) {
    if (!isGuessed(refusal)) return observed(refused(refusal), refusal)
    return inferred(refused(refusal), refusal, refusedBy(refusal, parts, ask()))
  }
  const answers = parts.filter((one) => isReply(one) && passed(one))
  const arrived = answers.find((one) => !one.isNewFlow && !isLostBehind(one, parts, ask))
  const answer = arrived ?? answers[0]
  if (answer) {
    if (!arrived) return inferred('reply-lost', answer, answer.isNewFlow ? begunAnew(parts, answer) : undefined)
    if (isAskedAgain(answer, parts, ask)) return inferred('reply-lost', answer)
    if (answer.told.says === 'resets') return observed(refused(answer), answer)
    const midway = rewrittenMidway(parts)
    if (midway) return { ...observed('reply-lost', midway.part), finding: midway.finding }
    const isUsed = parts.some((one) => goesOnBehind(one, answer, parts))
    const kept = isUsed ? undefined : replyKept(parts, answer)
    if (kept) return inferred('reply-lost', answer, kept)
    const astray = () => (isUsed ? undefined : (begunAnew(parts, answer) ?? sentElsewhere(parts, ask())))
    // who sends on in a TCP connection got the reply, whatever was written into it
    const isKept = isUsed && answer.told.journey.packet.protocol === 'tcp'
    if (isUnheardOf(answer, parts) || (!isKept && isWrittenOver(parts, answer)))
      return inferred('reply-lost', answer, astray())
    if (goesPastAsker(parts, answer))
      return inferred('reply-lost', answer, missesProxy(parts, answer) ?? parts.find(isAsking)?.told.reply?.finding)
    const finding = astray()
    if (finding || refusesReplies(parts, answer)) return inferred('reply-lost', answer, finding)
    const reset = resetByPeer(parts)
    if (reset) return { ...observed(reset.isBare ? 'refused' : 'answered', reset.part), finding: reset.finding }
    const silence = unacknowledged(parts, ask())
    if (silence) return inferred(isAsking(silence.part) ? 'lost' : 'reply-lost', silence.part, silence.finding)
    return observed(mayNotArrive(parts, answer, ask(), seen) ? 'undetermined' : 'answered', answer)
  }
  // the reset itself says it, wherever the capture loses sight of it
  const reset = parts.find((one) => isReply(one) && one.told.says === 'resets' && !isStopped(one.told.journey.outcome))
  const opening = reset && parts.find((one) => one.role === 'request' && one.told.says === 'opens' && passed(one))
  if (opening) {
    const finding = lostReset(opening, reset)
    return finding ? inferred('reply-lost', reset, finding) : inferred('refused', reset)
  }
  const [error] = errors
  if (error) {
    const unreached = unreachedWith(error, parts)
    if (unreached) return { ...observed('lost', unreached.decided), ...unreached }
    const isUnquoted = isGuessed(error)
    const finding = setTooSmall(error, parts) ?? (isUnquoted ? refusedBy(error, parts, ask()) : undefined)
    return { ...(isUnquoted ? inferred : observed)('lost', error), ...(finding ? { finding } : {}) }
  }
  const last = parts.findLast(isAsking) ?? parts.at(-1)!
  // conntrack leads a retransmission, and what follows, past nat, so that less is seen of it than of what began
  const isUnseen = last.told.journey.outcome === 'undetermined'
  const isGoneOn = isUnseen && hasGoneOn(parts)
  const shown =
    isUnseen && (isGoneOn || last.role === 'retransmissions')
      ? parts.findLast((one) => isAsking(one) && (passed(one) || (!isGoneOn && one.role === 'request')))
      : undefined
  const request = shown ?? last
  return isAsking(request) && passed(request) ? unheard(joined, parts, request, ask, seen) : silent(request)
}

/** What comes of a request goes by its class where no entry, reply or error tells of its very packet. */
export const goesAsItsClass = ({ journey, world }: Told, { replies, errors, returned }: Seen): boolean =>
  isStopped(journey.outcome) || (!world.host.conntrack && replies.size + errors.length + returned.length === 0)

const STOPPED: Partial<Record<Journey['outcome'], ExchangeStatus>> = {
  dropped: 'dropped',
  rejected: 'rejected',
  vanished: 'lost',
}

const stopped = (part: Part): Verdict => observed(STOPPED[part.told.journey.outcome] ?? 'lost', part)

const observed = (status: ExchangeStatus, decided: Part): Verdict => ({
  status,
  basis: decided.told.journey.basis,
  decided,
  ...(decided.told.several ? { finding: decided.told.several } : {}),
})

/**
 * Where no change to what stopped the reply lets it through: changes that do together, as the request's played reply has them. And
 * where nothing tracked the connection, a rule for replies: the reply's own packet shows no state that one could match.
 */
function mendedTogether(request: Part | undefined, { told }: Part): Pick<Verdict, 'finding'> {
  const { findings } = told.journey
  const seen = findings.find(({ code }) => code === 'reply-dropped')
  const fix = request?.told.reply?.finding?.fix.filter(getsThrough) ?? []
  if (!seen || fix.length === 0) return {}
  if (!findings.some((one) => one.fix.some(getsThrough))) return { finding: { ...seen, fix } }
  const ofReplies = seen.fix.length > 0 ? [] : fix.filter(({ description }) => description === ACCEPT_REPLIES)
  return ofReplies.length > 0 ? { finding: { ...seen, fix: ofReplies } } : {}
}

const inferred = (status: ExchangeStatus, decided: Part, finding?: Finding): Verdict => ({
  status,
  basis: 'inferred',
  decided,
  ...(finding ? { finding } : {}),
})

const passed = ({ told }: Part): boolean => isPassed(told.journey.outcome)

/** Those that were stopped, and neither sent again with more luck nor stragglers of what was over; each as it came. */
function stopsOf(parts: readonly Part[]): Part[] {
  const stops: Part[] = []
  const end = parts.findIndex(ends)
  const reply = parts.findIndex((one) => one.role === 'replies' && passed(one))
  const passedLater = new Set<string>()
  // lines of the log are missing of a reply that who asked has gone on with
  const isMissed = (one: Part) => one.role === 'replies' && isThoughtVanished(one.told.journey)
  const isGoneOn = parts.some(isMissed) && hasGoneOn(parts)
  const wasAcknowledged = acknowledgements(parts)
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]!
    const { role, told } = part
    // without one fragment nothing arrives of its datagram
    const kind = `${role === 'replies'} ${told.says} ${told.journey.packet.fragOffset ?? 0}`
    // an acknowledgement, or the end, makes up for no data
    const alike = carriesData(told.journey.packet) ? `${kind} data` : kind
    if (role !== 'errors' && passed(part) && !cameTooLate(part, parts)) passedLater.add(kind).add(alike)
    if (!isStopped(told.journey.outcome) || role === 'errors' || passedLater.has(alike)) continue
    if (end >= 0 && end < i) continue
    if (wasAnswered(part, parts) || wasAcknowledged(part)) continue
    if (isMissed(part) && isGoneOn) continue
    if (told.says === 'resets' && reply >= 0 && reply < i) continue
    stops.push(part)
  }
  return stops.reverse()
}

const ends = (part: Part): boolean =>
  passed(part) && (part.told.journey.packet.tcpFlags?.some((flag) => flag === 'fin' || flag === 'rst') ?? false)

/** The request is not known to have passed. */
function silent(part: Part): Verdict {
  const { outcome, findings } = part.told.journey
  if (findings.some(({ code, severity }) => LOST_UNSEEN.includes(code) && severity === 'error'))
    return inferred('lost', part)
  return observed(outcome === 'queued' ? 'queued' : 'undetermined', part)
}

/** It passed, and no reply was captured. */
function unheard({ tuple }: Joined, parts: readonly Part[], request: Part, ask: () => Packet, seen: Seen): Verdict {
  const { journey, reply, world, says, nat } = request.told
  const has = (code: string) => journey.findings.some((one) => one.code === code && one.severity === 'error')
  const entry = world.host.conntrack && entryOpened(ask(), world)
  const refusal = parts.find((one) => one.role === 'errors' && !one.aboutReply && isStopped(one.told.journey.outcome))
  if (refusal && !(entry && goesOn(entry)) && isAboutEnd(refusal, parts, ask())) return observed('reply-lost', refusal)
  const unquoted = seen.errors.filter((error) => mayBeAbout(error, request, tuple))
  const broken = seen.played ? undefined : withoutFirst(parts)
  if (broken) return { ...observed('undetermined', request), finding: broken }
  const mayHaveFailed = unquoted.length > 0
  const leavesElsewhere = () => seen.played && otherUplink(parts, ask(), true) !== undefined
  if (has('closed-port'))
    // an error that passed may go the wrong way all the same
    return reply?.finding && (!mayHaveFailed || isPassed(reply.journey.outcome))
      ? inferred('reply-lost', request, reply.finding)
      : inferred(leavesElsewhere() ? 'undetermined' : 'refused', request)
  if (has('echo-ignored') || (isDiscovery(journey.packet) && has('neighbour-discovery-dropped')))
    return inferred('unanswered', request)
  if (has('bridge-nf-call')) return inferred(journey.outcome === 'delivered' ? 'lost' : 'reply-lost', request)
  if (LOST.some(has)) return inferred('lost', request)
  const later = seen.live && request.own ? laterDrop(request.told) : undefined
  if (later) return { ...observed('lost', request), finding: later }
  // connection tracking has seen a reply also where that went no further
  const replied = parts.some(({ role }) => role === 'replies')
  if ((!replied && entry && goesOn(entry)) || hasGoneOn(parts)) return inferred('answered', request)
  const returned = replied ? undefined : returnedAs(ask(), request.told, seen.returned)
  if (returned) return inferred('lost', request, returned)
  if (has('neighbour-failed')) return inferred('lost', request)
  const unasked = replied || (entry && !isUnreplied(entry)) ? undefined : unaskedHop(seen.strays, request)
  if (unasked) return inferred('lost', request, unasked)
  const unfound = replied ? undefined : journey.findings.find(({ code }) => code === 'neighbour-discovery-dropped')
  if (unfound) return inferred('reply-lost', request, unfound)
  const other = !replied && (!entry || !isReplied(entry)) ? fromOtherEnd(request.told, seen.unexpected) : undefined
  if (other) return inferred('reply-lost', request, other)
  const elsewhere = replied ? undefined : sentElsewhere(parts, ask())
  if (elsewhere) return inferred('reply-lost', request, elsewhere)
  // the next hop has no link address, and this host tells the sender that it reached nobody
  const unreached = unquoted.some(({ isUnreached }) => isUnreached) && parts.find(isBeforeSilentHop)
  if (unreached) return inferred('lost', unreached)
  if (mayHaveFailed) return observed('undetermined', request)
  const full =
    entry && isUnreplied(entry) && request.told.inVain?.unanswered?.find(({ code }) => code === 'accept-queue-full')
  if (full) return inferred('unanswered', request)
  const repliesShown = seen.replies.get(request.capture)
  const comesHere = () => comesBackHere(request.told, entry, repliesShown)
  const unreplied = !replied && entry ? unrepliedBy(entry, request, comesHere) : undefined
  // connection tracking would have seen the reply before that stopped it
  if (reply?.finding && !(unreplied && stopsPastTracking(reply))) return inferred('reply-lost', request, reply.finding)
  const elsewhereAsWell = inOtherNetwork(parts, ask())
  if (elsewhereAsWell && entry && isUnreplied(entry)) return inferred('unanswered', request)
  // how it went on was not captured, but that it was sent again
  const resent = parts.find((one) => one.role === 'replies' && isUnheardOf(one, parts))
  if (resent) return inferred('reply-lost', resent)
  // a reply to what came before it
  const isFresh = !replied && entry && isReplied(entry) && nat !== 'skipped'
  if (isFresh && !otherUplink(parts, ask())) return inferred('answered', request)
  if (reply && seen.played && !isDoubted(journey) && !elsewhereAsWell && !leavesElsewhere())
    return inferred('answered', request)
  // who asks again has had no answer to what passed before
  const first = parts.findIndex(passed)
  const again = parts.some(
    (one, i) =>
      i > first &&
      one.role === 'retransmissions' &&
      one.capture === parts[first]!.capture &&
      parts.slice(first, i).some((earlier) => isAsking(earlier) && isSameAttempt(earlier, one)),
  )
  // nobody had its next hop's link address: then it did not get far
  const silence = parts.some(isBeforeSilentHop) ? 'lost' : 'unanswered'
  if (again) return { ...(repliesShown ? observed : inferred)(silence, request) }
  const answers = says === 'opens' || (journey.packet.protocol === 'udp' && isAlwaysAnswered(ask()))
  if (unreplied?.tells && answers) return inferred(silence, request, unreplied.finding)
  const waited = (seen.lastClocks[request.capture] ?? Number.NaN) - request.clock >= PATIENCE
  const isWhole = (seen.crowds[request.capture] ?? 0) <= BURST
  if (repliesShown && isWhole && waited && answers && knowsWhereReplyComes(journey) && comesHere())
    return inferred('unanswered', request)
  // right now one may come yet
  const doubt = unreplied?.finding ?? (replied || !entry || seen.live ? undefined : unrepliedSoon(entry, request))
  return { ...observed('undetermined', request), ...(doubt ? { finding: doubt } : {}) }
}

/** Nothing tells that who asked has gone on, and its link address is not the one that replies go to. */
function sentElsewhere(parts: readonly Part[], asked: Packet): Finding | undefined {
  const { world } = parts[0]!.told
  const entry = world.host.conntrack && entryOpened(asked, world)
  if (!entry || goesOn(entry) || entry.status.includes('assured')) return undefined
  return otherNeighbour(parts) ?? (isLongHalfOpen(entry, world) ? (otherRouter(parts) ?? pastSender(parts)) : undefined)
}

/** Whoever asked has acknowledged the reply. */
const goesOn = ({ state }: ConntrackEntry): boolean => state === 'ESTABLISHED' || state === 'TIME_WAIT'

/** A reply came here, which need not get to who asked: a handshake that stays half open shows that it does not. */
const isReplied = (entry: ConntrackEntry): boolean =>
  !isUnreplied(entry) && (entry.state === undefined || !/^SYN_/.test(entry.state))

/**
 * The reply was lost behind the last chain. That it goes the wrong way, or that the next hop does not answer a handshake,
 * tells it only where nobody has gone on: the next hop may have gone silent later.
 */
function isLostBehind({ id, capture, told }: Part, parts: readonly Part[], ask: () => Packet): boolean {
  const { findings, packet } = told.journey
  const isSaid = (code: string) => findings.some((one) => one.code === code && one.severity === 'error')
  if (LOST.some(isSaid)) return true
  if (parts.some((one) => one.capture === capture && goesOnBehind(one, { id }, parts))) return false
  const isAstray = findings.some(({ code, severity }) => code === 'wrong-way-out' && severity !== 'note')
  const isHandshake = told.says === 'answers' && packet.protocol === 'tcp'
  const isSilent = isHandshake ? findings.some(({ code }) => code === 'neighbour-failed') : isSaid('neighbour-failed')
  if (!isAstray && !isSilent) return false
  const entry = told.world.host.conntrack && entryOpened(ask(), told.world)
  return !(entry && goesOn(entry))
}

/** The kernel, or the way on, has lost it behind the last chain; an error of the way says that it was seen to come back. */
const LOST = [
  ...['kernel-drop', 'dropped-beside', 'ipsec-no-state', 'other-zone'],
  ...['vanished-mtu', 'vanished-no-route', 'wrong-way-out', 'snat-port-taken'],
]

/** The same of what no further chain showed. */
const LOST_UNSEEN = ['queue-without-listener', 'wrong-way-out']

/** The model's reply takes for granted that the request arrives, and that whoever has it replies to this host. */
const isDoubted = ({ findings }: Journey): boolean =>
  findings.some(
    ({ code, severity }) =>
      severity !== 'note' && (saysNoReply(code) || code === 'neighbour-failed' || code === 'wrong-way-out'),
  )

/** NAT that chooses a port itself leaves no trace of where the reply comes to. */
const knowsWhereReplyComes = ({ steps }: Journey): boolean => !steps.some(hidesSource)

function laterDrop({ journey, world }: Told): Finding | undefined {
  const { drops } = world.host
  const [first, last] = [Date.parse(journey.time?.first ?? ''), Date.parse(journey.time?.last ?? '')]
  if (!drops || drops.length === 0 || Number.isNaN(first) || Number.isNaN(last)) return undefined
  const left = { ...journey.packet, ...asItLeft(journey) }
  const drop = known.loaded.findDrop(drops, [journey.packet, left], { first, last })
  return drop && droppedLater(left, drop)
}
