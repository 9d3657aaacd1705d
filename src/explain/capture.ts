/** One capture, from its bytes to explained journeys. */
import { Assembler, type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds } from '../journey/assemble.ts'
import { TracedAssembler } from '../journey/assemble-traced.ts'
import type { Engine } from '../journey/engine.ts'
import { gatherEvidence } from '../journey/evidence.ts'
import { Fates } from '../journey/fate.ts'
import type { OpenJourney } from '../journey/open.ts'
import type { Repeat } from '../journey/repeats.ts'
import { Resolver } from '../journey/resolve.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Journey } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat, CaptureReader } from '../read/captures/format.ts'
import { TracePoints } from '../read/captures/points.ts'
import { PacketStates } from '../read/captures/states.ts'
import type { Detector } from './context.ts'
import { explain, tryFixesOf } from './explain.ts'
import { noteTrials, type Trials } from './trials/verify.ts'
import { noteUnmatched } from './unmatched.ts'

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

/** A journey that is closed but not yet looked at; `explain` makes the object, and may be called during the callback only. */
export interface ClosedJourney {
  open: OpenJourney
  repeats: readonly Repeat[]
  followed: boolean
  states: PacketStates
  explain(): Journey
}

export interface CaptureOptions extends Partial<AssemblerOptions> {
  /** Numbers journeys over several captures. */
  ids?: JourneyIds
  /** Tries what findings propose. */
  engine?: Engine
  /** Notes of each rule that did not match why. */
  unmatched?: boolean
}

/** Push the capture's bytes piece by piece, then end; journeys come as they complete. Never throws on bad input. */
export class CaptureExplainer {
  private readonly states = new PacketStates()
  private readonly resolver: Resolver
  private readonly assembler: Assembler | TracedAssembler
  private readonly reader: CaptureReader
  private readonly onClosed: (closed: ClosedJourney) => void
  private readonly world: World
  private readonly engine: Engine | undefined
  private fates: Fates<Known>
  private contradictions = 0
  private readonly unmatched: boolean
  private journeys = 0

  constructor(
    format: CaptureFormat,
    world: World,
    report: Report,
    onClosed: (closed: ClosedJourney) => void,
    { ids = new JourneyIds(), engine, unmatched = false, ...options }: CaptureOptions = {},
  ) {
    const points = new TracePoints()
    this.world = world
    this.engine = engine
    this.fates = new Fates(world)
    this.unmatched = unmatched
    this.onClosed = onClosed
    this.resolver = new Resolver(world, points)
    const Assembling = format.traceIds ? TracedAssembler : Assembler
    this.assembler = new Assembling(this.resolver, this.states, this.close, ids, { ...DEFAULT_OPTIONS, ...options })
    this.reader = format.open({ points, states: this.states, sink: this.assembler, report })
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk)
  }

  end(): void {
    this.reader.end()
    this.assembler.end()
  }

  /** Nothing has come for a while, by the clock of whoever watches: closes the journeys that wait for more. */
  pause(): void {
    this.assembler.end()
  }

  get stats(): CaptureStats {
    const { bytes, skipped, lost = 0 } = this.reader.stats
    const { events, evicted } = this.assembler
    return { bytes, skipped, lost, events, journeys: this.journeys, evicted }
  }

  private readonly close = (open: OpenJourney, followed: boolean): void => {
    this.journeys++
    this.onClosed(new Closed(this, open, open.repeats, followed, this.states))
  }

  /** For Closed alone. */
  explain(open: OpenJourney, repeats: readonly Repeat[], followed: boolean): Journey {
    const repeated = repeats.length > 0
    let known = this.fates.find(open, this.states, followed, repeated)?.value
    const evidence = gatherEvidence(
      open,
      this.resolver,
      this.states,
      followed,
      this.fates.fine ? known?.mismatches : undefined,
    )
    if (this.contradictions !== this.resolver.contradictions) {
      // a rule that was believed may not be any more
      this.contradictions = this.resolver.contradictions
      this.fates = new Fates(this.world)
      known = this.fates.find(open, this.states, followed, repeated)?.value
    }
    const found = new Set<Detector>()
    const journey = explain(
      evidence,
      this.world,
      known && this.fates.fine ? { repeats, ask: known.found } : { repeats, onFound: (one) => found.add(one) },
    )
    if (this.unmatched) noteUnmatched(evidence, this.world)
    const trials = known?.trials ?? (this.engine && tryFixesOf(evidence, this.world, this.engine))
    if (trials) noteTrials(journey, trials)
    if (!known) this.fates.add({ found, trials, mismatches: evidence.arrivals.map(({ mismatch }) => mismatch) })
    return journey
  }
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
  private readonly explainer: CaptureExplainer

  constructor(
    explainer: CaptureExplainer,
    open: OpenJourney,
    repeats: readonly Repeat[],
    followed: boolean,
    states: PacketStates,
  ) {
    this.explainer = explainer
    this.open = open
    this.repeats = repeats
    this.followed = followed
    this.states = states
  }

  explain(): Journey {
    return this.explainer.explain(this.open, this.repeats, this.followed)
  }
}
