/** When a record was, by a wall clock in UTC: one object, set anew for each. */
import { type Moment, noStamp, type Stamp } from './stamp.ts'

/** Behind it years have five digits. */
const LAST_SECOND = 253_402_300_799

export class UtcMoment implements Moment {
  stamp: Stamp
  clock = Number.NaN
  private readonly host: string
  private readonly none: Stamp
  private second = Number.NaN

  /** `host`: as the capture names it; empty: it does not. */
  constructor(host = '') {
    this.host = host
    this.none = host === '' ? noStamp : { ...noStamp, host }
    this.stamp = this.none
  }

  /** Seconds since 1970 and whole microseconds behind them; anything that is no such time is no time at all. */
  set(seconds: number, micros: number): void {
    if (!(seconds >= 0 && seconds <= LAST_SECOND)) {
      this.stamp = this.none
      this.clock = this.second = Number.NaN
      return
    }
    if (seconds !== this.second) {
      this.second = seconds
      const second = new Date(seconds * 1000).toISOString().slice(0, 19)
      this.stamp = { host: this.host, uptime: false, second, base: seconds * 1e6, digits: 6, offset: 'Z' }
    }
    this.clock = seconds * 1e6 + micros
  }
}
