/** A request that got through, and no reply to it that was captured: what host state, the model and time tell. */

import { droppedLater } from '../../../explain/findings/kernel-drop.ts'
import { drops as known } from '../../../explain/kernel-drops/later.ts'
import { isAlwaysAnswered } from '../../../explain/reply/request-reply.ts'
import { saysNoReply } from '../../../model/exchange.ts'
import type { ConntrackEntry } from '../../../model/host.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import { isDiscovery } from '../../../model/neighbour-discovery.ts'
import { isPassed, isStopped } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import { asItLeft, hidesSource } from '../../as-it-left.ts'
import { isAsking, type Joined, type Part, type Told } from '../join/joined.ts'
import { mayBeAbout } from '../join/unquoted.ts'
import { unaskedHop } from '../strays.ts'
import { hasGoneOn, isSameAttempt } from './gone-on.ts'
import { keptWithReset } from './kept-with-reset.ts'
import { fromOtherEnd, inOtherNetwork } from './later.ts'
import { leftOpen } from './open-reply.ts'
import { otherUplink } from './other-uplink.ts'
import { returnedAs } from './returned-as.ts'
import { sentElsewhere } from './sent-elsewhere.ts'
import { isUnheardOf } from './unheard.ts'
import { isAboutEnd, isBeforeSilentHop } from './unreached.ts'
import { stopsPastTracking, unrepliedBy, unrepliedSoon } from './unreplied.ts'
import { goesOn, inferred, LOST, observed, passed, type Seen, type Verdict } from './verdict.ts'
import { comesBackHere } from './way-back.ts'
import { withoutFirst } from './without-first.ts'

/** Who has asked waits for so long, at least; microseconds. */
export const PATIENCE = 2e6

/** More packets a second than a rate limit lets through in any case (nft's and iptables' burst is 5): of such no silence tells. */
const BURST = 5

/** It passed, and no reply was captured. */
export function unanswered(
  { tuple }: Joined,
  parts: readonly Part[],
  request: Part,
  ask: () => Packet,
  seen: Seen,
): Verdict {
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
  const kept = replied ? undefined : keptWithReset(parts)
  if (kept) return inferred('reply-lost', request, kept)
  const elsewhereAsWell = inOtherNetwork(parts, ask())
  if (elsewhereAsWell && entry && isUnreplied(entry)) return inferred('unanswered', request)
  // how it went on was not captured, but that it was sent again
  const resent = parts.find((one) => one.role === 'replies' && isUnheardOf(one, parts))
  if (resent) return inferred('reply-lost', resent)
  // a reply to what came before it
  const isFresh = !replied && entry && isReplied(entry) && nat !== 'skipped'
  const open = request.told.openReply
  if (isFresh && open) return { ...observed('undetermined', request), finding: leftOpen(open) }
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

/** A reply came here, which need not get to who asked: a handshake that stays half open shows that it does not. */
const isReplied = (entry: ConntrackEntry): boolean =>
  !isUnreplied(entry) && (entry.state === undefined || !/^SYN_/.test(entry.state))

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
