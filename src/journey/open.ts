/** A journey while its events still come. */
import type { Hook } from '../model/hook.ts'
import type { Family } from '../model/packet.ts'
import { noStamp, type Stamp } from '../read/captures/stamp.ts'
import { IntList } from './int-list.ts'
import type { Repeat } from './repeats.ts'
import type { Resolved } from './resolved.ts'

export class OpenJourney {
  id = 0
  family: Family = 'ip'
  /** Event by event: trace point and packet state. */
  readonly points = new IntList()
  readonly states = new IntList()
  /** The latest state that TRACE showed: LOG shows less. */
  shown = -1
  /** The distinct ones among them, which the journey keeps alive. */
  readonly held = new IntList()
  firstStamp: Stamp = noStamp
  firstClock = 0
  lastStamp: Stamp = noStamp
  lastClock = 0
  firstLine = 0
  lastLine = 0
  /** Where the packet is: the base chain it walks. Undefined: not known, it was first seen in a user chain. */
  hook: Hook | undefined
  table: string | undefined
  /** The same as numbers; 0: not known. */
  hookNumber = 0
  tableNumber = 0
  /** The latest line of that base chain itself. */
  number = 0
  /** Nothing more can come of this base chain. */
  ended = false
  /** Tracing was on before the place of destination NAT; so a nat table that was not seen was not passed. */
  beforeNat = false
  natSeen = false
  /** The output interface was lo: the packet comes back in. */
  throughLoopback = false
  /** Its last chain was passed, but for what lo may bring. */
  onlyOverLo = false
  /** Earlier journeys of the same content: told as this one begins, for it may be closed before them. */
  repeats: readonly Repeat[] = []
  /** The last event ended the journey, as far as the ruleset tells. */
  complete = false
  /** It is not complete, and this host has sent a reset or an ICMP error about it, which a rule may have sent. */
  answered: 'reset' | 'error' | undefined
  key = 0
  /** Of a capture with trace ids; -1: it has none. */
  traceId = -1
  /** The one it began with: it may get others on its way. */
  firstTraceId = -1
  /** Pairs: an event's index and the packet's mark behind it, where the capture shows one. */
  readonly marks = new IntList()
  /** Base chains passed in this walk over the hooks; and which hooks it may be at now, a bit each. */
  readonly passed = new IntList()
  hookMask = 0
  /** The base chain it walks, where the ruleset has it. */
  base: Resolved | undefined
  /** The family of the table it is in, as a number. */
  layer = -1
  /** The capture says that events were lost while this packet was under way. */
  lossy = false
  /** Nothing but a session's own marking has told of the packet. */
  own = false
  /** Another open journey with the same key. */
  sibling: OpenJourney | undefined
  /** There is no other one. */
  alone = true
  // the queue in which journeys wait for their next event
  lane: JourneyQueue | undefined
  queuedClock = 0
  before: OpenJourney | undefined
  behind: OpenJourney | undefined

  /** Made new for another packet. */
  reset(id: number, family: Family, stamp: Stamp, clock: number, line: number, key: number): void {
    this.id = id
    this.family = family
    this.points.clear()
    this.states.clear()
    this.shown = -1
    this.held.clear()
    this.firstStamp = this.lastStamp = stamp
    this.firstClock = this.lastClock = this.queuedClock = clock
    this.firstLine = this.lastLine = line
    this.hook = undefined
    this.table = undefined
    this.number = this.hookNumber = this.tableNumber = 0
    this.ended = this.beforeNat = this.natSeen = this.throughLoopback = this.complete = this.own = false
    this.answered = undefined
    this.onlyOverLo = false
    this.key = key
    this.sibling = undefined
    this.traceId = this.firstTraceId = -1
    this.marks.clear()
    this.passed.clear()
    this.hookMask = 0
    this.base = undefined
    this.layer = -1
    this.lossy = false
  }
}

/** First in, first out, with removal from anywhere; the journeys of one host, whose clocks can be compared. */
export class JourneyQueue {
  readonly host: string
  readonly uptime: boolean
  first: OpenJourney | undefined
  private last: OpenJourney | undefined
  /** The clock of its last event. */
  clock = Number.NaN

  constructor(host: string, uptime: boolean) {
    this.host = host
    this.uptime = uptime
  }

  push(journey: OpenJourney): void {
    journey.lane = this
    journey.behind = undefined
    journey.before = this.last
    if (this.last) this.last.behind = journey
    else this.first = journey
    this.last = journey
  }

  remove(journey: OpenJourney): void {
    if (journey.before) journey.before.behind = journey.behind
    else this.first = journey.behind
    if (journey.behind) journey.behind.before = journey.before
    else this.last = journey.before
    journey.before = journey.behind = undefined
  }

  /** Must something be done before an event at `clock`? Else that becomes the clock. */
  isDue(clock: number, idle: number): boolean {
    if (this.clock - clock > idle || (this.first && clock - this.first.queuedClock > idle)) return true
    this.clock = clock
    return false
  }

  /** To the back, or nearly: to the place of its latest event. */
  queueAgain(journey: OpenJourney): void {
    this.remove(journey)
    journey.queuedClock = journey.lastClock
    this.push(journey)
  }

  *latestFirst(): Generator<OpenJourney> {
    for (let journey = this.last; journey; journey = journey.before) yield journey
  }
}
