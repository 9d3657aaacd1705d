/** Closed journeys of one capture → their classes, and explanations of which a class shares what it can. */
import type { Detector } from '../explain/context.ts'
import { explain, playAgain, tryFixesOf } from '../explain/explain.ts'
import { type InVain, ifInVain } from '../explain/in-vain.ts'
import { dropSummaryOf } from '../explain/kernel-drops/meaning.ts'
import { dropOf } from '../explain/kernel-drops/of-journey.ts'
import { repairs } from '../explain/repair/later.ts'
import { needsRepair } from '../explain/repair/needs-repair.ts'
import { type OpenReply, type PlayedReply, playReply } from '../explain/reply/played-reply.ts'
import { addRejection } from '../explain/rest-of-way.ts'
import { stripOwnSteps } from '../explain/strip-own-steps.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import { noteTrials } from '../explain/verify-fixes/verify.ts'
import type { Engine } from '../journey/engine.ts'
import { type Evidence, gatherEvidence, isUntracked, type JourneyTimes } from '../journey/evidence.ts'
import { JourneyClasses } from '../journey/journey-classes.ts'
import type { OpenJourney } from '../journey/open.ts'
import { Resolver } from '../journey/resolve.ts'
import type { Condition } from '../model/condition.ts'
import type { Drop } from '../model/host.ts'
import type { Finding, Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import { isPassed, isStopped } from '../model/outcome-kinds.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import { Names } from '../read/captures/names.ts'
import { type TracePoint, TracePoints } from '../read/captures/points.ts'
import type { PacketStates } from '../read/captures/states.ts'
import type { RunBudget, WalkBudget } from '../rules/walk-budget.ts'
import type { ClosedJourney, Replay } from './closed-journey.ts'
import { Class, type Kind, type Known, MOST_KINDS_KEPT, type Room } from './journey-kinds.ts'
import { firstPacket, matchesFilter } from './matches-filter.ts'
import { OwnValues } from './own-values.ts'
import { readSegment } from './segment-numbers.ts'

export interface ExplainClosedOptions {
  /** Tries what findings propose. */
  engine?: Engine | undefined
  /** Notes of each rule that did not match why. */
  unmatched?: boolean
  /** The machine's name, where several are told apart; else a journey has the one that the capture gives. */
  host?: string | undefined
  /** The log is of many machines: the name that it gives counts more. */
  ofMany?: boolean
  /** What the journeys of all captures share; absent: each has as much as one may have. */
  walks?: RunBudget | undefined
}

/** Rulesets whose findings are kept; the oldest go, and are found out again where one is needed after all. */
const MOST_RULESETS = 16

/**
 * What the captures of one machine share, so that their journeys can be of one class: rule lines and names have the same
 * numbers in all of them.
 */
export class SharedNumbers {
  readonly points = new TracePoints()
  readonly names = new Names()
  /** For ClosedExplainer alone. */
  readonly room: Room = { kinds: MOST_KINDS_KEPT }
  private readonly classes = new Map<World, JourneyClasses<Class>>()

  /** For ClosedExplainer alone. */
  classesOf(world: World): JourneyClasses<Class> {
    return ofWorld(this.classes, world, () => new JourneyClasses(world))
  }
}

/** Explains the journeys of one capture, under whichever ruleset was in force. */
export class ClosedExplainer {
  readonly points: TracePoints
  readonly states: PacketStates
  private readonly options: ExplainClosedOptions
  private readonly numbers: SharedNumbers
  private readonly resolvers = new Map<World, Resolver>()
  private readonly tried = new Map<World, Resolver>()
  private readonly own = new OwnValues()

  constructor(numbers: SharedNumbers, states: PacketStates, options: ExplainClosedOptions) {
    this.numbers = numbers
    this.points = numbers.points
    this.states = states
    this.options = options
  }

  resolver(world: World): Resolver {
    return ofWorld(this.resolvers, world, () => new Resolver(world, this.points))
  }

  /**
   * Does the trace show that these rules were not in force? Asked of resolvers that are for this alone: what is contradicted
   * once is not believed any more.
   */
  contradicts(world: World, open: OpenJourney, followed: boolean): boolean {
    const resolver = ofWorld(this.tried, world, () => new Resolver(world, this.points))
    const { arrivals } = gatherEvidence(open, resolver, this.states, followed)
    return arrivals.some(({ mismatch }) => mismatch !== undefined)
  }

  evidenceOf({ open, followed, world }: Closed, mismatches?: readonly (string | undefined)[]): Evidence {
    const evidence = gatherEvidence(open, this.resolver(world), this.states, followed, mismatches)
    const { engine } = this.options
    if (evidence.answered && engine) this.walk((budget) => addRejection(evidence, world, engine, budget))
    return evidence
  }

  /** A rule of nft's, or a policy, said so. */
  endsByDrop(open: OpenJourney): boolean {
    return open.complete && this.points.get(open.points.last()).verdict === 'drop'
  }

  /** As the assemblers count them. */
  eventsOf(open: OpenJourney): number {
    if (open.own) return 1
    let count = 0
    // a packet's headers are none
    for (let i = 0; i < open.points.length; i++) if (this.points.get(open.points.at(i)).type !== 'begin') count++
    return count
  }

  classOf({ open, followed, world, dropSummary }: Closed): Class | undefined {
    const classes = this.numbers.classesOf(world)
    const known = classes.find(open, this.states, followed, dropSummary)
    if (known || classes.full) return known
    const made = new Class(world, classes.fine, this.numbers.room)
    classes.add(made)
    return made
  }

  /** What others tell of a packet, or of journeys before it, is no value of its own. */
  member(closed: Closed): Member | undefined {
    const { open, world, drop, class: shared } = closed
    if (drop || open.repeats.length > 0 || open.own || this.options.unmatched) return undefined
    if (!shared?.fine) return undefined
    const known = this.kindOf(closed)?.first
    if (!known || !isOf(known, this.resolver(world))) return undefined
    const { names, values } = this.own
    return { kind: known, names, values }
  }

  private kindOf({ open, followed, class: shared }: Closed): Kind | undefined {
    if (!shared) return undefined
    this.own.take(open, this.states, followed)
    return shared.kindOf(this.own)
  }

  explain(closed: Closed): Journey {
    const { host, ofMany = false, unmatched = false, engine } = this.options
    const { open, world, drop } = closed
    const { repeats } = open
    const resolver = this.resolver(world)
    const fine = closed.class?.fine === true
    const kind = this.kindOf(closed)
    const which = repeats.length > 0 ? 'again' : 'first'
    let known = kind?.[which]
    if (known && !isOf(known, resolver)) known = undefined
    const evidence = this.evidenceOf(closed, fine ? known?.mismatches : undefined)
    if (host !== undefined && !(ofMany && evidence.journey.host !== undefined)) evidence.journey.host = host
    // this very journey may contradict the ruleset
    if (known && !isOf(known, resolver)) known = undefined
    const found = new Set<Detector>()
    const given = drop ? { repeats, drop } : { repeats }
    const asked = known && fine ? { ask: known.found } : { onFound: (one: Detector) => found.add(one) }
    const journey = this.walk((budget) =>
      explain(evidence, world, { ...given, ...asked, ...(budget ? { budget } : {}) }),
    )
    if (unmatched) noteUnmatched(evidence, world)
    const trials = known?.trials ?? (engine && this.walk((budget) => tryFixesOf(evidence, world, engine, budget)))
    if (trials) noteTrials(journey, trials)
    if (kind && !known) {
      const mismatches = evidence.arrivals.map(({ mismatch }) => mismatch)
      kind[which] = { found, trials, mismatches, resolver, contradictions: resolver.contradictions }
    }
    stripOwnSteps(evidence)
    return journey
  }

  severalCauses(closed: Closed): Finding | undefined {
    const { engine } = this.options
    const journey = closed.explain()
    if (!engine || !needsRepair(journey)) return undefined
    return this.walk((budget) =>
      repairs()?.severalCauses(this.evidenceOf(closed), journey, closed.world, engine, budget),
    )
  }

  ifInVain(closed: Closed): InVain | undefined {
    const { engine } = this.options
    const journey = closed.explain()
    if (!engine || isStopped(journey.outcome)) return undefined
    return this.walk((budget) => ifInVain(this.evidenceOf(closed), journey, closed.world, engine, budget))
  }

  playReply(closed: Closed): PlayedReply | OpenReply | undefined {
    const { engine } = this.options
    const journey = closed.explain()
    if (!engine || !isPassed(journey.outcome)) return undefined
    return this.walk((budget) => playReply(this.evidenceOf(closed), journey, closed.world, engine, budget))
  }

  replay(closed: Closed): Replay | { reason: string } {
    const { engine } = this.options
    if (!engine) return { reason: 'not tried: there is no engine' }
    const evidence = this.evidenceOf(closed)
    const { outcome, findings } = closed.explain()
    Object.assign(evidence.journey, { outcome, findings })
    const again = this.walk((budget) => playAgain(evidence, closed.world, engine, budget))
    return 'reason' in again
      ? again
      : { packet: again.packet, world: again.world, assume: again.settled, ways: again.ways }
  }

  /** Within what all journeys may walk together, where that is limited. */
  private walk<T>(run: (budget?: WalkBudget) => T): T {
    const { walks } = this.options
    return walks ? walks.share(run) : run()
  }
}

const isOf = (known: Known, resolver: Resolver): boolean =>
  known.resolver === resolver && known.contradictions === resolver.contradictions

function ofWorld<T>(kept: Map<World, T>, world: World, make: () => T): T {
  let one = kept.get(world)
  if (one === undefined) {
    one = make()
    const [oldest] = kept.keys()
    if (kept.size >= MOST_RULESETS) kept.delete(oldest!)
    kept.set(world, one)
  }
  return one
}

export class Closed implements ClosedJourney {
  readonly open: OpenJourney
  readonly followed: boolean
  readonly world: World
  readonly times: JourneyTimes
  readonly drop: Drop | undefined
  private readonly explainer: ClosedExplainer
  /** Null: not looked for yet. */
  private known: Class | undefined | null = null
  private journey: Journey | undefined = undefined

  constructor(explainer: ClosedExplainer, open: OpenJourney, followed: boolean, world: World) {
    this.explainer = explainer
    this.open = open
    this.followed = followed
    this.world = world
    const { firstStamp, firstClock, lastStamp, lastClock } = open
    this.times = { firstStamp, firstClock, lastStamp, lastClock }
    // a rule dropped it, and the kernel's word of that is not looked for: in a flood that would cost more than all else
    if (explainer.endsByDrop(open)) return
    const drop = dropOf(open, explainer.states, world.host)
    // that a rule dropped it the trace has shown; whether the kernel's word came before it or behind is chance
    this.drop = open.complete && drop?.reason === 'NETFILTER_DROP' ? undefined : drop
  }

  get id(): number {
    return this.open.id
  }

  get capture(): object {
    return this.explainer
  }

  get family(): Family {
    return this.open.family
  }

  get class(): Class | undefined {
    if (this.known === null) this.known = this.explainer.classOf(this)
    return this.known
  }

  get isRetransmission(): boolean {
    return this.open.repeats.some(({ isSamePacket }) => !isSamePacket)
  }

  get isRound(): boolean {
    return this.open.repeats.some(({ isRound }) => isRound)
  }

  get dropSummary(): string | undefined {
    return this.drop && dropSummaryOf(this.drop)
  }

  get isMarkedOnly(): boolean {
    return this.open.own
  }

  get traceId(): number {
    return this.open.firstTraceId
  }

  get events(): number {
    return this.explainer.eventsOf(this.open)
  }

  get lastPoint(): TracePoint {
    return this.explainer.points.get(this.open.points.last())
  }

  packet(): Packet {
    return firstPacket(this.open, this.explainer.states)
  }

  tuple(into: Int32Array): void {
    writeTuple(this.explainer.states, this.open.states.at(0), into)
  }

  lastTuple(into: Int32Array): void {
    writeTuple(this.explainer.states, this.open.states.at(this.open.states.length - 1), into)
  }

  datagram(): number {
    return datagramOf(this.explainer.states, this.open.states.at(0))
  }

  identity(): number {
    return F.identityOf(this.explainer.states.rows, this.open.states.at(0) * F.COLUMNS)
  }

  quotedIdentity(): number {
    return this.explainer.states.rows[this.open.states.at(0) * F.COLUMNS + F.QUOTED]!
  }

  segment(into: Int32Array): boolean {
    return readSegment(this.explainer.states.rows, this.open.states.at(0) * F.COLUMNS, into)
  }

  matches(filter: Condition): boolean {
    return matchesFilter(filter, this.open, this.explainer.states, this.world)
  }

  explain(): Journey {
    this.journey ??= this.explainer.explain(this)
    return this.journey
  }

  playReply(): PlayedReply | OpenReply | undefined {
    return this.explainer.playReply(this)
  }

  replay(): Replay | { reason: string } {
    return this.explainer.replay(this)
  }

  passageOfNat(): Evidence['nat'] {
    return this.evidence().nat
  }

  isUntracked(): boolean {
    return isUntracked(this.evidence())
  }

  severalCauses(): Finding | undefined {
    return this.explainer.severalCauses(this)
  }

  ifInVain(): InVain | undefined {
    return this.explainer.ifInVain(this)
  }

  member(): Member | undefined {
    return this.explainer.member(this)
  }

  /** What an explanation goes by. */
  evidence(): Evidence {
    return this.explainer.evidenceOf(this)
  }
}

function writeTuple({ rows }: PacketStates, state: number, into: Int32Array): void {
  const base = state * F.COLUMNS
  for (let i = 0; i < 4; i++) {
    into[i] = rows[base + F.SRC + i]!
    into[4 + i] = rows[base + F.DST + i]!
  }
  into[8] = rows[base + F.SPT]!
  into[9] = rows[base + F.DPT]!
  into[10] = rows[base + F.PROTO]!
  into[11] = rows[base + F.ICMP_ID]!
  into[12] = rows[base + F.ICMP_SEQ]!
}

function datagramOf({ rows }: PacketStates, state: number): number {
  const base = state * F.COLUMNS
  const [id, fragment] = [rows[base + F.ID]! & 0x7fffffff, rows[base + F.FRAG]!]
  return fragment & F.FRAG_DF ? 0 : (fragment & 0xfffff) > 0 ? -id : id
}
