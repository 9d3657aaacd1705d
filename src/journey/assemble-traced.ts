/**
 * Events with trace ids → closed journeys. Ids repeat (the kernel hashes the packet's buffer, its flow and its input
 * interface), so a journey is cut by the way itself: a base chain that was passed, a hook that lies behind, another
 * packet's headers. And one packet may get another id on its way, over lo always: then it is known again by its content.
 */
import type { EventSink } from '../read/captures/format.ts'
import * as F from '../read/captures/header-fields.ts'
import type { Stamp, Timestamp } from '../read/captures/stamp.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds, type OnClosed } from './assembling.ts'
import { ByContent } from './by-content.ts'
import { HeaderlessStates } from './headerless-states.ts'
import { HookTracker, isTelling } from './hook-tracker.ts'
import { JourneyQueue, OpenJourney } from './open.ts'
import { OwnAnswers } from './own-answers.ts'
import { Repeats } from './repeats.ts'
import type { Resolver } from './resolve.ts'
import type { Resolved } from './resolved.ts'
import { packetKey } from './same-packet.ts'

/** Events of one journey; more, and it is closed as it is: no ruleset is walked so long. */
const MOST_EVENTS = 4096
/** Without times: events of others behind which a packet's next one is not waited for any longer. */
const IDLE_EVENTS = 20_000
/** Microseconds in which a packet's next event may still come though others came before it. */
const SOON = 1000
const MOST_HOSTS = 1000
/** Journeys of the same content that are looked at. */
const MOST_TRIED = 64

/** The journeys of one host, whose clocks and trace ids can be compared. */
class Lane extends JourneyQueue {
  readonly byId = new Map<number, OpenJourney>()
}

export class TracedAssembler implements EventSink {
  events = 0
  evicted = 0
  private readonly resolver: Resolver
  private readonly states: PacketStates
  private readonly onClosed: OnClosed
  private readonly options: AssemblerOptions
  private readonly ids: JourneyIds
  private readonly lanes = new Map<string, Lane>()
  private lane: Lane | undefined
  private stamp: Stamp | undefined
  private timed = false
  /** Of contents that tell packets apart. */
  private readonly byContent = new ByContent()
  private latest: OpenJourney | undefined
  private open = 0
  private readonly pool: OpenJourney[] = []
  private readonly sent = new Repeats()
  private readonly answers = new OwnAnswers()
  private lastFirstLine = 0
  private settled = false
  private losing = false
  private tick = 0
  private readonly way: HookTracker
  private readonly bare: HeaderlessStates

  constructor(
    resolver: Resolver,
    states: PacketStates,
    onClosed: OnClosed,
    ids = new JourneyIds(),
    options = DEFAULT_OPTIONS,
  ) {
    this.resolver = resolver
    this.states = states
    this.bare = new HeaderlessStates(states)
    this.onClosed = onClosed
    this.ids = ids
    this.options = options
    this.way = new HookTracker(states, resolver)
  }

  event(point: number, given: number, at: Timestamp, line: number, traceId = 0, mark = -1): void {
    this.tick++
    if (at.stamp !== this.stamp) this.changeLane(at.stamp, at.clock)
    const now = this.timed ? at.clock : this.tick
    const idle = this.timed ? this.options.idle : IDLE_EVENTS
    if (given >= 0) this.states.retain(given)
    if (this.lane!.isDue(now, idle)) this.expire(now, idle)
    let journey = this.withId(traceId)
    let state = given >= 0 ? given : journey ? journey.shown : this.bare.of(at.stamp.host)
    const resolved = this.resolver.get(point, this.states.rows[state * F.COLUMNS + F.FAMILY]!)
    if (resolved.point.type !== 'begin' && !resolved.own) this.events++
    // what marked the packet has shown when it began
    let began: number | undefined
    const marks = resolved.own && !resolved.shows
    if (!resolved.shows && (marks ? !this.isFirstSign(journey, given) : journey?.own)) {
      if (marks) {
        if (given >= 0) this.states.release(given)
        return
      }
      began = this.discard(journey!)
      journey = undefined
      if (given < 0) state = this.bare.of(at.stamp.host)
    }
    if (journey && !this.way.goesOn(journey, resolved, given)) {
      // another packet with its id begins behind its last line
      this.lastFirstLine = line
      this.close(journey)
      journey = undefined
      if (given < 0) state = this.bare.of(at.stamp.host)
    }
    if (!journey) {
      const key = given >= 0 ? this.keyOf(given) : -1
      if (given >= 0) journey = this.findByContent(given, key, resolved, traceId)
      if (journey && marks) {
        this.states.release(given)
        return
      }
      if (journey?.own && !resolved.shows) {
        began = this.discard(journey)
        journey = undefined
      }
      journey ??= this.begin(point, state, key, resolved, at, line, traceId, began)
      journey.own = marks
    }
    if (resolved.shows) journey.own = false
    this.hold(journey, state)
    journey.points.push(point)
    journey.states.push(state)
    journey.shown = state
    if (mark >= 0) {
      journey.marks.push(journey.points.length - 1)
      journey.marks.push(mark | 0)
    }
    journey.lastStamp = at.stamp
    journey.lastClock = at.clock
    journey.lastLine = line
    this.toTheBack(journey, now)
    this.latest = journey
    this.way.advance(journey, resolved, state, given >= 0)
    if (journey.complete || journey.points.length === MOST_EVENTS) this.close(journey)
    if (given >= 0) this.states.release(given)
  }

  /** Lines of one packet mostly come together: the latest one's is the one that its id stands for. */
  private withId(traceId: number): OpenJourney | undefined {
    const { latest, lane } = this
    return latest?.traceId === traceId && latest.lane === lane ? latest : lane!.byId.get(traceId)
  }

  /** All packets under way may have lost events; `goesOn`: and so may those that begin until the next call. */
  lost(_line?: number, goesOn = false): void {
    this.losing = goesOn
    for (const lane of this.lanes.values()) for (const journey of lane.latestFirst()) journey.lossy = true
  }

  /** `settled`: nothing was lost, and whatever was under way has had its time. */
  end(settled = false): void {
    this.settled = settled
    for (const lane of this.lanes.values()) while (lane.first) this.close(lane.first)
    this.settled = false
    // all that the kernel held was read
    if (settled) this.losing = false
  }

  /** The capture ends here, and packets go on: closes what is open. */
  cut(): void {
    for (const lane of this.lanes.values()) while (lane.first) this.close(lane.first, false)
  }

  /** The packet with another id: over lo, or where the kernel computed its flow's hash anew. */
  private findByContent(state: number, key: number, resolved: Resolved, traceId: number): OpenJourney | undefined {
    const base = state * F.COLUMNS
    const mask = this.way.maskOf(resolved, base)
    const { latest } = this
    // what left over lo comes in next, and what a bridge handed over goes on; nothing else has to tell it
    if (latest && this.takesUp(latest, resolved, base, mask, true)) return this.rename(latest, traceId)
    let tried = 0
    if (key < 0) {
      // lines of other packets may lie in between: another processor's, or the answer that REJECT sends before the trace
      // tells of the rule
      if (this.states.rows[base + F.IN] === this.way.lo || this.way.mayBeHandedOver(mask))
        for (const one of this.lane!.latestFirst()) {
          if (tried++ === MOST_TRIED) break
          if (this.takesUp(one, resolved, base, mask, true)) return this.rename(one, traceId)
        }
      return undefined
    }
    const { byContent } = this
    for (let one = byContent.first(key); one && tried++ < MOST_TRIED; one = byContent.next(one))
      if (this.takesUp(one, resolved, base, mask, false)) return this.rename(one, traceId)
    return undefined
  }

  /** -1: the packet's content does not tell it from others. */
  private keyOf(state: number): number {
    const { rows } = this.states
    const base = state * F.COLUMNS
    return isTelling(rows, base) ? packetKey(rows, base) : -1
  }

  private takesUp(journey: OpenJourney, resolved: Resolved, base: number, mask: number, near: boolean): boolean {
    if (!journey.ended || journey.lane !== this.lane || journey.layer < 0) return false
    const before = journey.shown * F.COLUMNS
    const back = this.way.comesBack(journey, before, base, mask)
    if (near && !back && !this.way.isHandedOver(journey, before, base, mask)) return false
    if (!back && (journey.passed.includes(resolved.chainNumber) || !this.way.isOnwards(journey, resolved, mask)))
      return false
    if (!showsSame(this.states.rows, before, base)) return false
    return this.way.isSame(before, base, journey, mask, back)
  }

  private rename(journey: OpenJourney, traceId: number): OpenJourney {
    this.lane!.byId.delete(journey.traceId)
    journey.traceId = traceId
    this.lane!.byId.set(traceId, journey)
    return journey
  }

  private begin(
    point: number,
    state: number,
    key: number,
    { family }: Resolved,
    at: Timestamp,
    line: number,
    traceId: number,
    id = this.ids.last + 1,
  ): OpenJourney {
    this.ids.last = Math.max(this.ids.last, id)
    if (this.open >= this.options.maxOpen) this.evictOldest()
    const journey = this.pool.pop() ?? new OpenJourney()
    const { rows } = this.states
    journey.reset(id, family, at.stamp, at.clock, line, key)
    journey.traceId = journey.firstTraceId = traceId
    journey.lossy = this.losing || this.options.lossy === true
    journey.repeats = this.sent.note(point, rows, state * F.COLUMNS, journey.id, at.clock, true)
    if (key >= 0) this.byContent.add(journey)
    this.lane!.byId.set(traceId, journey)
    this.lane!.push(journey)
    this.lastFirstLine = line
    this.open++
    this.answers.note(rows, state * F.COLUMNS, at.clock, line)
    return journey
  }

  private hold(journey: OpenJourney, state: number): void {
    if (journey.shown === state || journey.held.includes(state)) return
    journey.held.push(state)
    this.states.retain(state)
  }

  private toTheBack(journey: OpenJourney, now: number): void {
    if (this.latest !== journey) {
      this.lane!.remove(journey)
      this.lane!.push(journey)
    }
    journey.queuedClock = now
  }

  private expire(now: number, idle: number): void {
    const lane = this.lane!
    // a clock that goes back is another boot's, or another capture's behind this one
    const anew = lane.clock - now > idle
    lane.clock = now
    for (let journey = lane.first; journey; journey = lane.first)
      if (anew || now - journey.queuedClock > idle) this.close(journey)
      else return
  }

  private evictOldest(): void {
    let oldest = this.lane!.first
    for (const lane of this.lanes.values()) oldest ??= lane.first
    if (!oldest) return
    this.evicted++
    // the rest of it may still come, so nothing can be said to be missing
    this.close(oldest, false)
  }

  /** Clocks of several hosts cannot be compared, nor their trace ids. */
  private changeLane(stamp: Stamp, clock: number): void {
    const { host, uptime } = stamp
    this.stamp = stamp
    this.timed = !Number.isNaN(clock)
    const key = `${uptime} ${this.timed} ${host}`
    if (this.lanes.size > MOST_HOSTS) for (const [other, lane] of this.lanes) if (!lane.first) this.lanes.delete(other)
    this.lane = this.lanes.get(key) ?? new Lane(host, uptime)
    this.lanes.set(key, this.lane)
  }

  /** Of a session's own marking: does nothing else tell of this packet, so far? Over lo it was told of as it was sent. */
  private isFirstSign(journey: OpenJourney | undefined, given: number): boolean {
    if (journey) return journey.own
    return given >= 0 && this.states.rows[given * F.COLUMNS + F.IN] !== this.way.lo
  }

  /**
   * The rules tell of the packet, too: what marked it is of no interest. Gives the journey's number, which the packet keeps: the
   * error that REJECT sends is traced before its rule.
   */
  private discard(journey: OpenJourney): number {
    const { id } = journey
    if (id === this.ids.last) this.ids.last--
    this.leave(journey)
    this.forget(journey)
    return id
  }

  private close(journey: OpenJourney, mayBeFollowed = true): void {
    // nothing else told of it
    if (journey.own) this.events++
    const lane = this.leave(journey)
    journey.answered = this.answers.about(journey, this.states)
    this.onClosed(journey, mayBeFollowed && this.isFollowed(journey, lane))
    this.forget(journey)
  }

  private leave(journey: OpenJourney): Lane {
    const lane = journey.lane as Lane
    lane.remove(journey)
    this.open--
    if (this.latest === journey) this.latest = undefined
    if (journey.key >= 0) this.byContent.remove(journey)
    if (lane.byId.get(journey.traceId) === journey) lane.byId.delete(journey.traceId)
    return lane
  }

  private forget(journey: OpenJourney): void {
    for (let i = 0; i < journey.held.length; i++) this.states.release(journey.held.at(i))
    this.pool.push(journey)
  }

  /** Would more of it have been seen? */
  private isFollowed(journey: OpenJourney, lane: JourneyQueue): boolean {
    return (
      this.settled || this.lastFirstLine > journey.lastLine || (this.timed && lane.clock - journey.lastClock > SOON)
    )
  }
}

/** Both show the packet's source; or neither does, since somebody made it unreadable, and the packet's own number tells. */
function showsSame(rows: Int32Array, a: number, b: number): boolean {
  const [one, other] = [rows[a + F.PRESENT]! & F.HAS_SRC, rows[b + F.PRESENT]! & F.HAS_SRC]
  return one !== 0 ? other !== 0 : other === 0 && isTelling(rows, a) && isTelling(rows, b)
}
