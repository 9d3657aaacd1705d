/**
 * Events with trace ids → closed journeys. Ids repeat (the kernel hashes the packet's buffer, its flow and its input
 * interface), so a journey is cut by the way itself: a base chain that was passed, a hook that lies behind, another
 * packet's headers. And one packet may get another id on its way, over lo always: then it is known again by its content.
 */
import type { EventSink } from '../read/captures/format.ts'
import * as F from '../read/captures/header-fields.ts'
import type { Moment, Stamp } from '../read/captures/stamp.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds, type OnClosed } from './assemble.ts'
import { ByContent } from './by-content.ts'
import { ANY_HOOK, hooksByInterfaces, maskOf, mayComeBack, onlyHookOf, onwards } from './hook-masks.ts'
import { NETDEV } from './layers.ts'
import { JourneyQueue, OpenJourney } from './open.ts'
import { Repeats } from './repeats.ts'
import { priorityAt, type Resolved, type Resolver } from './resolve.ts'
import { packetKey, samePacket } from './same-packet.ts'

/** Events of one journey; more, and it is closed as it is: no ruleset is walked so long. */
const MOST_EVENTS = 4096
/** Without times: events of others behind which a packet's next one is not waited for any longer. */
const IDLE_EVENTS = 20_000
/** Microseconds in which a packet's next event may still come though others came before it. */
const SOON = 1000
const MOST_HOSTS = 1000
/** Journeys of the same content that are looked at. */
const MOST_TRIED = 64
const EGRESS = maskOf('egress')
const INPUT = maskOf('input')
const REWRITES_SOURCE = maskOf('input', 'postrouting')
/** At which a packet's way may end. */
const LAST_HOOKS = maskOf('input', 'forward', 'output', 'postrouting')

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
  private lastFirstLine = 0
  private settled = false
  private tick = 0
  /** The number of that interface's name. */
  private readonly lo: number
  /** States without any header, by host: for packets of which the capture shows none. */
  private readonly bare = new Map<string, number>()

  constructor(
    resolver: Resolver,
    states: PacketStates,
    onClosed: OnClosed,
    ids = new JourneyIds(),
    options = DEFAULT_OPTIONS,
  ) {
    this.resolver = resolver
    this.states = states
    this.onClosed = onClosed
    this.ids = ids
    this.options = options
    this.lo = states.names.number(Uint8Array.of(0x6c, 0x6f), 0, 2)
  }

  event(point: number, given: number, at: Moment, line: number, traceId = 0, mark = -1): void {
    this.tick++
    if (at.stamp !== this.stamp) this.changeLane(at.stamp, at.clock)
    const now = this.timed ? at.clock : this.tick
    const idle = this.timed ? this.options.idle : IDLE_EVENTS
    if (given >= 0) this.states.retain(given)
    if (this.lane!.isDue(now, idle)) this.expire(now, idle)
    let journey = this.withId(traceId)
    let state = given >= 0 ? given : journey ? journey.shown : this.bareState(at.stamp.host)
    const resolved = this.resolver.get(point, this.states.rows[state * F.COLUMNS + F.FAMILY]!)
    if (resolved.point.type !== 'begin' && !resolved.own) this.events++
    if (resolved.own) {
      if (given >= 0) this.states.release(given)
      return
    }
    if (journey && !this.goesOn(journey, resolved, given)) {
      this.close(journey)
      journey = undefined
      if (given < 0) state = this.bareState(at.stamp.host)
    }
    if (!journey) {
      const key = given >= 0 ? this.keyOf(given) : -1
      if (given >= 0) journey = this.findByContent(given, key, resolved, traceId)
      journey ??= this.begin(point, state, key, resolved, at, line, traceId)
    }
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
    this.advance(journey, resolved, state, given >= 0)
    if (journey.complete || journey.points.length === MOST_EVENTS) this.close(journey)
    if (given >= 0) this.states.release(given)
  }

  /** Lines of one packet mostly come together: the latest one's is the one that its id stands for. */
  private withId(traceId: number): OpenJourney | undefined {
    const { latest, lane } = this
    return latest?.traceId === traceId && latest.lane === lane ? latest : lane!.byId.get(traceId)
  }

  /** All packets under way on this host may have lost events. */
  lost(): void {
    for (const lane of this.lanes.values()) for (const journey of lane.latestFirst()) journey.lossy = true
  }

  /** `settled`: nothing was lost, and whatever was under way has had its time. */
  end(settled = false): void {
    this.settled = settled
    for (const lane of this.lanes.values()) while (lane.first) this.close(lane.first)
    this.settled = false
  }

  /** Can this event be the next of that journey? `given`: the state that it shows, or -1. */
  private goesOn(journey: OpenJourney, resolved: Resolved, given: number): boolean {
    if (resolved.point.type !== 'begin') {
      // the same chain, or one that it jumped to; behind the chain's end another one begins
      return !journey.ended || !journey.passed.includes(resolved.chainNumber)
    }
    const { rows } = this.states
    const before = journey.shown * F.COLUMNS
    const after = given * F.COLUMNS
    const mask = this.maskOf(resolved, after)
    const back = this.comesBack(journey, before, after, mask)
    if (!back && journey.passed.includes(resolved.chainNumber)) return false
    if (!back && !this.isOnwards(journey, resolved, mask)) return false
    if (rows[before + F.PRESENT] === 0 || rows[after + F.PRESENT] === 0) return true
    // at the first event behind another family's tables nothing but the content is comparable
    return this.isSame(before, after, journey, mask, back)
  }

  private isSame(before: number, after: number, journey: OpenJourney, mask: number, back: boolean): boolean {
    const { rows } = this.states
    // raw bytes of a frame that was not read: nothing can be compared
    if (rows[before + F.FAMILY]! < 0 || rows[after + F.FAMILY]! < 0) return true
    // nat has rewritten the source by the next chain of these hooks, the destination by that of the others
    if (back || (journey.hookMask & REWRITES_SOURCE) !== 0)
      return samePacket(rows, before, after, 'output', 'input', false)
    const [from, to] = [onlyHookOf(journey.hookMask), onlyHookOf(mask)]
    const kept = from === to && from === 'forward'
    return samePacket(rows, before, after, kept ? from : undefined, to, kept)
  }

  private isOnwards(journey: OpenJourney, resolved: Resolved, mask: number): boolean {
    const { layer } = resolved
    // frames pass netdev first; between bridge and IP they may go to and fro (br_netfilter)
    if (layer !== journey.layer) return layer !== NETDEV || (mask & EGRESS) !== 0
    const possible = onwards(journey.hookMask, mask)
    if (possible === 0) return false
    if (resolved.hook === undefined || resolved.hookNumber !== journey.hookNumber || !resolved.inChain) return true
    return priorityAt(resolved, resolved.hook) >= journey.number
  }

  /** Out over an interface, and in again over the same one. */
  private comesBack(journey: OpenJourney, before: number, after: number, mask: number): boolean {
    const { rows } = this.states
    const way = rows[after + F.IN]!
    if (way === 0 || rows[after + F.OUT] !== 0 || way !== rows[before + F.OUT]) return false
    // over another interface than lo, a VRF's, only what is surely the same packet
    if (way !== this.lo && !(isTelling(rows, before) && isTelling(rows, after))) return false
    return mayComeBack(journey.hookMask, mask)
  }

  private maskOf(resolved: Resolved, base: number): number {
    if (resolved.hookNumber > 0) return 1 << (resolved.hookNumber - 1)
    const { rows } = this.states
    return hooksByInterfaces(resolved.tableFamily === 'netdev', rows[base + F.IN] !== 0, rows[base + F.OUT] !== 0)
  }

  /** The packet with another id: over lo, or where the kernel computed its flow's hash anew. */
  private findByContent(state: number, key: number, resolved: Resolved, traceId: number): OpenJourney | undefined {
    const base = state * F.COLUMNS
    const mask = this.maskOf(resolved, base)
    const { latest } = this
    // what left over lo comes in next; nothing else has to tell it
    if (latest && this.takesUp(latest, resolved, base, mask, true)) return this.rename(latest, traceId)
    if (key < 0) return undefined
    const { byContent } = this
    let tried = 0
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
    const back = this.comesBack(journey, before, base, mask)
    if (near && !back) return false
    if (!back && (journey.passed.includes(resolved.chainNumber) || !this.isOnwards(journey, resolved, mask)))
      return false
    if (!(this.states.rows[before + F.PRESENT]! & this.states.rows[base + F.PRESENT]! & F.HAS_SRC)) return false
    return this.isSame(before, base, journey, mask, back)
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
    at: Moment,
    line: number,
    traceId: number,
  ): OpenJourney {
    if (this.open >= this.options.maxOpen) this.evictOldest()
    const journey = this.pool.pop() ?? new OpenJourney()
    const { rows } = this.states
    journey.reset(++this.ids.last, family, at.stamp, at.clock, line, key)
    journey.traceId = journey.firstTraceId = traceId
    journey.repeats = this.sent.note(point, rows, state * F.COLUMNS, journey.id, at.clock, true)
    if (key >= 0) this.byContent.add(journey)
    this.lane!.byId.set(traceId, journey)
    this.lane!.push(journey)
    this.lastFirstLine = line
    this.open++
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

  /** Moves the journey's place on to this event's. */
  private advance(journey: OpenJourney, resolved: Resolved, state: number, shows: boolean): void {
    const base = state * F.COLUMNS
    if (resolved.point.type === 'begin' || journey.ended || journey.layer < 0)
      this.enter(journey, resolved, base, shows)
    switch (resolved.ending) {
      case 'drop':
      case 'reject':
      case 'stolen':
        journey.ended = journey.complete = true
        break
      case 'accept':
        journey.ended = true
        journey.complete = this.isLastChain(journey, resolved, base)
        break
      case 'queue':
        journey.ended = true
    }
  }

  private enter(journey: OpenJourney, resolved: Resolved, base: number, shows: boolean): void {
    const mask = shows || resolved.hook !== undefined ? this.maskOf(resolved, base) : ANY_HOOK
    const { layer } = resolved
    const before = journey.layer < 0 || layer !== journey.layer ? ANY_HOOK : journey.hookMask
    let possible = onwards(before, mask)
    if (possible === 0) {
      // in again over lo: it walks over the hooks anew
      journey.throughLoopback = true
      journey.passed.clear()
      possible = mask
    }
    journey.hookMask = possible
    journey.base = resolved.inChain?.hook === undefined ? undefined : resolved
    journey.layer = layer
    journey.hookNumber = resolved.hookNumber
    journey.tableNumber = resolved.tableNumber
    journey.number = resolved.hook === undefined ? 0 : priorityAt(resolved, resolved.hook)
    journey.ended = false
    journey.passed.push(resolved.chainNumber)
    const nat = resolved.inChain ? resolved.inChain.type === 'nat' : resolved.table === 'nat'
    if (nat) journey.natSeen = true
    else if ((resolved.hook === 'prerouting' || resolved.hook === 'output') && journey.number < -100)
      journey.beforeNat = true
  }

  /** Accepted here: does another base chain come for this packet? Only a ruleset can tell. */
  private isLastChain(journey: OpenJourney, resolved: Resolved, base: number): boolean {
    const { hookMask, base: chain } = journey
    if (!chain || resolved.tableFamily === 'bridge' || resolved.tableFamily === 'netdev') return false
    if ((hookMask & LAST_HOOKS) === 0 || onlyHookOf(hookMask) === undefined) return false
    const out = this.states.rows[base + F.OUT]!
    if (hookMask !== INPUT && (out === 0 || out === this.lo)) return false
    return this.resolver.isVeryLast(chain)
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
    this.close(oldest)
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

  private bareState(host: string): number {
    let state = this.bare.get(host)
    if (state === undefined) {
      const bytes = Uint8Array.from(host, (letter) => letter.charCodeAt(0))
      const row = new Int32Array(F.COLUMNS)
      row[F.FAMILY] = -1
      row[F.HOST] = this.states.names.number(bytes, 0, bytes.length)
      const none = new Uint8Array(0)
      state = this.states.add(none, new DataView(none.buffer), 0, 0, -1, row, -1, () => ({}))
      this.states.retain(state)
      this.bare.set(host, state)
    }
    return state
  }

  private close(journey: OpenJourney): void {
    const lane = journey.lane as Lane
    lane.remove(journey)
    this.open--
    if (this.latest === journey) this.latest = undefined
    if (journey.key >= 0) this.byContent.remove(journey)
    if (lane.byId.get(journey.traceId) === journey) lane.byId.delete(journey.traceId)
    this.onClosed(journey, this.isFollowed(journey, lane))
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

/** Does the packet's own content tell it from others of its flow? */
function isTelling(rows: Int32Array, base: number): boolean {
  const present = rows[base + F.PRESENT]!
  if ((present & (1 << F.ICMP_SEQ)) !== 0 && rows[base + F.ICMP_SEQ] !== 0) return true
  return (present & (1 << F.ID)) !== 0 && rows[base + F.ID] !== 0
}
