/**
 * Events → closed journeys: the events of one packet together and in order, out of interleaved lines. The same for
 * files, pipes and live sessions; each capture has an assembler of its own.
 */

import type { EventSink } from '../read/captures/format.ts'
import * as F from '../read/captures/header-fields.ts'
import type { Stamp, Timestamp } from '../read/captures/stamp.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds, type OnClosed } from './assembling.ts'
import { ByContent } from './by-content.ts'
import { ofLogs } from './logs-later.ts'
import { JourneyQueue, OpenJourney } from './open.ts'
import { follows, isReset, translatedEnd } from './order.ts'
import { OwnAnswers } from './own-answers.ts'
import { Repeats } from './repeats.ts'
import { priorityOf, type Resolver } from './resolve.ts'
import type { Resolved } from './resolved.ts'
import { CUT, comesBack, hasKey, packetKey, sameMoment, samePacket, sharesAddresses } from './same-packet.ts'

/** Events of one journey; more, and it is closed as it is: no ruleset is walked so long. */
const MOST_EVENTS = 4096
/** Microseconds in which a packet's next line may still come though others came before it. */
const SOON = 1000
/** Hosts remembered that have no packet on its way. */
const MOST_HOSTS = 1000
/** Open journeys of packets that nothing tells apart; more, and the oldest is closed. */
const MOST_ALIKE = 64
/** Open journeys, the latest first, that are compared with a line. */
const MOST_TRIED = 256

export class Assembler implements EventSink {
  events = 0
  /** Journeys closed because too many were open. */
  evicted = 0
  private readonly resolver: Resolver
  private readonly states: PacketStates
  private readonly onClosed: OnClosed
  private readonly options: AssemblerOptions
  private readonly ids: JourneyIds
  /** Which journey had a state last. */
  private readonly owners: (OpenJourney | undefined)[] = []
  private readonly byContent = new ByContent()
  /** One for each host. */
  private readonly lanes = new Map<string, JourneyQueue>()
  private lane: JourneyQueue | undefined
  private stamp: Stamp | undefined
  /** Of the last event. */
  private latest: OpenJourney | undefined
  open = 0
  private readonly pool: OpenJourney[] = []
  private readonly sent = new Repeats()
  private readonly answers = new OwnAnswers()
  /** Of the journey begun last. */
  private lastFirstLine = 0
  private settled = false
  /** The number of that interface's name. */
  private readonly lo: number

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

  event(point: number, state: number, at: Timestamp, line: number): void {
    this.events++
    // journeys that are closed on the way may hold it too
    this.states.retain(state)
    const { stamp, clock } = at
    if (stamp !== this.stamp) this.changeLane(stamp)
    if (this.lane!.isDue(clock, this.options.idle)) this.expire(clock)
    const resolved = this.resolver.get(point, this.states.rows[state * F.COLUMNS + F.FAMILY]!)
    let journey = resolved.kind === 'log' ? this.findLogged(state, resolved) : undefined
    if (!journey) {
      // the same bytes are mostly the same packet's; but one like it may be nearer, where another hook begins or the
      // numbers of lines say nothing
      journey = this.owners[state]
      if (
        !journey ||
        !(isHere(journey, resolved) && (resolved.base || journey.alone)) ||
        !this.isNext(journey, point, state, resolved)
      )
        journey = this.find(point, state, resolved)
    }
    if (!journey) journey = this.begin(point, state, resolved, at, line)
    if (this.owners[state] !== journey || journey.points.length === 0) {
      this.owners[state] = journey
      if (!journey.held.includes(state)) {
        journey.held.push(state)
        this.states.retain(state)
      }
    }
    journey.points.push(point)
    journey.states.push(state)
    if (resolved.kind !== 'log' || journey.shown < 0) journey.shown = state
    journey.lastStamp = at.stamp
    journey.lastClock = at.clock
    journey.lastLine = line
    this.latest = journey
    this.advance(journey, resolved, state)
    if (journey.complete || journey.points.length === MOST_EVENTS) this.close(journey)
    this.states.release(state)
  }

  /** All packets under way may have lost events. */
  lost(): void {
    for (const lane of this.lanes.values()) for (const journey of lane.latestFirst()) journey.lossy = true
  }

  /** No more events come: closes what is open, oldest first. `settled`: nothing was lost, and all has had its time. */
  end(settled = false): void {
    this.settled = settled
    for (const lane of this.lanes.values()) while (lane.first) this.close(lane.first)
    this.settled = false
  }

  /** The capture ends here, and packets go on: closes what is open. */
  cut(): void {
    for (const lane of this.lanes.values()) while (lane.first) this.close(lane.first, false)
  }

  /** The open journey that this event goes on with, when its bytes were not its journey's last. */
  private find(point: number, state: number, resolved: Resolved): OpenJourney | undefined {
    const { rows } = this.states
    const base = state * F.COLUMNS
    if (!hasKey(rows, base)) return this.findCut(point, state, resolved)
    let found: OpenJourney | undefined
    let oldest: OpenJourney | undefined
    let alike = 0
    let tried = 0
    let here = false
    // of several that cannot be told apart, the one in the midst of this table; else the one that was last heard of:
    // another may have vanished
    const { byContent } = this
    for (
      let journey = byContent.first(packetKey(rows, base));
      journey && tried++ < MOST_TRIED;
      journey = byContent.next(journey)
    ) {
      if (!this.isSame(journey, base, resolved)) continue
      alike++
      oldest = journey
      if (!follows(journey, resolved) || this.repeats(journey, point, state, resolved)) continue
      const midst =
        !journey.ended && journey.table === resolved.table && journey.hook === (resolved.hook ?? journey.hook)
      if (found && (here === midst ? journey.lastLine < found.lastLine : here)) continue
      found = journey
      here = midst
    }
    if (!found && alike >= MOST_ALIKE) this.evict(oldest!)
    // or one that began with a line that was cut
    for (
      let journey = byContent.first(CUT);
      journey && !found && tried++ < MOST_TRIED;
      journey = byContent.next(journey)
    )
      if (this.isNext(journey, point, state, resolved)) found = journey
    return found
  }

  private isNext(journey: OpenJourney, point: number, state: number, resolved: Resolved): boolean {
    return (
      follows(journey, resolved) &&
      this.isSame(journey, state * F.COLUMNS, resolved) &&
      !this.repeats(journey, point, state, resolved)
    )
  }

  /** A packet does not meet a LOG rule twice: what the same one logs at the same place is another packet like it. */
  private repeats(journey: OpenJourney, point: number, state: number, resolved: Resolved): boolean {
    if (resolved.kind !== 'log') return false
    const { rows } = this.states
    const base = state * F.COLUMNS
    for (let i = 0; i < journey.points.length; i++) {
      const other = journey.states.at(i) * F.COLUMNS
      if (journey.points.at(i) !== point) continue
      if (rows[other + F.IN] === rows[base + F.IN] && rows[other + F.OUT] === rows[base + F.OUT]) return true
    }
    return false
  }

  /** LOG shows less of a packet than TRACE; but the line of the rule that logs stands right in front. */
  private findLogged(state: number, line: Resolved): OpenJourney | undefined {
    const { rows } = this.states
    const base = state * F.COLUMNS
    let found: OpenJourney | undefined
    const { byContent } = this
    for (let journey = byContent.first(packetKey(rows, base)); journey; journey = byContent.next(journey)) {
      const latest = journey.states.last() * F.COLUMNS
      const traced = this.resolver.get(journey.points.last(), rows[latest + F.FAMILY]!)
      if (ofLogs()?.logs(traced, line) && sameMoment(rows, latest, base)) found = journey
    }
    return found
  }

  /**
   * For a line that was cut: the latest journey that nothing it shows speaks against, if the two show the same addresses
   * or the one line stands right behind the other.
   */
  private findCut(point: number, state: number, resolved: Resolved): OpenJourney | undefined {
    let found: OpenJourney | undefined
    let tried = 0
    for (const journey of this.lane!.latestFirst()) {
      if (++tried > MOST_TRIED) break
      if (found && journey.lastLine < found.lastLine) continue
      const known =
        journey === this.latest || sharesAddresses(this.states.rows, journey.shown * F.COLUMNS, state * F.COLUMNS)
      if (known && this.isNext(journey, point, state, resolved)) found = journey
    }
    return found
  }

  private isSame(journey: OpenJourney, base: number, resolved: Resolved): boolean {
    const lane = this.lane!
    // waited too long, and not closed yet
    if (journey.lane === lane && lane.clock - journey.lastClock > this.options.idle) return false
    const [{ rows }, latest] = [this.states, journey.shown * F.COLUMNS]
    // the very same bytes, at the same hook: nothing to compare, as for most lines
    if (latest === base && isHere(journey, resolved)) return true
    if (comesBack(journey.hook, resolved.hook)) {
      // by the interface it left by, lo or a VRF's; what nat does in OUTPUT may have turned it to lo
      const way = rows[base + F.IN]!
      if (way !== rows[latest + F.OUT] && (way !== this.lo || journey.hook !== 'output')) return false
      // sent back on the link that it came by, it has a hop less: what comes in there with more is sent again
      if (way !== this.lo && rows[base + F.TTL]! > rows[latest + F.TTL]!) return false
    }
    const sameTable = journey.tableNumber === resolved.tableNumber
    if (samePacket(rows, latest, base, journey.hook, resolved.hook, sameTable)) return true
    if (!sameTable || journey.hookNumber !== resolved.hookNumber || rows[base + F.FAMILY] !== 6) return false
    const written = translatedEnd(this.resolver.get(journey.points.last(), 6).rule)
    return written !== undefined && samePacket(rows, latest, base, journey.hook, resolved.hook, sameTable, written)
  }

  private begin(point: number, state: number, { family }: Resolved, at: Timestamp, line: number): OpenJourney {
    if (this.open >= this.options.maxOpen) this.evictOldest()
    const journey = this.pool.pop() ?? new OpenJourney()
    const base = state * F.COLUMNS
    const key = hasKey(this.states.rows, base) ? packetKey(this.states.rows, base) : CUT
    journey.reset(++this.ids.last, family, at.stamp, at.clock, line, key)
    journey.lossy = this.options.lossy === true
    journey.repeats = this.sent.note(point, this.states.rows, base, journey.id, at.clock)
    const other = this.byContent.first(key)
    journey.alone = other === undefined
    if (other) other.alone = false
    this.byContent.add(journey)
    this.lane!.push(journey)
    this.lastFirstLine = line
    this.open++
    this.answers.note(this.states.rows, base, at.clock, line)
    this.options.onBegun?.(state)
    return journey
  }

  private evictOldest(): void {
    let oldest = this.lane!.first
    for (const lane of this.lanes.values()) oldest ??= lane.first
    if (oldest) this.evict(oldest)
  }

  /** The rest of it may still come, so nothing can be said to be missing. */
  private evict(journey: OpenJourney): void {
    this.evicted++
    this.close(journey, false)
  }

  /** Moves the journey's place on to this event's. */
  private advance(journey: OpenJourney, resolved: Resolved, state: number): void {
    if (resolved.kind === 'log') return
    if (resolved.base) {
      if (resolved.hookNumber !== journey.hookNumber || resolved.tableNumber !== journey.tableNumber)
        this.enter(journey, resolved)
      journey.number = resolved.ruleNumber ?? 0
      if (resolved.reported === 'policy' || resolved.kind === 'policy') journey.ended = true
    } else if (resolved.tableNumber !== journey.tableNumber) {
      this.enter(journey, resolved)
      journey.number = 0
    }
    switch (resolved.ending) {
      case 'drop':
      case 'reject':
        journey.ended = journey.complete = true
        break
      case 'accept':
        journey.ended = true
        journey.complete = this.isLastChain(journey, resolved, state)
        break
      case 'queue':
      case 'stolen':
        journey.ended = true
    }
  }

  private enter(journey: OpenJourney, resolved: Resolved): void {
    if (comesBack(journey.hook, resolved.hook)) journey.throughLoopback = true
    journey.hook = resolved.hook
    journey.table = resolved.table
    journey.hookNumber = resolved.hookNumber
    journey.tableNumber = resolved.tableNumber
    journey.ended = false
    if (resolved.table === 'nat') journey.natSeen = true
    else if (journey.hook === 'prerouting' || journey.hook === 'output')
      if (priorityOf(resolved.table, journey.hook) < -100) journey.beforeNat = true
  }

  /** Accepted here: does another base chain come for this packet? Where nat's part is not known, wait for it. */
  private isLastChain(journey: OpenJourney, resolved: Resolved, state: number): boolean {
    const { hook } = journey
    if (hook !== 'input' && hook !== 'postrouting') return false
    if (hook === 'postrouting') {
      // without an output interface nothing is sure, and over lo the packet comes back in
      const out = this.states.rows[state * F.COLUMNS + F.OUT]!
      if (out === 0 || this.states.names.text(out) === 'lo') return false
    }
    if (resolved.hook !== hook) return false
    return this.resolver.isLast(resolved, this.mayPassNat(journey, state))
  }

  private mayPassNat(journey: OpenJourney, state: number): boolean {
    // sent over lo, it has passed nat in OUTPUT and POSTROUTING and does not a second time
    if (journey.throughLoopback) return false
    if (journey.natSeen || !journey.beforeNat) return true
    // what REJECT answers belongs to a flow whose source nat has not seen yet: not in OUTPUT, only in POSTROUTING
    return journey.hook === 'postrouting' && isReset(this.states.rows, state * F.COLUMNS)
  }

  /** Closes the host's journeys that have waited too long. */
  private expire(clock: number): void {
    const lane = this.lane!
    const { idle } = this.options
    // a clock that goes back is another boot's, or another log's behind this one
    const anew = lane.clock - clock > idle
    lane.clock = clock
    for (let journey = lane.first; journey; journey = lane.first)
      if (anew || clock - journey.lastClock > idle) this.close(journey)
      else if (clock - journey.queuedClock > idle) lane.queueAgain(journey)
      else return
  }

  /** Clocks of several hosts, or since boot and by the wall, cannot be compared. */
  private changeLane(stamp: Stamp): void {
    const { host, uptime } = stamp
    this.stamp = stamp
    if (this.lane?.host === host && this.lane.uptime === uptime) return
    const key = `${uptime} ${host}`
    if (this.lanes.size > MOST_HOSTS) for (const [other, lane] of this.lanes) if (!lane.first) this.lanes.delete(other)
    this.lane = this.lanes.get(key) ?? new JourneyQueue(host, uptime)
    this.lanes.set(key, this.lane)
  }

  private close(journey: OpenJourney, followed = this.isFollowed(journey)): void {
    journey.lane!.remove(journey)
    this.open--
    if (this.latest === journey) this.latest = undefined
    this.byContent.remove(journey)
    const left = this.byContent.first(journey.key)
    if (left && !this.byContent.next(left)) left.alone = true
    journey.answered = this.answers.about(journey, this.states)
    this.onClosed(journey, followed)
    for (let i = 0; i < journey.held.length; i++) {
      const state = journey.held.at(i)
      if (this.owners[state] === journey) this.owners[state] = undefined
      this.states.release(state)
    }
    this.pool.push(journey)
  }

  /**
   * Would more of it have been seen? Lines of packets that were under way with it prove nothing: the capture may end
   * before the next of its own. Nor do lines that are older: this log runs backwards.
   */
  private isFollowed(journey: OpenJourney): boolean {
    if (journey.lane!.clock < journey.lastClock) return false
    return this.settled || this.lastFirstLine > journey.lastLine || journey.lane!.clock - journey.lastClock > SOON
  }
}

/** Is this event of the base chain that the journey walks, as far as that is known? User chains may hang on several. */
const isHere = (journey: OpenJourney, resolved: Resolved): boolean =>
  resolved.hookNumber === 0 ? journey.tableNumber === resolved.tableNumber : journey.hookNumber === resolved.hookNumber
