/**
 * Whatever a finding proposes is tried before anybody types it: its edits are applied to a copy of the World, and the
 * packet sent again. That says something only where the engine first gives the journey as it was seen.
 */

import { applyEdits } from '../../edits/apply.ts'
import type { Played } from '../../journey/engine.ts'
import type { Edit } from '../../model/edit.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Finding, Fix, Journey } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import { getsThrough, helps, isPassed, isServed, isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { isStandIn } from '../../model/stand-in.ts'
import type { World } from '../../model/world.ts'
import { CHANCE, SEEN_LATELY } from '../../rules/by-turns.ts'
import { entryAskedElsewhere } from '../../rules/conntrack/entries.ts'
import { isLocalCondition } from '../../rules/fib.ts'
import { NOT_TRIED } from '../changes/proposal.ts'
import { gatewayBeside } from '../counterfactual/undeliverable.ts'
import { isOfGuests } from '../host/bridges.ts'
import { astray, homeOf } from '../host/routes.ts'
import { askedMany } from '../reply/asked-many.ts'
import { byOtherUplink, type OtherUplink } from '../reply/back-out.ts'
import { isKeptHere, reaches, refusesOpening } from '../reply/request-reply.ts'
import { withReturn } from './assumed-return.ts'
import { stoppedBetweenPorts } from './bridged-neighbours.ts'
import { harmOf, leadsOthersAway } from './bystanders.ts'
import { unfinished } from './handshake.ts'
import { stoppedDiscovery } from './neighbours.ts'
import { type Arrived, type Assumed, asideOf, elsewhereOf, isTriable, type Way, waysOf } from './reply-ways.ts'
import type { Reproduction } from './reproduce.ts'
import { codesWith, STILL_WRONG, USELESS, uselessBy } from './useless.ts'
import { givenWords } from './what-stands.ts'

/** What came of one proposed fix; `index` is its place among its finding's. */
interface Trial extends Pick<Fix, 'verified' | 'after' | 'afterSource' | 'but' | 'given' | 'unverified'> {
  index: number
  /** Absent: nothing to try. */
  mends?: boolean
  /** Others of the same sender go another way then. */
  isWide?: true
  /** Whoever types it is refused. */
  isRefused?: true
  /** What the result hangs on. */
  unless?: string
  /** What is to be known of a good one: many a machine works so. */
  aside?: string
}

/** For each finding its fixes, in the order in which they are to be shown. */
export type Trials = readonly (readonly Trial[])[]

/**
 * Tries what the journey's findings propose. What is done by hand stays on top; then what mends; last what does not.
 * `reproduce` is asked only where something changes the ruleset or the host.
 */
export function tryFixes({ findings }: Journey, reproduce: () => Reproduction | { reason: string }): Trials {
  const changes = findings.some(({ fix }) => fix.some(({ edits }) => edits !== undefined))
  const reproduction = changes ? reproduce() : undefined
  return findings.map((finding) =>
    trialsOf(finding, reproduction).filter((one) => !isWorse(one, finding, reproduction)),
  )
}

function trialsOf(finding: Finding, reproduction: Reproduction | { reason: string } | undefined): Trial[] {
  const trials = finding.fix.map(({ edits, stops, unverified }, index): Trial => {
    if (!edits || !reproduction || (unverified !== undefined && unverified !== NOT_TRIED)) return { index }
    if ('reason' in reproduction) return { index, unverified: reproduction.reason }
    return { index, ...tryEdits(edits, stops, finding, reproduction) }
  })
  // where no routes are listed, what could not be tried is as good as what could
  const mayMend = ({ mends, unverified }: Trial) => mends || (unverified !== undefined && hasNoRoutes(reproduction))
  const rank = (one: Trial) => (one.mends === undefined ? 0 : mayMend(one) ? (one.isWide || one.aside ? 2 : 1) : 3)
  return trials.filter(({ isRefused }) => !isRefused).sort((a, b) => rank(a) - rank(b))
}

const hasNoRoutes = (reproduction: Reproduction | { reason: string } | undefined): boolean =>
  reproduction !== undefined && !('reason' in reproduction) && !reproduction.hasRoutes

/**
 * For what a note tells it would stop what gets through: what one of two blockers leaves stopped is none of these. Where the
 * exchange came to nothing all the same, its own findings propose it.
 */
const isWorse = (
  { index, after }: Trial,
  { severity, fix }: Finding,
  reproduction: Reproduction | { reason: string } | undefined,
): boolean =>
  severity === 'note' &&
  after !== undefined &&
  isStopped(after) &&
  fix[index]!.stops === undefined &&
  reproduction !== undefined &&
  !('reason' in reproduction) &&
  !wasStopped(reproduction)

/** A finding of the exchange, not of the journey alone, with what came of trying its fixes. */
export const tryFinding = (finding: Finding, reproduction: Reproduction): Finding => ({
  ...finding,
  fix: noted(finding.fix, trialsOf(finding, reproduction)),
})

/** Writes what came of it into the findings: of the journey that was tried, or of another one of the same fate. */
export function noteTrials(journey: Journey, trials: Trials): void {
  journey.findings.forEach((finding, i) => {
    finding.fix = noted(finding.fix, trials[i]!)
  })
}

const noted = (fixes: readonly Fix[], trials: readonly Trial[]): Fix[] =>
  trials.map(({ index, mends: _, isWide, unless, aside, ...told }) => {
    const { unverified, ...proposed } = fixes[index]!
    const wide = isWide ? 'it also affects how this sender reaches other hosts' : undefined
    const note = [...(told.given ?? []), unless, wide, aside, proposed.note]
      .filter((one) => one !== undefined)
      .join('; ')
    const fix = note === '' ? proposed : { ...proposed, note }
    const untold = told.verified === undefined && told.unverified === undefined && unverified !== undefined
    return { ...fix, ...(untold ? { unverified } : {}), ...told }
  })

function tryEdits(
  edits: readonly Edit[],
  stops: Fix['stops'],
  finding: Finding,
  reproduction: Reproduction,
): Omit<Trial, 'index'> {
  const after = applyEdits(reproduction.world, edits)
  if ('error' in after)
    return {
      mends: false,
      unverified: `it cannot be tried: ${after.error}`,
      ...(after.misplaced ? { isRefused: true } : {}),
    }
  const ways = playAllWays(reproduction, after.world)
  if (typeof ways === 'string') return { mends: false, unverified: ways }
  const all = ways.map((way) => ({ way, ...judge(way, stops, finding, reproduction, after.world) }))
  const unless = all.every(({ mends }) => mends) ? undefined : limitOf(all)
  const results = (unless ? all.filter(({ mends }) => mends) : all).map(({ way: _, ...result }) => result)
  // one that fails tells more than those that do not
  const told = results.find(({ mends }) => !mends) ?? results[0]!
  const same = results.every(({ after: outcome }) => outcome === told.after)
  if (!same) return { mends: false, unverified: whyEitherWay(ways) }
  if (told.mends && finding.severity === 'note' && areAsBefore(ways, reproduction))
    return {
      mends: false,
      unverified: 'not tried: the packet gets through without the change, too, and its reply cannot be played',
    }
  const { afterSource, ...rest } = told
  const harm = getsThrough(told)
    ? (harmOf(reproduction, after.world) ?? (nextStopped(reproduction, after.world) ? OTHERWISE : undefined))
    : undefined
  if (harm !== undefined) Object.assign(rest, { mends: false, but: harm })
  else if (told.mends && leadsOthersAway(reproduction, after.world)) Object.assign(rest, { isWide: true })
  const isAnswered = ways.some(({ answer }) => answer !== undefined && isPassed(answer.ended.outcome))
  const given = givenWords(reproduction, isAnswered)
  const oneSource = results.every((one) => one.afterSource === afterSource)
  return {
    verified: reproduction.engine.id,
    ...rest,
    ...(unless === undefined ? {} : { unless }),
    ...(given.length > 0 ? { given } : {}),
    ...(oneSource && afterSource !== undefined ? { afterSource } : {}),
  }
}

/** By which the sender alone decides whether it mends: what a sender may use up is not used up, as a rule. */
export function limitOf(ways: readonly { way: Way; mends?: boolean }[]): string | undefined {
  for (const [condition, { reason }] of ways[0]!.way.assumed) {
    if (reason !== SEEN_LATELY) continue
    if (ways.every(({ way, mends }) => way.assumed.get(condition)?.holds === !mends))
      return `unless ${condition} matches: ${reason}`
  }
  return undefined
}

/** Of several, what is not known rather than what is random. */
function whyEitherWay(ways: readonly Way[]): string {
  const assumed = [...ways[0]!.assumed]
  for (const [condition, { reason }] of assumed) if (isLocalCondition(condition)) return reason
  const [condition, { reason }] = assumed.find(([, one]) => one.reason !== CHANCE) ?? ['', { reason: CHANCE }]
  return reason === CHANCE ? "the packet's outcome is random" : dependsOn(condition, reason)
}

const dependsOn = (condition: string, reason: string): string =>
  `the packet's outcome depends on ${condition}: ${reason}`

/** Whatever comes of conditions that nobody can know; or the reason why that cannot be told. */
export function playAllWays(
  reproduction: Reproduction,
  world: World,
  assumed: ReadonlyMap<string, Assumed> = new Map(),
  next = false,
): Way[] | string {
  const assume = new Map([...assumed].map(([condition, { holds }]) => [condition, holds]))
  const reproduced = reproduction.play(world, assume, next)
  const { told } = reproduced
  if (!told) return 'the reply would not get this far'
  const { outcome, open } = told.ended
  if (outcome !== 'undetermined') return [{ ...reproduced, told, assumed }]
  if (!open) return "the packet's outcome is unknown"
  if (open.endless) return `the packet's outcome is unknown after ${open.condition}: ${open.reason}`
  const why = dependsOn(open.condition, open.reason)
  if (!isTriable(open.condition, open.reason, assumed)) return why
  const all: Way[] = []
  for (const holds of [true, false]) {
    const ways = playAllWays(
      reproduction,
      world,
      new Map([...assumed, [open.condition, { holds, reason: open.reason }]]),
      next,
    )
    if (typeof ways === 'string') return why
    all.push(...ways)
  }
  return all
}

/** It gets where it got before, and what would come back is not known: that says nothing for the change. */
function areAsBefore(ways: readonly Way[], { play, world }: Reproduction): boolean {
  if (ways.some(({ told, answer }) => answer !== undefined || !isPassed(told.ended.outcome))) return false
  const end = ({ packet: { src, dst, sport, dport, out, mark }, ended: { outcome } }: Played) =>
    JSON.stringify([outcome, src, dst, sport, dport, out, mark])
  const { told: before } = play(world)
  return before !== undefined && ways.every(({ told }) => end(told) === end(before))
}

const OTHERWISE = 'nat may send the next packet to another destination, where it would be stopped'

/** The next such packet, which nat may send to another of several, where it would fail there. */
export function nextStopped(reproduction: Reproduction, world: World): Way | undefined {
  const ways = reproduction.isByTurns ? playAllWays(reproduction, world, undefined, true) : []
  if (typeof ways === 'string') return undefined
  return ways.find(
    ({ told, asked, answer }) => !isPassed(told.ended.outcome) || (asked && answer && reaches(asked, answer) === false),
  )
}

function judge(
  reproduced: Way,
  stops: Fix['stops'],
  finding: Finding,
  reproduction: Reproduction,
  world: World,
): Pick<Trial, 'after' | 'afterSource' | 'but' | 'mends' | 'aside'> {
  const tried = reproduction.explain(reproduced.told, world, codesWith(USELESS, finding.code))
  const { outcome } = tried
  if (stops) return { after: outcome, mends: helps({ stops, after: outcome }) }
  const source = reproduced.told.packet.src
  const rewritten =
    outcome === 'forwarded' && source !== undefined && source !== reproduction.packet.src && !isStandIn(source)
  const good = isPassed(outcome)
  const but = good
    ? (withReturn(stillWrong(tried, reproduced, reproduction, world), reproduced, reproduction, world) ??
      // what is to lead the reply back does nothing else
      (finding.code === 'reply-by-other-uplink' ? elsewhereOf(waysOf(reproduced, world.host)) : undefined))
    : outcome === 'stolen'
      ? unfinished(reproduction, world)
      : undefined
  const mends = isServed(outcome) && but === undefined && !tried.findings.some(({ code }) => code === finding.code)
  const aside = mends ? asideOf(reproduced, reproduction, world) : undefined
  return {
    after: outcome,
    ...(rewritten ? { afterSource: source } : {}),
    ...(but === undefined ? {} : { but }),
    ...(aside === undefined ? {} : { aside }),
    mends,
  }
}

const NO_DISCOVERY = 'neighbour discovery would be stopped'

/**
 * What is said against the packet as it was seen: it is no better for getting through. That it is untracked may be said
 * of it only because that stopped it; of one that gets through its own finding tells whether nat should have seen it.
 */
const accusedOf = memo((reproduction: Reproduction): ReadonlySet<string> => {
  const { told } = reproduction.play(reproduction.world)
  const findings = told ? reproduction.explain(told, reproduction.world, USELESS).findings : []
  const own = accusations([...findings, ...reproduction.findings])
  return new Set(isFromGuest(reproduction) ? [...own, 'not-masqueraded'] : own)
})

/** A network of guests is this host's alone: whoever is outside knows of it only what this host has told. */
const isFromGuest = ({ packet, world: { host } }: Reproduction): boolean =>
  packet.src !== undefined && isOfGuests(homeOf(packet.src, host, packet.in)?.link, host)

const accusations = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ code, severity }) => (severity === 'note' || code === 'untracked' ? [] : [code]))

/** The same behind changes after which it was stopped in another way. */
export const accusedBehind = (reproduction: Reproduction, stops: readonly Journey[]): ReadonlySet<string> =>
  new Set([...accusedOf(reproduction), ...accusations(stops.flatMap(({ findings }) => findings))])

/** Nothing shows then that its like are answered. */
const wasStopped = memo(({ play, world }: Reproduction): boolean => {
  const { told } = play(world)
  return told !== undefined && !isPassed(told.ended.outcome)
})

/** nat sends it to a place for which less speaks than for another one; what is no longer stopped there is no better off. */
const isMissent = ({ findings }: Reproduction): boolean =>
  findings.some(({ code, [FOR_REPORTS]: more }) => code === 'dnat-mismatch' && more?.goesFirst === true)

const placeSeen = memo(({ play, world }: Reproduction): Packet | undefined => play(world).told?.packet)

const samePlace = ({ dst, dport }: Packet, other: Packet | undefined): boolean =>
  dst === other?.dst && dport === other?.dport

interface StillWrong {
  why: string
  isAnswer?: true
  /** Another packet that is needed for it is stopped. */
  instead?: Played
  uplink?: OtherUplink
}

/** Why a packet that gets through does no good so, it or its answer; undefined where it does. */
export function stillWrong(
  tried: Journey,
  { told, asked, answer }: Arrived,
  reproduction: Reproduction,
  world: World,
  accused = accusedOf(reproduction),
): StillWrong | undefined {
  const { opening } = reproduction
  const { host } = world
  const wrong = uselessBy(tried, accused)
  // who has a route to its source is no more known than this host's own
  const isGuess = wrong === 'not-masqueraded' && !reproduction.hasRoutes
  if (wrong !== undefined && !isGuess) return { why: STILL_WRONG[wrong]! }
  if (isMissent(reproduction) && samePlace(told.packet, placeSeen(reproduction)))
    return { why: STILL_WRONG['dnat-mismatch']! }
  const { dst, dport } = reproduction.packet
  // as it was sent: a changed route may have given it another source
  const isElsewhere = entryAskedElsewhere(told.evidence.journey.packet, reproduction.world) !== undefined
  // who has asked many takes a reply from any
  if (isElsewhere && !askedMany(reproduction.packet, reproduction.world))
    return { why: `${dst} sent its request to another address` }
  if (reproduction.isForNat && told.packet.dst === dst && told.packet.dport === dport)
    return { why: STILL_WRONG['dnat-skipped']! }
  // an answer that is played by itself: its connection may be another one's
  if (opening && asked !== opening && reaches(opening, told) === false)
    return { why: `it would not reach ${opening.src}, which sent the request` }
  const { src } = told.packet
  if (wasStopped(reproduction) && told.ended.outcome === 'forwarded' && gatewayBeside(told.packet, world))
    return { why: `its reply comes back here only if ${told.packet.dst} has a route to ${src} through this host` }
  // who has asked through it knows this host already
  const unfound = stoppedDiscovery(reproduction, world, told, told !== answer)
  if (unfound) return { why: NO_DISCOVERY, instead: unfound }
  if (!asked || !answer) return undefined
  const unlearned = stoppedBetweenPorts(reproduction, world, asked)
  if (unlearned) return { why: NO_DISCOVERY, instead: unlearned }
  if (answer !== told && (answer.packet.inner || refusesOpening(answer.packet)))
    return { why: STILL_WRONG['closed-port']! }
  const { outcome } = answer.ended
  const why =
    reaches(asked, answer) === false
      ? isKeptHere(asked, outcome)
        ? 'its reply would stay here'
        : isPassed(outcome)
          ? 'its reply would come from another address'
          : `its reply would be ${outcome}`
      : isPassed(outcome) && astray(answer.packet, host)
        ? 'its reply would leave by the wrong interface'
        : undefined
  if (why !== undefined) return { why, isAnswer: true }
  const uplink = byOtherUplink({ told, asked, answer }, host)
  // with no change at hand that leads it back, whether it gets there is for others to know: it is said beside the result
  if (uplink?.fix.some(({ edits }) => edits !== undefined)) return { why: uplink.why, isAnswer: true, uplink }
  const unsent = answer === told ? undefined : stoppedDiscovery(reproduction, world, answer, false)
  return unsent && { why: NO_DISCOVERY, instead: unsent }
}
