/** Dates in front of log lines, as much of them as is printed: no year and no offset is invented. */
import { noStamp, type Stamp } from '../stamp.ts'
import type { Cursor, Span } from './cursor.ts'

export interface DateRead {
  /** Without a host. */
  stamp: Stamp
  clock: number
  /** Where the second's fraction stands. */
  fraction: Span | undefined
  /** Whose date it is: syslog's has a host behind it, dmesg's and Proxmox' none, ISO 8601 may have one. */
  style: 'syslog' | 'iso' | 'bare'
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const ISO = /([A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:([.,])(\d+))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?\s*/dy
/** Behind journalctl -o short-full's date: which of the world's CST it is, nobody knows. */
const ZONE = /[A-Z]{3,5} |[+-]\d\d /y
const WORDS =
  /(\[)?(?:[^\s\d<>[\]()=:;,"']{2,12}[.,]? +)?([^\s\d<>[\]()=:;,"']{3,12})\s+(\d{1,2})\s*(?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:[.,](\d+))?(?: (\d{4})\b)?(?:\s*<\s*\d+\.\d+>)?(?:\] ?|\s*)/dy
const UNIX = /(\d{9,10})\.(\d{3,9}) /dy
const PROXMOX = /\d+ \d+ \S+ (\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4}) /y

export function takeDate(cursor: Cursor): DateRead | undefined {
  const iso = cursor.take(ISO)
  if (iso) {
    const [, weekday, date, time, mark, fraction, zone = ''] = iso
    if (weekday && !zone) cursor.take(ZONE)
    const offset = zone === 'UTC' || zone === 'GMT' ? 'Z' : withColon(zone)
    return dated(`${date}T${time}`, offset, fraction, iso.indices![5], mark === ',' ? 'bare' : 'iso')
  }
  const words = cursor.take(WORDS)
  if (words) {
    const [, bracket, name = '', day = '', early, time, fraction, late] = words
    const date = dateOf(early ?? late, name, day)
    return dated(`${date}T${time}`, '', fraction, words.indices![6], bracket ? 'bare' : 'syslog')
  }
  const proxmox = cursor.take(PROXMOX)
  if (proxmox) {
    const [, day = '', name = '', year, time, zone = ''] = proxmox
    return dated(`${dateOf(year, name, day)}T${time}`, withColon(zone), undefined, undefined, 'bare')
  }
  const unix = cursor.take(UNIX)
  if (!unix) return undefined
  const second = new Date(Number(unix[1]) * 1000).toISOString().slice(0, 19)
  return dated(second, 'Z', unix[2], unix.indices![2], 'syslog')
}

/** `--01-31` without a year; `---31` where the month is a word of another language. */
function dateOf(year: string | undefined, name: string, day: string): string {
  const month = MONTHS.indexOf(name.toLowerCase()) + 1
  return `${year ?? '-'}-${month === 0 ? '-' : String(month).padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** `second`: the date as far as it is known, and the time. */
function dated(
  second: string,
  offset: string,
  fraction: string | undefined,
  span: Span | undefined,
  style: DateRead['style'],
): DateRead {
  // only differences count where year or month are missing; without an offset Date must not think of the reader's own
  const whole = second.replace(/^--/, '2000-').replace('---', '-01-')
  const base = Date.parse(`${whole}${offset === '' ? 'Z' : offset}`) * 1000
  const digits = Math.min(fraction?.length ?? 0, 6)
  const stamp: Stamp = { ...noStamp, base, digits, offset }
  if (!second.includes('---')) stamp.second = second
  return { stamp, clock: base + microseconds(fraction ?? ''), fraction: span, style }
}

/** Digits behind the point. */
export const microseconds = (fraction: string): number => Number(fraction.padEnd(6, '0').slice(0, 6))

/** Date.parse wants a colon in the offset. */
const withColon = (zone: string): string => zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
