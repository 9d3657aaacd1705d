/** What came of a request, told from the journeys of both directions, host state, and the reply as the model plays it. */

import { ACCEPT_REPLIES } from '../../../explain/findings/reply-dropped.ts'
import type { ExchangeStatus } from '../../../model/exchange.ts'
import { isRedirect } from '../../../model/icmp-error.ts'
import type { Journey } from '../../../model/journey.ts'
import { getsThrough, isStopped, isStoppedByRule, isThoughtVanished } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { entryOpened } from '../../../rules/conntrack/entries.ts'
import { isAsking, type Joined, type Part, type Told } from '../join/joined.ts'
import { isOwnReset, withoutRuleResets } from '../join/reset-by-rule.ts'
import { acknowledgements } from './acknowledged.ts'
import { cameTooLate } from './given-up.ts'
import { hasGoneOn } from './gone-on.ts'
import { begunAnew, connectionExpired, isWrittenOver } from './later.ts'
import { droppedReset, lostReset } from './lost-reset.ts'
import { withoutOtherSide } from './other-side.ts'
import { isAskedAgain } from './other-uplink.ts'
import { isGuessed, isOutdated } from './outdated-error.ts'
import { withoutOwnCopies } from './own-copies.ts'
import { goesPastAsker, missesProxy } from './past-asker.ts'
import { refusesReplies } from './refused-reply.ts'
import { replyKept } from './reply-kept.ts'
import { resetByPeer } from './reset-by-peer.ts'
import { rewrittenMidway } from './rewritten-midway.ts'
import { routingLoop } from './routing-loop.ts'
import { carriesData } from './segment.ts'
import { sentElsewhere } from './sent-elsewhere.ts'
import { setTooSmall } from './ttl-used-up.ts'
import { unacknowledged } from './unacknowledged.ts'
import { unanswered } from './unanswered.ts'
import { mayBeUntold, mayNotArrive } from './unconfirmed.ts'
import { goesOnBehind, isUnheardOf } from './unheard.ts'
import { isAboutEnd, refusedBy, unreachedWith } from './unreached.ts'
import { goesOn, inferred, LOST, observed, passed, type Seen, type Verdict } from './verdict.ts'
import { wasAnswered } from './was-answered.ts'

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
  // a reset of this host's says of no reply that it arrived: a rule or the kernel sends it for one that comes to the wrong place
  const last =
    parts.findLast((one) => isAsking(one) && !isOwnReset(one.told)) ?? parts.findLast(isAsking) ?? parts.at(-1)!
  // conntrack leads a retransmission, and what follows, past nat, so that less is seen of it than of what began
  const isUnseen = last.told.journey.outcome === 'undetermined'
  const isGoneOn = isUnseen && hasGoneOn(parts)
  const shown =
    isUnseen && (isGoneOn || last.role === 'retransmissions')
      ? parts.findLast((one) => isAsking(one) && (passed(one) || (!isGoneOn && one.role === 'request')))
      : undefined
  const request = shown ?? last
  return isAsking(request) && passed(request) ? unanswered(joined, parts, request, ask, seen) : silent(request)
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

/** The same of what no further chain showed. */
const LOST_UNSEEN = ['queue-without-listener', 'wrong-way-out']
