/**
 * A trace of one place, from looking to taking everything back. The order is what makes it safe and whole: look, read the
 * rules, listen, and only then switch tracing on; at the end switch it off, and then read what is still to come.
 */
import type { CaptureExplainer, CaptureStats, RunStats } from '../analysis/capture.ts'
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { SharedNumbers } from '../analysis/explain-closed.ts'
import { openCapture } from '../analysis/run.ts'
import type { JourneyIds } from '../journey/assembling.ts'
import type { Diagnostic, Report } from '../model/diagnostic.ts'
import type { Drop } from '../model/host.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { choosePlan } from './backends/choose.ts'
import { BUDGET, mostOpen } from './budget.ts'
import { DropReasons } from './drops.ts'
import { type Guard, startGuard } from './guard-process.ts'
import { Load } from './load.ts'
import { MarkerOnlyFilter } from './marker-only.ts'
import { Pace } from './pace.ts'
import { type Plan, readsMarks, type Wish } from './plan.ts'
import { Interrupted, LiveProblem, unlessEnded } from './problem.ts'
import { queuesPackets } from './queues-packets.ts'
import { readStream } from './reading.ts'
import { RulesetVersions } from './ruleset-versions.ts'
import { sameKernel } from './same-kernel.ts'
import { StateReader } from './state-reader.ts'
import { openStream } from './streams/open.ts'
import type { EventStream } from './streams/stream.ts'
import { type Facts, survey } from './survey/facts.ts'
import type { TraceHost } from './trace-host.ts'
import { waitUnless } from './wait-unless.ts'

/** What a session would do, found out by looking alone. */
export interface Prepared {
  place: TraceHost
  facts: Facts
  plan: Plan
  /** Its network namespace, where it is on our own kernel. */
  namespace: { path?: string } | undefined
}

/** Looks, and changes nothing. `ending`: aborted where an end is asked for. Throws LiveProblem. */
export async function prepare(place: TraceHost, wish: Wish, id: string, ending?: AbortSignal): Promise<Prepared> {
  const facts = await survey(place, undefined, ending)
  const namespace = wish.programs ? undefined : sameKernel(facts)
  return { place, facts, namespace, plan: choosePlan(facts, wish, id, namespace !== undefined) }
}

export interface SessionOptions {
  /** Aborted where an end is asked for while it starts; `stop` ends what has started. */
  ending?: AbortSignal | undefined
  /** Numbers journeys over several sessions. */
  ids: JourneyIds
  /** The name that journeys bear, where there are several places. */
  host?: string
  /** Seconds without another event after which a packet's journey has ended; absent: 1. */
  idle?: number
  onClosed(closed: ClosedJourney): void
  /** The journey of this number is not told. */
  onLeftOut(id: number): void
  /** Each packet is told by itself, not only counted with others of its kind. */
  tellsEach: boolean
  /** Nothing more can be kept of what is told. */
  isFull(): boolean
  /** Places that are traced at the same time. */
  places: number
  /** All that came so far is read; more is read when it resolves. */
  onPause(): void | Promise<void>
  /** What was read of the place, as files of a bundle; `at`: rules, which are so since then (ISO 8601). */
  onFiles(files: ReadonlyMap<string, Uint8Array>, at?: string): void
  /** Is the kernel asked why it drops packets, where it can be? */
  drops: boolean
  onDrops(drops: readonly Drop[]): void
  /** Bytes as they come; `stream` counts from 0. */
  onChunk(stream: number, format: CaptureFormat, chunk: Uint8Array): void
  onWorld?(before: World): void
  warn(warning: Diagnostic): void
}
/** Seconds between two events of one packet, at most: their times are when they were received, and the receiver may wait for a CPU. */
const IDLE = 1
/** Milliseconds without an event in which a program on the packets' way may still decide. */
const DECIDES = 1000
/** Milliseconds. */
const DOUBT_EVERY = 5000
const LOOK_EVERY = 5000

export class Session {
  readonly prepared: Prepared
  readonly reader: StateReader
  /** What reads each stream. */
  readonly streams: EventStream[] = []
  private readonly options: SessionOptions
  private readonly drops: DropReasons | undefined
  private readonly rulesets: RulesetVersions
  private guard: Guard | undefined
  private explainers: CaptureExplainer[] = []
  private readonly load: Load
  private unreadEvents = 0
  /** Bytes of each stream up to which the kernel's drops are known. */
  private readonly dropsKnown = new Map<EventStream, number>()
  private reading: Promise<void>[] = []
  private stopping: Promise<void> | undefined
  private failure: unknown
  private doubted = 0
  /** By performance.now(). */
  private switchedOff: number | undefined
  /** Where the marks are read, too. */
  private readonly markerOnly: MarkerOnlyFilter | undefined
  private hidden = 0
  private readonly pace = new Pace(this.streams)
  private looking: NodeJS.Timeout | undefined

  /** Reads the rules, listens, and switches tracing on. Throws LiveProblem; then nothing is left of it. */
  static async start(prepared: Prepared, options: SessionOptions): Promise<Session> {
    const { ending } = options
    const reader = new StateReader(prepared.place, prepared.plan, ending)
    reader.tracesBoth = prepared.plan.streams.filter((one) => !readsMarks(one)).length > 1
    const watching = watchDropsOf(prepared, options)
    const [, reading] = await Promise.allSettled([watching, reader.read()])
    const drops = await watching
    let session: Session
    try {
      if (reading.status === 'rejected') throw reading.reason
      const { value: world } = reading
      if (drops) world.host.drops = reader.drops = drops.drops
      options.onWorld?.(world)
      options.onFiles(reader.stateFiles)
      options.onFiles(reader.ruleFiles, new Date().toISOString())
      session = new Session(prepared, reader, world, drops, options)
    } catch (error) {
      await drops?.stop()
      throw error
    }
    try {
      await session.listen()
      session.guard = startGuard(prepared.place, prepared.plan)
      const ready = session.guard.ready
      if (prepared.plan.addsRules) session.rulesets.hold(ready)
      await unlessEnded(ready, ending)
      // else a session that is over at once would take its rules away while they are read
      await unlessEnded(session.rulesets.current(), ending)
    } catch (error) {
      const left: unknown = await session.stop().catch((failure) => failure)
      if (!(left instanceof LiveProblem) || !(error instanceof LiveProblem)) throw error
      throw error instanceof Interrupted
        ? left
        : new LiveProblem(error.message, [error.hint, left.message, left.hint].filter(Boolean).join(' '))
    }
    if (session.guard.isUnnoted)
      session.warn(
        'no-note',
        'no folder there can hold a session note: if nfwhy and its shells are all killed at once, nothing records what to restore',
      )
    session.rulesets.settle()
    if (prepared.plan.streams.some(({ kind }) => kind !== 'nft-trace')) session.lookAgain(LOOK_EVERY)
    return session
  }

  private constructor(
    prepared: Prepared,
    reader: StateReader,
    world: World,
    drops: DropReasons | undefined,
    options: SessionOptions,
  ) {
    this.drops = drops
    this.prepared = prepared
    if (prepared.plan.streams.some(readsMarks)) this.markerOnly = new MarkerOnlyFilter()
    this.reader = reader
    this.options = options
    const { tellsEach, isFull } = options
    this.load = new Load({ unread: () => this.unread, most: BUDGET.unread / options.places, tellsEach, isFull })
    this.rulesets = new RulesetVersions(world, (at) => this.readRules(at), this.warn)
    for (const warning of reader.warnings) options.warn(warning)
  }

  /** Resolves when the session is over, by `stop`, by the deadline, or because it was ended over there. */
  async ended(): Promise<void> {
    await Promise.race([this.guard?.ended, ...this.reading])
    await this.stop()
  }

  /** Takes everything back, and reads what is still to come. Throws LiveProblem where something went wrong on the way. */
  stop(): Promise<void> {
    this.stopping ??= this.takeBack()
    return this.stopping
  }

  /** A trace that does not fit its rules: they may have been changed, and iptables-legacy tells nobody. */
  rulesDoNotFit(): void {
    const now = Date.now()
    if (now - this.doubted < DOUBT_EVERY) return
    this.doubted = now
    this.rulesets.changed()
  }

  get stats(): RunStats {
    const stats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0, evicted: 0 }
    for (const [i, { stats: one }] of this.explainers.entries()) {
      for (const key of ['bytes', 'events', 'journeys', 'skipped', 'evicted'] as const) stats[key] += one[key]
      // the stream tells of what it knows to be lost; the socket may know of more
      stats.lost += Math.max(one.lost, this.streams[i]!.lost())
    }
    const { packets, events } = this.load.shed
    stats.journeys -= this.hidden + packets
    stats.events -= events
    stats.lost += events + this.unreadEvents
    const overload = this.load.overload(this.unreadEvents)
    return { ...stats, ...(overload ? { overload } : {}) }
  }

  /** Packets of kinds of which none was told, as there was no room or no time. */
  get untoldKinds(): number {
    return this.load.shed.newKinds
  }

  /** More has come than is read in a while. */
  get isBehind(): boolean {
    return this.load.isBehind
  }

  private get unread(): number {
    return this.streams.reduce((sum, stream) => sum + stream.unread(), 0)
  }

  /** What one stream has brought so far. */
  explained(stream: number): CaptureStats {
    return this.explainers[stream]!.stats
  }

  /** iptables-legacy tells nobody of changes. `pause`: milliseconds; more, where reading takes long. */
  private lookAgain(pause: number): void {
    const last = Date.now()
    this.looking = setTimeout(async () => {
      const began = Date.now()
      await this.rulesets.look(last)
      if (!this.stopping) this.lookAgain(Math.max(LOOK_EVERY, 20 * (Date.now() - began)))
    }, pause)
  }

  private async readRules(at?: string): Promise<World | undefined> {
    const world = await this.reader.readRules()
    if (world) this.options.onFiles(this.reader.ruleFiles, at ?? new Date().toISOString())
    return world
  }

  private async takeBack(): Promise<void> {
    this.rulesets.end()
    clearTimeout(this.looking)
    let failure: unknown
    this.switchedOff = performance.now()
    try {
      await this.guard?.stop()
    } catch (error) {
      failure = error
    }
    // what it tells belongs to journeys that are still to be explained
    const drops = this.drops?.stop().catch((error) => this.warn('drops-lost', (error as Error).message))
    // one after the other: all that the rules' own trace tells is told before the marks' ends
    const isMarks = this.prepared.plan.streams.map(readsMarks)
    for (const marks of [false, true]) {
      for (const [i, stream] of this.streams.entries()) if (isMarks[i] === marks) await stream.stop().catch(() => {})
      if (!marks) this.load.close()
      await Promise.all(this.reading.filter((_, i) => isMarks[i] === marks))
    }
    await drops
    if (this.drops && this.drops.lost > 0)
      this.warn('drops-lost', `${this.drops.lost} drop reports were lost: the reasons of these drops are unknown`)
    failure ??= this.failure
    if (failure) throw failure
  }

  private readonly warn = (code: string, message: string, line?: number): void =>
    this.options.warn({ input: this.prepared.place.name, code, message, ...(line === undefined ? {} : { line }) })

  private readonly takeMarked = (closed: ClosedJourney): void => {
    const isAlone = closed.isMarkedOnly && this.markerOnly?.isMarkerOnly(closed.packet())
    // that our own table has seen a packet says nothing of what became of it
    if (isAlone && closed.explain().outcome !== 'undetermined') this.tell(closed)
    else {
      this.hidden++
      this.options.onLeftOut(closed.id)
    }
  }

  private readonly tell = (closed: ClosedJourney): void => {
    if (this.load.leavesOut(closed)) this.options.onLeftOut(closed.id)
    else this.options.onClosed(closed)
  }

  private async listen(): Promise<void> {
    const { place, plan, facts, namespace } = this.prepared
    const { ids, host, idle, places } = this.options
    const { markerOnly } = this
    const shares = places * plan.streams.length
    const numbers = new SharedNumbers()
    for (const wanted of plan.streams) {
      const { stream, note } = await openStream(
        wanted,
        place,
        facts,
        namespace,
        BUDGET.unread / shares,
        this.options.ending,
      )
      if (note !== undefined) this.warn('program-reads', note)
      stream.onRulesetChange?.(() => this.rulesets.changed())
      // that rules were changed is told when they have been read again
      const told: Report = (code, message, line) => code !== 'ruleset-change' && this.warn(code, message, line)
      const marks = readsMarks(wanted)
      const explainer = openCapture(stream.format, this.rulesets.first, told, marks ? this.takeMarked : this.tell, {
        ids,
        numbers,
        // what else tells of a packet has told it by then
        idle: (idle ?? IDLE) * (marks ? 2 : 1),
        maxOpen: mostOpen(shares),
        worldAt: (_, clock) => this.rulesets.at(clock),
        ...(host === undefined ? {} : { host }),
        ...(markerOnly && !marks ? { onBegun: (packet) => markerOnly.note(packet) } : {}),
      })
      const number = this.streams.push(stream) - 1
      this.explainers.push(explainer)
      this.reading.push(
        this.read(number, marks).catch((error) => {
          this.failure ??= error
        }),
      )
    }
  }

  /** Of the stream, until all others have told what came with it. */
  private ticksBehind(stream: EventStream): number {
    return Math.ceil((1.5 * Math.max(...this.streams.map(({ idleTick }) => idleTick))) / stream.idleTick) + 1
  }

  /** Resolves when the kernel's drops are known up to this stream's piece; one answer is for all pieces that have come. */
  private async dropsUntil(stream: EventStream): Promise<void> {
    if (!this.drops) return
    const received = stream.received?.() ?? Number.POSITIVE_INFINITY
    if (received - stream.unread() <= (this.dropsKnown.get(stream) ?? -1)) return
    const cannotWait = () => this.load.isBehind || this.load.isOver
    // packets are told without the kernel's reasons rather than not at all
    if (cannotWait()) return
    await waitUnless(this.drops.caughtUp(), cannotWait)
    this.dropsKnown.set(stream, Number.isFinite(received) ? received : -1)
  }

  private async read(number: number, marks: boolean): Promise<void> {
    const [stream, explainer] = [this.streams[number]!, this.explainers[number]!]
    const decided = queuesPackets(this.rulesets.first) ? Math.ceil(DECIDES / stream.idleTick) : 1
    const patience = marks ? this.ticksBehind(stream) : decided
    await readStream(stream, explainer, {
      load: this.load,
      patience,
      isAhead: () => marks && !this.load.isBehind && this.pace.othersUnsettled(stream),
      switchedOff: () => this.switchedOff,
      onChunk: async (chunk) => {
        this.pace.begin(stream)
        // in a bundle every packet would be told twice
        if (!marks) this.options.onChunk(number, stream.format, chunk)
        await this.rulesets.current()
        // a journey may close with the next event, and be explained at once
        await this.dropsUntil(stream)
        // what marks alone tell of is told only where nothing else tells of it
        if (marks) await this.pace.othersRead(stream, () => this.load.isBehind || this.load.isOver)
        this.pace.end(stream)
      },
      onUnread: (chunks, events) => {
        this.unreadEvents += events
        // for whoever reads the bundle they are there
        if (!marks) for (const chunk of chunks) this.options.onChunk(number, stream.format, chunk)
      },
      onSettled: () => this.pace.settle(stream),
      onPause: () => this.options.onPause(),
    })
  }
}

/** Undefined where that cannot be had; told once. */
async function watchDropsOf(
  { facts, namespace, place }: Prepared,
  { drops: wanted, onDrops, warn, places }: SessionOptions,
): Promise<DropReasons | undefined> {
  if (!wanted || !namespace) return undefined
  const drops = new DropReasons(onDrops, places)
  const refused = await drops.start(facts)
  if (refused === undefined) return drops
  warn({
    input: place.name,
    code: 'no-drop-reasons',
    message: `the kernel's own drop reasons are unknown: ${refused}`,
  })
  return undefined
}
