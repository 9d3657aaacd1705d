/** One capture, from its bytes to explained journeys. */

import type { Detector } from '../explain/context.ts'
import { explain, tryFixesOf } from '../explain/explain.ts'
import { tellingOf } from '../explain/kernel-drops/meaning.ts'
import { dropOf } from '../explain/kernel-drops/of-journey.ts'
import { noteTrials, type Trials } from '../explain/trials/verify.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import { leaveOutOwn } from '../explain/without-own.ts'
import { Assembler, type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds } from '../journey/assemble.ts'
import { TracedAssembler } from '../journey/assemble-traced.ts'
import type { Engine } from '../journey/engine.ts'
import { gatherEvidence } from '../journey/evidence.ts'
import { Fates } from '../journey/fate.ts'
import type { OpenJourney } from '../journey/open.ts'
import type { Repeat } from '../journey/repeats.ts'
import { Resolver } from '../journey/resolve.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Drop } from '../model/host.ts'
import type { Journey } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat, CaptureReader } from '../read/captures/format.ts'
import { TracePoints } from '../read/captures/points.ts'
import type { Stamp } from '../read/captures/stamp.ts'
import { PacketStates } from '../read/captures/states.ts'

export interface CaptureStats {
  bytes: number
  events: number
  journeys: number
  /** Lines or records of netfilter's that could not be used. */
  skipped: number
  /** How often the capture says that events were lost. */
  lost: number
  /** Journeys cut short because too many were open at once. */
  evicted: number
}

/** Of several captures together. */
export interface RunStats extends Omit<CaptureStats, 'evicted'> {
  /** Of a live trace: journeys cut short, where there were any. */
  evicted?: number
  overload?: Overload
}

/** What the kernel delivered and a live trace left out, as more came than it could tell; `lost` counts its events, too. */
export interface Overload {
  /** Events that had come when it ended, and were not read any more. */
  unread: number
  /** Packets that were left out whole, and their events; they count neither as `journeys` nor as `events`. */
  shedPackets: number
  shedEvents: number
}

/** A journey that is closed but not yet looked at; `explain` makes the object, and may be called during the callback only. */
export interface ClosedJourney {
  open: OpenJourney
  repeats: readonly Repeat[]
  followed: boolean
  states: PacketStates
  /** With the rules that were in force. */
  world: World
  /** What the kernel says of having dropped its packet, in short: journeys of one fate have it in common. */
  readonly told: string | undefined
  /** How many events it is made of. */
  readonly events: number
  explain(): Journey
}

export interface CaptureOptions extends Partial<AssemblerOptions> {
  /** Numbers journeys over several captures. */
  ids?: JourneyIds
  /** Tries what findings propose. */
  engine?: Engine
  /** Notes of each rule that did not match why. */
  unmatched?: boolean
  /** The machine's name, where several are told apart; else a journey has the one that the capture gives. */
  host?: string
  /** The log is of many machines: the name that it gives counts more. */
  ofMany?: boolean
  /** Rules that were in force at an event's time, where they changed; else those of `world`, all the time. */
  worldAt?: (stamp: Stamp, clock: number) => World
}

/** Rulesets whose findings are kept; the oldest go, and are found out again where one is needed after all. */
const MOST_REIGNS = 16

/** Rules as they were for some time, and what was found out about packets that met them. */
interface Reign {
  world: World
  resolver: Resolver
  fates: Fates<Known>
  contradictions: number
}

/** Push the capture's bytes piece by piece, then end; journeys come as they complete. Never throws on bad input. */
export class CaptureExplainer {
  private readonly states = new PacketStates()
  private readonly points = new TracePoints()
  private readonly reigns = new Map<World, Reign>()
  private readonly tried = new Map<World, Resolver>()
  private readonly assembler: Assembler | TracedAssembler
  private readonly reader: CaptureReader
  private readonly onClosed: (closed: ClosedJourney) => void
  private readonly world: World
  private readonly engine: Engine | undefined
  private readonly unmatched: boolean
  private readonly host: string | undefined
  private readonly ofMany: boolean
  private readonly worldAt: CaptureOptions['worldAt']
  private journeys = 0

  constructor(
    format: CaptureFormat,
    world: World,
    report: Report,
    onClosed: (closed: ClosedJourney) => void,
    {
      ids = new JourneyIds(),
      engine,
      unmatched = false,
      host,
      ofMany = false,
      worldAt,
      ...options
    }: CaptureOptions = {},
  ) {
    this.world = world
    this.engine = engine
    this.unmatched = unmatched
    this.host = host
    this.ofMany = ofMany
    this.worldAt = worldAt
    this.onClosed = onClosed
    const { resolver } = this.reign(world)
    const Assembling = format.traceIds ? TracedAssembler : Assembler
    this.assembler = new Assembling(resolver, this.states, this.close, ids, { ...DEFAULT_OPTIONS, ...options })
    const { links } = world.host
    this.reader = format.open({
      points: this.points,
      states: this.states,
      sink: this.assembler,
      report,
      ...(links ? { links } : {}),
    })
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk)
  }

  end(): void {
    this.reader.end()
    this.assembler.end()
  }

  /**
   * Nothing has come for a while, by the clock of whoever watches: closes the journeys that wait for more. `settled`:
   * nothing more can come of them, as whatever the kernel had to tell was received.
   */
  pause(settled = false): void {
    this.assembler.end(settled)
  }

  /** Tracing was switched off: closes the journeys that wait for more, as packets may go on without being traced. */
  cut(): void {
    this.assembler.cut()
  }

  /** More has come that is not pushed: packets that are under way may have lost some of their events. */
  leftUnread(): void {
    this.assembler.lost()
  }

  get events(): number {
    return this.assembler.events
  }

  get stats(): CaptureStats {
    const { bytes, skipped, lost = 0 } = this.reader.stats
    const { events, evicted } = this.assembler
    return { bytes, skipped, lost, events, journeys: this.journeys, evicted }
  }

  private readonly close = (open: OpenJourney, followed: boolean): void => {
    this.journeys++
    this.onClosed(new Closed(this, open, open.repeats, followed, this.states, this.worldOf(open, followed)))
  }

  /** The rules of its time; where these were changed around then, those that the trace does not contradict. */
  private worldOf(open: OpenJourney, followed: boolean): World {
    const world = this.worldAt?.(open.firstStamp, open.firstClock) ?? this.world
    const other = open.firstStamp.second === undefined ? world.saved?.before : world.saved?.next
    if (!other || !this.contradicts(world, open, followed)) return world
    return this.contradicts(other, open, followed) ? world : other
  }

  /** Asked of resolvers that are for this alone: what is contradicted once is not believed any more. */
  private contradicts(world: World, open: OpenJourney, followed: boolean): boolean {
    let resolver = this.tried.get(world)
    if (!resolver) {
      resolver = new Resolver(world, this.points)
      forgetOldest(this.tried)
      this.tried.set(world, resolver)
    }
    const { arrivals } = gatherEvidence(open, resolver, this.states, followed)
    return arrivals.some(({ mismatch }) => mismatch !== undefined)
  }

  private reign(world: World): Reign {
    let reign = this.reigns.get(world)
    if (!reign) {
      reign = { world, resolver: new Resolver(world, this.points), fates: new Fates(world), contradictions: 0 }
      forgetOldest(this.reigns)
      this.reigns.set(world, reign)
    }
    return reign
  }

  /** For Closed alone: a rule of nft's, or a policy, said so. */
  endsByDrop(open: OpenJourney): boolean {
    return open.complete && this.points.get(open.points.last()).verdict === 'drop'
  }

  /** For Closed alone: as the assemblers count them. */
  eventsOf(open: OpenJourney): number {
    if (open.own) return 1
    let count = 0
    // a packet's headers are none
    for (let i = 0; i < open.points.length; i++) if (this.points.get(open.points.at(i)).type !== 'begin') count++
    return count
  }

  /** For Closed alone. */
  explain({ open, repeats, followed, world, drop, told }: Closed): Journey {
    const repeated = repeats.length > 0
    const reign = this.reign(world)
    const { resolver } = reign
    let known = reign.fates.find(open, this.states, followed, repeated, told)?.value
    const evidence = gatherEvidence(
      open,
      resolver,
      this.states,
      followed,
      reign.fates.fine ? known?.mismatches : undefined,
    )
    if (this.host !== undefined && !(this.ofMany && evidence.journey.host !== undefined))
      evidence.journey.host = this.host
    if (reign.contradictions !== resolver.contradictions) {
      // a rule that was believed may not be any more
      reign.contradictions = resolver.contradictions
      reign.fates = new Fates(world)
      known = reign.fates.find(open, this.states, followed, repeated, told)?.value
    }
    const { fates } = reign
    const found = new Set<Detector>()
    const given = drop ? { repeats, drop } : { repeats }
    const journey = explain(
      evidence,
      world,
      known && fates.fine ? { ...given, ask: known.found } : { ...given, onFound: (one) => found.add(one) },
    )
    if (this.unmatched) noteUnmatched(evidence, world)
    const trials = known?.trials ?? (this.engine && tryFixesOf(evidence, world, this.engine))
    if (trials) noteTrials(journey, trials)
    if (!known && !fates.full)
      fates.add({ found, trials, mismatches: evidence.arrivals.map(({ mismatch }) => mismatch) })
    leaveOutOwn(evidence)
    return journey
  }
}

function forgetOldest<T>(reigns: Map<World, T>): void {
  if (reigns.size < MOST_REIGNS) return
  const [oldest] = reigns.keys()
  reigns.delete(oldest!)
}

/** What takes long to find out, and comes out the same for all journeys of one fate. */
interface Known {
  found: ReadonlySet<Detector>
  mismatches: readonly (string | undefined)[]
  trials: Trials | undefined
}

class Closed implements ClosedJourney {
  readonly open: OpenJourney
  readonly repeats: readonly Repeat[]
  readonly followed: boolean
  readonly states: PacketStates
  readonly world: World
  readonly drop: Drop | undefined
  private readonly explainer: CaptureExplainer

  constructor(
    explainer: CaptureExplainer,
    open: OpenJourney,
    repeats: readonly Repeat[],
    followed: boolean,
    states: PacketStates,
    world: World,
  ) {
    this.explainer = explainer
    this.open = open
    this.repeats = repeats
    this.followed = followed
    this.states = states
    this.world = world
    // a rule dropped it, and the kernel's word of that is not looked for: in a flood that would cost more than all else
    if (explainer.endsByDrop(open)) return
    const drop = dropOf(open, states, world.host)
    // that a rule dropped it the trace has shown; whether the kernel's word came before it or behind is chance
    this.drop = open.complete && drop?.reason === 'NETFILTER_DROP' ? undefined : drop
  }

  get told(): string | undefined {
    return this.drop && tellingOf(this.drop)
  }

  get events(): number {
    return this.explainer.eventsOf(this.open)
  }

  explain(): Journey {
    return this.explainer.explain(this)
  }
}
