/** Closed journeys of one capture → their classes, and explanations of which a class shares what it can. */
import type { Detector } from '../explain/context.ts'
import { explain, tryFixesOf } from '../explain/explain.ts'
import { dropSummaryOf } from '../explain/kernel-drops/meaning.ts'
import { dropOf } from '../explain/kernel-drops/of-journey.ts'
import { noteTrials, type Trials } from '../explain/trials/verify.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import { leaveOutOwn } from '../explain/without-own.ts'
import type { Engine } from '../journey/engine.ts'
import { type Evidence, gatherEvidence, type JourneyTimes } from '../journey/evidence.ts'
import { JourneyClasses } from '../journey/journey-classes.ts'
import type { OpenJourney } from '../journey/open.ts'
import { Resolver } from '../journey/resolve.ts'
import type { Condition } from '../model/condition.ts'
import type { Drop } from '../model/host.ts'
import type { Journey } from '../model/journey.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import type { TracePoints } from '../read/captures/points.ts'
import type { PacketStates } from '../read/captures/states.ts'
import type { ClosedJourney, JourneyClass } from './closed-journey.ts'
import { firstPacket, matchesFilter } from './matches-filter.ts'

export interface ExplainClosedOptions {
  /** Tries what findings propose. */
  engine?: Engine | undefined
  /** Notes of each rule that did not match why. */
  unmatched?: boolean
  /** The machine's name, where several are told apart; else a journey has the one that the capture gives. */
  host?: string | undefined
  /** The log is of many machines: the name that it gives counts more. */
  ofMany?: boolean
}

/** Rulesets whose findings are kept; the oldest go, and are found out again where one is needed after all. */
const MOST_RULESETS = 16

/** Rules as they were for some time, and what was found out about packets that met them. */
interface RulesetVersion {
  world: World
  resolver: Resolver
  classes: JourneyClasses<Class>
}

/** What takes long to find out, and comes out the same for all journeys of one class. */
interface Known {
  found: ReadonlySet<Detector>
  mismatches: readonly (string | undefined)[]
  trials: Trials | undefined
  /** How much of the ruleset the trace had contradicted by then: a rule that was believed may not be any more. */
  contradictions: number
}

class Class implements JourneyClass {
  readonly world: World
  /** Its journeys are alike in all that is asked for, not in their rule lines alone. */
  readonly fine: boolean
  /** Of packets that were not sent before, and of those that were. */
  first: Known | undefined = undefined
  again: Known | undefined = undefined

  constructor(world: World, fine: boolean) {
    this.world = world
    this.fine = fine
  }
}

/** Explains the journeys of one capture, under whichever ruleset was in force. */
export class ClosedExplainer {
  readonly points: TracePoints
  readonly states: PacketStates
  private readonly options: ExplainClosedOptions
  private readonly versions = new Map<World, RulesetVersion>()
  private readonly tried = new Map<World, Resolver>()

  constructor(points: TracePoints, states: PacketStates, options: ExplainClosedOptions) {
    this.points = points
    this.states = states
    this.options = options
  }

  resolver(world: World): Resolver {
    return this.version(world).resolver
  }

  /**
   * Does the trace show that these rules were not in force? Asked of resolvers that are for this alone: what is contradicted
   * once is not believed any more.
   */
  contradicts(world: World, open: OpenJourney, followed: boolean): boolean {
    let resolver = this.tried.get(world)
    if (!resolver) {
      resolver = new Resolver(world, this.points)
      forgetOldest(this.tried)
      this.tried.set(world, resolver)
    }
    const { arrivals } = gatherEvidence(open, resolver, this.states, followed)
    return arrivals.some(({ mismatch }) => mismatch !== undefined)
  }

  evidenceOf({ open, followed, world }: Closed): Evidence {
    return gatherEvidence(open, this.resolver(world), this.states, followed)
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

  private version(world: World): RulesetVersion {
    let version = this.versions.get(world)
    if (!version) {
      version = { world, resolver: new Resolver(world, this.points), classes: new JourneyClasses(world) }
      forgetOldest(this.versions)
      this.versions.set(world, version)
    }
    return version
  }

  classOf({ open, followed, world, dropSummary }: Closed): Class | undefined {
    const { classes } = this.version(world)
    const known = classes.find(open, this.states, followed, dropSummary)
    if (known || classes.full) return known
    const made = new Class(world, classes.fine)
    classes.add(made)
    return made
  }

  explain(closed: Closed): Journey {
    const { host, ofMany = false, unmatched = false, engine } = this.options
    const { open, followed, world, drop } = closed
    const { repeats } = open
    const { resolver } = this.version(world)
    const own = closed.class
    const which = repeats.length > 0 ? 'again' : 'first'
    let known = own?.[which]
    if (known && known.contradictions !== resolver.contradictions) known = undefined
    const evidence = gatherEvidence(open, resolver, this.states, followed, own?.fine ? known?.mismatches : undefined)
    if (host !== undefined && !(ofMany && evidence.journey.host !== undefined)) evidence.journey.host = host
    // this very journey may contradict the ruleset
    if (known && known.contradictions !== resolver.contradictions) known = undefined
    const found = new Set<Detector>()
    const given = drop ? { repeats, drop } : { repeats }
    const journey = explain(
      evidence,
      world,
      known && own?.fine ? { ...given, ask: known.found } : { ...given, onFound: (one) => found.add(one) },
    )
    if (unmatched) noteUnmatched(evidence, world)
    const trials = known?.trials ?? (engine && tryFixesOf(evidence, world, engine))
    if (trials) noteTrials(journey, trials)
    if (own && !known) {
      const mismatches = evidence.arrivals.map(({ mismatch }) => mismatch)
      own[which] = { found, trials, mismatches, contradictions: resolver.contradictions }
    }
    leaveOutOwn(evidence)
    return journey
  }
}

function forgetOldest<T>(versions: Map<World, T>): void {
  if (versions.size < MOST_RULESETS) return
  const [oldest] = versions.keys()
  versions.delete(oldest!)
}

export class Closed implements ClosedJourney {
  readonly open: OpenJourney
  readonly followed: boolean
  readonly world: World
  readonly drop: Drop | undefined
  private readonly explainer: ClosedExplainer
  /** Null: not looked for yet. */
  private known: Class | undefined | null = null

  constructor(explainer: ClosedExplainer, open: OpenJourney, followed: boolean, world: World) {
    this.explainer = explainer
    this.open = open
    this.followed = followed
    this.world = world
    // a rule dropped it, and the kernel's word of that is not looked for: in a flood that would cost more than all else
    if (explainer.endsByDrop(open)) return
    const drop = dropOf(open, explainer.states, world.host)
    // that a rule dropped it the trace has shown; whether the kernel's word came before it or behind is chance
    this.drop = open.complete && drop?.reason === 'NETFILTER_DROP' ? undefined : drop
  }

  get id(): number {
    return this.open.id
  }

  get family(): Family {
    return this.open.family
  }

  get class(): Class | undefined {
    if (this.known === null) this.known = this.explainer.classOf(this)
    return this.known
  }

  get isRetransmission(): boolean {
    return this.open.repeats.length > 0
  }

  get dropSummary(): string | undefined {
    return this.drop && dropSummaryOf(this.drop)
  }

  get isMarkedOnly(): boolean {
    return this.open.own
  }

  get events(): number {
    return this.explainer.eventsOf(this.open)
  }

  get times(): JourneyTimes {
    const { firstStamp, firstClock, lastStamp, lastClock } = this.open
    return { firstStamp, firstClock, lastStamp, lastClock }
  }

  packet(): Packet {
    return firstPacket(this.open, this.explainer.states)
  }

  tuple(into: Int32Array): void {
    const { rows } = this.explainer.states
    const base = this.open.states.at(0) * F.COLUMNS
    for (let i = 0; i < 4; i++) {
      into[i] = rows[base + F.SRC + i]!
      into[4 + i] = rows[base + F.DST + i]!
    }
    into[8] = rows[base + F.SPT]!
    into[9] = rows[base + F.DPT]!
  }

  matches(filter: Condition): boolean {
    return matchesFilter(filter, this.open, this.explainer.states, this.world)
  }

  explain(): Journey {
    return this.explainer.explain(this)
  }

  /** What an explanation goes by. */
  evidence(): Evidence {
    return this.explainer.evidenceOf(this)
  }
}
