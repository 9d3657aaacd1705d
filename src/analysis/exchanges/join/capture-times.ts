/** When the journeys of one capture came, by its clock in microseconds. */
import type { JourneyTimes } from '../../../journey/evidence.ts'

export class CaptureTimes {
  /** Counts captures from 0. */
  readonly number: number
  /** When its last event was, or until when nothing came; NaN: that is not known. */
  lastClock: number
  /** The most journeys that began within a second: of a crowd, rate limits may have left out some. */
  crowd = 0
  /** The latest second, and how many began in it. */
  private second = -1
  private count = 0

  constructor(number: number, lastClock: number) {
    this.number = number
    this.lastClock = lastClock
  }

  note({ firstClock, lastClock }: JourneyTimes): void {
    if (!(this.lastClock >= lastClock)) this.lastClock = lastClock
    const second = Math.floor(firstClock / 1e6)
    this.count = second === this.second ? this.count + 1 : 1
    this.second = second
    this.crowd = Math.max(this.crowd, this.count)
  }
}
