/**
 * Two readers of the kernel's ring (imklog beside imjournal), or two rules of syslog, write each line twice. The kernel
 * prints no second line for one rule, packet and microsecond.
 */
import { once } from '../../../model/diagnostic.ts'
import type { CaptureContext, EventSink } from '../format.ts'
import type { Timestamp } from '../stamp.ts'

/**
 * How many events a copy may be behind: all that are nearer are found, so that no packet is left in part. Of those that
 * came behind later ones as many. A power of two.
 */
const REMEMBERED = 1 << 16
const SLOT = REMEMBERED - 1
const MICROSECONDS = 6
const MILLISECOND = 1000
const SECOND = 1_000_000

/** Hands an event on only where it is not the copy of one before. */
export function onceEach({ sink, report, states }: CaptureContext): EventSink {
  const recent = new RecentEvents()
  const tell = once(report)
  // a clock of whole milliseconds, or one cut short: a packet may come to one rule twice at one time
  let isFine = false
  let last = -1
  const isCopy = (point: number, headers: number, at: Timestamp): boolean => {
    if (!isExact(at)) return false
    isFine ||= Math.round(at.clock) % MILLISECOND !== 0
    const follows = isFine || last === point
    last = point
    return !recent.isNew(point, headers, at) && follows
  }
  return {
    event(point, state, at, line, traceId, mark) {
      // a state's number is used again when its packet's journey has ended
      if (!isCopy(point, states.hashOf(state), at)) {
        sink.event(point, state, at, line, traceId, mark)
        return
      }
      tell('line-repeated', 'the log has this line twice, with the same time stamp; nfwhy counts it once', line)
      states.retain(state)
      states.release(state)
    },
    ...(sink.lost && { lost: (line, goesOn) => sink.lost!(line, goesOn) }),
  }
}

const isExact = ({ stamp }: Timestamp): boolean => stamp.uptime || stamp.digits >= MICROSECONDS

/** The last ones. Most lines come with a later time than any before, and are new without a look. */
class RecentEvents {
  /** Each later than all before it. */
  private readonly inOrder = new Ring()
  /** Those that came behind later ones, or at the same time. */
  private readonly late = new Ring()
  /** Of `late`, by `hashOf`; counted from 1, so that 0 is none. */
  private readonly latest = new Int32Array(REMEMBERED)
  private readonly before = new Int32Array(REMEMBERED)
  private highest = Number.NEGATIVE_INFINITY

  /** Remembers it, if it is. */
  isNew(point: number, headers: number, { stamp: { base }, clock: exact }: Timestamp): boolean {
    const clock = Math.round(exact)
    if (clock <= this.highest && this.isKnown(point, headers, clock, base)) return false
    if (clock > this.highest) {
      this.highest = clock
      this.inOrder.add(point, headers, clock, base)
    } else {
      const n = this.late.add(point, headers, clock, base)
      const hash = hashOf(point, headers, clock)
      this.before[n & SLOT] = this.latest[hash]!
      this.latest[hash] = n
    }
    return true
  }

  private isKnown(point: number, headers: number, clock: number, base: number): boolean {
    const { inOrder, late } = this
    const first = inOrder.firstOf(clock)
    if (first <= inOrder.count && inOrder.holds(first, point, headers, clock, base)) return true
    for (let n = this.latest[hashOf(point, headers, clock)]!; n >= late.oldest; n = this.before[n & SLOT]!)
      if (late.holds(n, point, headers, clock, base)) return true
    return false
  }
}

/** Many lines may have one time, where a clock is coarse. */
const hashOf = (point: number, headers: number, clock: number): number =>
  (Math.imul(Math.imul(clock | 0, 0x9e3779b1) ^ Math.imul(point, 0x85ebca6b) ^ headers, 0xc2b2ae35) >>> 12) & SLOT

class Ring {
  private readonly points = new Int32Array(REMEMBERED)
  private readonly headers = new Int32Array(REMEMBERED)
  private readonly clocks = new Float64Array(REMEMBERED)
  /** The wall clock's, by which two boots differ; NaN where none is printed. */
  private readonly seconds = new Float64Array(REMEMBERED)
  count = 0

  /** Counted from 1. */
  get oldest(): number {
    return Math.max(1, this.count - REMEMBERED + 1)
  }

  /** Gives its number. */
  add(point: number, headers: number, clock: number, second: number): number {
    const i = ++this.count & SLOT
    this.points[i] = point
    this.headers[i] = headers
    this.clocks[i] = clock
    this.seconds[i] = second
    return this.count
  }

  clockOf(n: number): number {
    return this.clocks[n & SLOT]!
  }

  /** The first that is not earlier, of times in their order. */
  firstOf(clock: number): number {
    let [low, high] = [this.oldest, this.count + 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.clockOf(middle) < clock) low = middle + 1
      else high = middle
    }
    return low
  }

  holds(n: number, point: number, headers: number, clock: number, second: number): boolean {
    const i = n & SLOT
    if (this.points[i] !== point || this.headers[i] !== headers || this.clocks[i] !== clock) return false
    // who writes it last may do so in the next second
    return !(Math.abs(this.seconds[i]! - second) > SECOND)
  }
}
