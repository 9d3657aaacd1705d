/**
 * Two readers of the kernel's ring (imklog beside imjournal), or two rules of syslog, write each line twice. The kernel
 * prints no second line for one rule, packet and microsecond.
 */
import { once } from '../../../model/diagnostic.ts'
import type { CaptureContext, EventSink } from '../format.ts'
import type { Timestamp } from '../stamp.ts'

/** How many events a copy may be behind: all that are nearer are found, so that no packet is left in part. A power of two. */
const REMEMBERED = 1 << 16
const SLOT = REMEMBERED - 1
const MICROSECONDS = 6
const SECOND = 1_000_000

/** Hands an event on only where it is not the copy of one before. */
export function onceEach({ sink, report, states }: CaptureContext): EventSink {
  const recent = new RecentEvents()
  const tell = once(report)
  return {
    event(point, state, at, line, traceId, mark) {
      // a state's number is used again when its packet's journey has ended
      if (!isExact(at) || recent.isNew(point, states.hashOf(state), at)) {
        sink.event(point, state, at, line, traceId, mark)
        return
      }
      tell('line-repeated', 'a log line stands here twice, with the same time stamp; nfwhy counts it once', line)
      states.retain(state)
      states.release(state)
    },
    ...(sink.lost && { lost: (line, goesOn) => sink.lost!(line, goesOn) }),
  }
}

const isExact = ({ stamp }: Timestamp): boolean => stamp.uptime || stamp.digits >= MICROSECONDS

/** The last ones, in a ring; those of one hash are chained, each to the one before. */
class RecentEvents {
  private readonly points = new Int32Array(REMEMBERED)
  private readonly headers = new Int32Array(REMEMBERED)
  private readonly clocks = new Float64Array(REMEMBERED)
  /** The wall clock's, by which two boots differ; NaN where none is printed. */
  private readonly seconds = new Float64Array(REMEMBERED)
  /** Counted from 1. */
  private readonly latest = new Float64Array(REMEMBERED)
  private readonly before = new Float64Array(REMEMBERED)
  private count = 0

  /** Remembers it, if it is. */
  isNew(point: number, headers: number, { stamp, clock: exact }: Timestamp): boolean {
    const clock = Math.round(exact)
    const mixed = Math.imul(point ^ Math.imul(headers, 0x9e3779b1) ^ (clock | 0), 0x85ebca6b)
    const hash = (mixed ^ (mixed >>> 15)) & SLOT
    const oldest = this.count - REMEMBERED
    for (let n = this.latest[hash]!; n > 0 && n > oldest; n = this.before[n & SLOT]!) {
      const i = n & SLOT
      const isSame = this.points[i] === point && this.headers[i] === headers && this.clocks[i] === clock
      // who writes it last may do so in the next second
      if (isSame && !(Math.abs(this.seconds[i]! - stamp.base) > SECOND)) return false
    }
    const n = ++this.count
    const i = n & SLOT
    this.points[i] = point
    this.headers[i] = headers
    this.clocks[i] = clock
    this.seconds[i] = stamp.base
    this.before[i] = this.latest[hash]!
    this.latest[hash] = n
    return true
  }
}
