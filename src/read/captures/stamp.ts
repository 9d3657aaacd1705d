/**
 * When and where an event was logged, shared by all events of the same second and host. The exact moment is the
 * event's `clock`, in microseconds: since boot where `uptime` is true, else since 1970 by the wall clock as printed
 * (UTC where the capture gives no offset; year 2000 where it gives no year: only differences count then).
 */
export interface Stamp {
  /** As the capture names it; empty: it does not. */
  host: string
  uptime: boolean
  /** ISO 8601 up to the second, `--01-31T21:23:16` without a year; absent: the capture has no date. */
  second?: string
  /** The clock at that second. */
  base: number
  /** Digits of the fraction as printed. */
  digits: number
  /** `Z`, `+01:00`, or nothing. */
  offset: string
  /** Microseconds behind that second, where the capture gives both clocks; then a stamp is one event's own. */
  micros?: number
}

/** When one event was. An object that is used again for the next: a number with a fraction costs one of its own otherwise. */
export interface Timestamp {
  readonly stamp: Stamp
  /** Microseconds, as `stamp` says. */
  readonly clock: number
}

export const noStamp: Stamp = { host: '', uptime: false, base: Number.NaN, digits: 0, offset: '' }

/** ISO 8601, without what the capture does not say; undefined where it has no date. */
export function timeText(stamp: Stamp, clock: number): string | undefined {
  if (stamp.second === undefined) return undefined
  const micros = stamp.uptime ? stamp.micros : clock - stamp.base
  if (micros === undefined || stamp.digits === 0) return stamp.second + stamp.offset
  const fraction = String(Math.round(micros)).padStart(6, '0').slice(0, stamp.digits)
  return `${stamp.second}.${fraction}${stamp.offset}`
}
