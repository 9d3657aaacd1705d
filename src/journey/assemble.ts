/**
 * Events → closed journeys: the events of one packet together and in order, out of interleaved lines. The same for
 * files, pipes and live sessions; each capture has an assembler of its own.
 */
import { type Hook, NEXT_HOOKS } from '../model/hook.ts'
import type { Family } from '../model/packet.ts'
import type { EventSink } from '../read/captures/format.ts'
import * as F from '../read/captures/header-fields.ts'
import type { Stamp } from '../read/captures/stamp.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { logs } from './log-lines.ts'
import { JourneyQueue, OpenJourney } from './open.ts'
import { priorityOf, type Resolved, type Resolver } from './resolve.ts'
import { comesBack, hasKey, packetKey, sameMoment, samePacket } from './same-packet.ts'

export interface AssemblerOptions {
  /** Microseconds of capture time without another event after which a journey is closed. */
  idle: number
  /** Journeys open at the same time; more, and the oldest is closed as it is. */
  maxOpen: number
}

export const DEFAULT_OPTIONS: AssemblerOptions = { idle: 1_000_000, maxOpen: 20_000 }

/** Takes a journey that is closed; its points and states are valid only during the call. `followed`: events came after it. */
export type OnClosed = (journey: OpenJourney, followed: boolean) => void

/** Numbers journeys by first event, over all captures of one run. */
export class JourneyIds {
  last = 0
}

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
  /** The latest open journey of a key; the others hang behind it. */
  private readonly byKey = new Map<number, OpenJourney>()
  private readonly queue = new JourneyQueue()
  private readonly pool: OpenJourney[] = []
  private lastLine = 0
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

  event(point: number, state: number, stamp: Stamp, clock: number, line: number): void {
    this.events++
    this.lastLine = line
    const resolved = this.resolver.get(point, this.states.rows[state * F.COLUMNS + F.FAMILY]!)
    let journey = (resolved.kind === 'log' ? this.findLogged(state, resolved) : undefined) ?? this.owners[state]
    if (!journey || !follows(journey, resolved)) journey = this.find(state, resolved)
    if (!journey) journey = this.begin(state, resolved.family, stamp, clock, line)
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
    journey.lastStamp = stamp
    journey.lastClock = clock
    journey.lastLine = line
    this.advance(journey, resolved, state)
    if (journey.complete) this.close(journey)
    this.expire(clock)
  }

  /** No more events come: closes what is open, oldest first. */
  end(): void {
    while (this.queue.first) this.close(this.queue.first)
  }

  get open(): number {
    return this.queue.size
  }

  /** The open journey that this event goes on with, when its bytes were not its journey's last. */
  private find(state: number, resolved: Resolved): OpenJourney | undefined {
    const { rows } = this.states
    const base = state * F.COLUMNS
    if (!hasKey(rows, base)) return this.findCut(base, resolved)
    let found: OpenJourney | undefined
    // of several the oldest: packets that cannot be told apart are taken to keep their order
    for (let journey = this.byKey.get(packetKey(rows, base)); journey; journey = journey.sibling)
      if (follows(journey, resolved) && this.isSame(journey, base, resolved)) found = journey
    return found
  }

  /** LOG shows less of a packet than TRACE; but the line of the rule that logs stands right in front. */
  private findLogged(state: number, line: Resolved): OpenJourney | undefined {
    const { rows } = this.states
    const base = state * F.COLUMNS
    let found: OpenJourney | undefined
    for (let journey = this.byKey.get(packetKey(rows, base)); journey; journey = journey.sibling) {
      const traced = this.resolver.get(journey.points.at(-1)!, rows[journey.states.at(-1)! * F.COLUMNS + F.FAMILY]!)
      if (logs(traced, line) && sameMoment(rows, journey.states.at(-1)! * F.COLUMNS, base)) found = journey
    }
    return found
  }

  /** For a line that was cut: the latest journey that nothing it shows speaks against. */
  private findCut(base: number, resolved: Resolved): OpenJourney | undefined {
    let tried = 0
    for (const journey of this.queue.latestFirst()) {
      if (++tried > 64) return undefined
      if (follows(journey, resolved) && this.isSame(journey, base, resolved)) return journey
    }
    return undefined
  }

  private isSame(journey: OpenJourney, base: number, resolved: Resolved): boolean {
    const { rows } = this.states
    const latest = journey.shown * F.COLUMNS
    if (comesBack(journey.hook, resolved.hook)) {
      // by the interface it left by, lo or a VRF's; what nat does in OUTPUT may have turned it to lo
      const way = rows[base + F.IN]!
      if (way !== rows[latest + F.OUT] && (way !== this.lo || journey.hook !== 'output')) return false
    }
    return samePacket(rows, latest, base, journey.hook, resolved.hook, journey.table === resolved.table)
  }

  private begin(state: number, family: Family, stamp: Stamp, clock: number, line: number): OpenJourney {
    if (this.queue.size >= this.options.maxOpen) {
      this.evicted++
      this.close(this.queue.first!)
    }
    const journey = this.pool.pop() ?? new OpenJourney()
    const key = packetKey(this.states.rows, state * F.COLUMNS)
    journey.reset(++this.ids.last, family, stamp, clock, line, key)
    journey.sibling = this.byKey.get(key)
    this.byKey.set(key, journey)
    this.queue.push(journey)
    return journey
  }

  /** Moves the journey's place on to this event's. */
  private advance(journey: OpenJourney, resolved: Resolved, state: number): void {
    if (resolved.kind === 'log') return
    if (resolved.base) {
      if (resolved.hook !== journey.hook || resolved.table !== journey.table) this.enter(journey, resolved)
      journey.number = resolved.ruleNumber ?? 0
      if (resolved.reported === 'policy' || resolved.kind === 'policy') journey.ended = true
    } else if (resolved.table !== journey.table) {
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
    return journey.hook === 'postrouting' && isAnswer(this.states.rows, state * F.COLUMNS)
  }

  /** Closes journeys that have waited too long; those that only stand too far in front go to the back. */
  private expire(clock: number): void {
    for (;;) {
      const journey = this.queue.first
      if (!journey) return
      if (clock - journey.lastClock > this.options.idle) this.close(journey)
      else {
        if (journey.lastClock > journey.queuedClock) {
          journey.queuedClock = journey.lastClock
          this.queue.remove(journey)
          this.queue.push(journey)
        }
        return
      }
    }
  }

  private close(journey: OpenJourney): void {
    this.queue.remove(journey)
    this.forgetKey(journey)
    this.onClosed(journey, this.lastLine > journey.lastLine)
    for (const state of journey.held) {
      if (this.owners[state] === journey) this.owners[state] = undefined
      this.states.release(state)
    }
    this.pool.push(journey)
  }

  private forgetKey(journey: OpenJourney): void {
    const first = this.byKey.get(journey.key)
    if (first === journey) {
      if (journey.sibling) this.byKey.set(journey.key, journey.sibling)
      else this.byKey.delete(journey.key)
      return
    }
    for (let one = first; one; one = one.sibling) if (one.sibling === journey) one.sibling = journey.sibling
  }
}

/** Sent by this host itself: a TCP reset, or an ICMP error. */
function isAnswer(rows: Int32Array, base: number): boolean {
  if (rows[base + F.IN] !== 0) return false
  if (rows[base + F.PROTO] === F.TCP) return (rows[base + F.FLAGS]! & 4) !== 0
  const type = rows[base + F.TYPE]!
  return rows[base + F.PROTO] === F.ICMP ? type === 3 : rows[base + F.PROTO] === F.ICMPV6 && type < 128
}

/** Can this event be the journey's next? Only the order of hooks, tables and rules is asked, not the packet. */
function follows(journey: OpenJourney, next: Resolved): boolean {
  if (next.kind === 'log' && next.table === undefined) return !journey.complete
  if (next.base || next.kind === 'log') {
    if (journey.hook === undefined || next.hook === undefined) return next.table !== journey.table || !journey.ended
    if (next.hook !== journey.hook) return leadsTo(journey.hook, next.hook)
    if (next.table !== journey.table) return priorityOf(next.table, next.hook) > priorityOf(journey.table, journey.hook)
    if (next.kind === 'log') return true
    // a chain is walked downwards; an unconditional RETURN prints as policy, and the real policy comes behind it
    return (next.ruleNumber ?? 0) > journey.number
  }
  if (next.table === journey.table) return !journey.ended
  if (journey.hook === undefined || next.hook === undefined) return true
  return next.hook === journey.hook
    ? priorityOf(next.table, next.hook) > priorityOf(journey.table, journey.hook)
    : leadsTo(journey.hook, next.hook)
}

/** Over any number of hooks in between that had no chain or whose lines are missing. */
function leadsTo(from: Hook, to: Hook): boolean {
  if (from === 'postrouting' || comesBack(from, to)) return comesBack(from, to)
  return NEXT_HOOKS[from].some((next) => next === to || (next !== 'postrouting' && leadsTo(next, to)))
}
