/** When a record was, by a wall clock in UTC: one object, set anew for each. */
import { noStamp, type Stamp, type Timestamp } from './stamp.ts'

/** Behind it years have five digits. */
const LAST_SECOND = 253_402_300_799

export class UtcMoment implements Timestamp {
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

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(?:(Z)|([+-])(\d\d):?(\d\d))?/

/** Seconds since 1970 and microseconds behind them; without an offset the time is taken for UTC. Undefined: not ISO 8601. */
export function readIso(text: string): [number, number] | undefined {
  const match = ISO.exec(text.slice(0, 64))
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', , sign, hours, minutes] = match
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60)
  return [local / 1000 - offset, Number(fraction.padEnd(6, '0').slice(0, 6))]
}

/** `1795154542.140361000` → seconds and microseconds; undefined: no such number. */
export function readEpoch(text: string): [number, number] | undefined {
  const match = /^(\d{1,12})(?:[.,](\d{0,9}))?$/.exec(text)
  if (!match) return undefined
  return [Number(match[1]), Number((match[2] ?? '').padEnd(6, '0').slice(0, 6))]
}
