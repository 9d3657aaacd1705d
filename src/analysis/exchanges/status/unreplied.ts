/** No reply was captured, and connection tracking had seen none when its entries were listed. */
import { finding } from '../../../explain/context.ts'
import type { PlayedReply } from '../../../explain/reply/played-reply.ts'
import { isAlwaysAnswered } from '../../../explain/reply/request-reply.ts'
import { saysNoReply } from '../../../model/exchange.ts'
import type { Hook } from '../../../model/hook.ts'
import type { ConntrackEntry } from '../../../model/host.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import { memo } from '../../../model/memo.ts'
import { isStoppedByRule } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import type { World } from '../../../model/world.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import { PATIENCE, silentFor } from '../../../rules/conntrack/silence.ts'
import { isForMany } from '../../../rules/fib.ts'
import type { Part } from '../join/joined.ts'

export interface Unreplied {
  finding: Finding
  /** A reply would have been seen: there was none. */
  tells: boolean
}

/** `entry`: the request's own. Undefined where it had not waited long, or where the packet went back where it came from. */
export function unrepliedBy(
  entry: ConntrackEntry,
  { told: { journey, world, reply } }: Part,
  comesHere: () => boolean,
): Unreplied | undefined {
  if (mayPassBy(entry, journey, world) || cameInOtherZone(entry, world)) return undefined
  const waited = silentFor(entry, world)
  if (waited === undefined || waited < PATIENCE) return undefined
  const had = `Connection tracking had seen no reply when its entries were listed, ${waited} seconds after the sender's last packet.`
  const why = isUntracked(reply, world)
    ? ' A rule keeps packets from connection tracking: a reply may be one of them.'
    : isFailing(journey) || comesHere()
      ? undefined
      : ' A reply may return through another router, because this host does no NAT for the connection.'
  const message = `${had}${why ?? ''}${needsNone(journey.packet)}`
  return { finding: finding('conntrack-unreplied', 'note', message), tells: why === undefined }
}

/** The entries were listed too soon, or who knows when: that none had come then speaks against a reply, and proves nothing. */
export function unrepliedSoon(entry: ConntrackEntry, { told: { journey, world } }: Part): Finding | undefined {
  if (!isUnreplied(entry) || mayPassBy(entry, journey, world) || cameInOtherZone(entry, world)) return undefined
  const listed = 'Connection tracking had seen no reply when its entries were listed'
  const when =
    silentFor(entry, world) === undefined
      ? '. How long after the packet that was is unknown.'
      : ", within a second of the sender's last packet. A reply may have come later."
  return finding('conntrack-unreplied', 'note', `${listed}${when}${needsNone(journey.packet)}`)
}

/** Log messages and measurements have none; what it is, the packet does not show. */
const needsNone = (packet: Packet): string =>
  packet.protocol === 'udp' && !isAlwaysAnswered(packet) ? ' Some UDP services never reply, such as syslog.' : ''

/**
 * What goes out where it came in may be answered past this host: not where that rewrote it, or sent it back. Who replies
 * to a broadcast does so from an address of its own, which is no reply of this connection.
 */
function mayPassBy({ original, reply: back }: ConntrackEntry, journey: Journey, { host }: World): boolean {
  if (isForMany(original, host)) return true
  const out = leftBy(journey.steps)
  const isRewritten = original.dst !== back.src || original.src !== back.dst
  return out !== undefined && out === journey.packet.in && !isRewritten && !isAstray(journey)
}

/** Whoever was asked has sent something to whom it replies: in another zone, for of one tuple a zone has one connection. */
const cameInOtherZone = ({ protocol, reply }: ConntrackEntry, world: World): boolean =>
  entryOpened({ protocol, ...reply }, world) !== undefined

const isAstray = ({ findings }: Journey): boolean => findings.some(({ code }) => code === 'wrong-way-out')

/** It does not get where it was to, or nobody there can reply to its sender. */
const isFailing = ({ findings }: Journey): boolean =>
  findings.some(
    ({ code, severity }) =>
      code === 'wrong-way-out' || (severity !== 'note' && (code === 'neighbour-failed' || saysNoReply(code))),
  )

/** Where the reply cannot be played, any rule may be about it. */
const isUntracked = (reply: PlayedReply | undefined, { tables }: World): boolean =>
  reply ? reply.isUntracked === true : hasNotrack(tables)

const hasNotrack = memo((tables: World['tables']): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ statements }) => statements.some(({ kind }) => kind === 'notrack')),
    ),
  ),
)

/**
 * Connection tracking marks its entry as replied before a rule stops the reply: nf_conntrack_in has priority -200 at the
 * first hook, before the routing decision. It marks none for what it takes for invalid, or for a new connection of another zone.
 */
export const stopsPastTracking = ({ journey, isUntracked }: PlayedReply): boolean =>
  isStoppedByRule(journey.outcome) &&
  !isUntracked &&
  !journey.findings.some(({ code }) => MARKS_NONE.has(code)) &&
  PAST_TRACKING.has(journey.steps.at(-1)?.hook)

const MARKS_NONE: ReadonlySet<string> = new Set(['other-zone', 'invalid-state'])

const PAST_TRACKING: ReadonlySet<Hook | undefined> = new Set<Hook>(['input', 'forward', 'postrouting'])
