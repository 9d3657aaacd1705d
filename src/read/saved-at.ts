/**
 * When a ruleset was saved: by the comment its tool wrote, by a date in the name of its file or of a folder it lies in,
 * or (in an archive) by when the file was last written. As a rule a date is that of the machine's own clock, without a zone.
 */

export interface SavedAt {
  /** Microseconds since 1970; of a local time as if it were UTC. */
  clock: number
  /** Does the clock show UTC, or whatever the machine's zone is? */
  utc: boolean
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** As ctime(3) prints it, and date(1) with its zone: `Fri Nov 20 06:03:22 2026`, `Fri Nov 20 06:03:22 UTC 2026`. */
const CTIME = /\b([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)\s+(?:([A-Z]{2,5})\s+)?(\d{4})\b/
/** `2026-11-20`, `20261120`, with `T06:03:22`, `_060322`, `-06-03-22`, `.0603` behind it, and `Z`. */
const NAMED =
  /(?<!\d)(20\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?:[T _.-]?([01]\d|2[0-3])[:.h-]?([0-5]\d)(?:[:.m-]?([0-5]\d))?(Z)?)?(?!\d)/
/** Seconds since 1970, this century's. */
const EPOCH = /(?<!\d)(1[0-9]{9}|2[0-9]{9})(?!\d)/

/** Undefined where the text has no date. */
export function dateInHeader(text: string): SavedAt | undefined {
  const match = CTIME.exec(text)
  const month = MONTHS.indexOf(match?.[1] ?? '')
  if (!match || month < 0) return undefined
  const [day, hour, minute, second, year] = [match[2], match[3], match[4], match[5], match[7]].map(Number)
  return at(year!, month, day!, hour!, minute!, second!, match[6] === 'UTC')
}

/** Of a file or folder; a date without a time of day is its beginning. */
export function dateInName(name: string): SavedAt | undefined {
  const match = NAMED.exec(name)
  if (match) {
    const [, year, , month, day, hour = '0', minute = '0', second = '0', zone] = match
    return at(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), zone === 'Z')
  }
  const seconds = EPOCH.exec(name)?.[1]
  return seconds === undefined ? undefined : { clock: Number(seconds) * 1e6, utc: true }
}

/** Undefined for a day that is in no calendar. */
function at(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  utc: boolean,
): SavedAt | undefined {
  const date = new Date(Date.UTC(year, month, day, hour, minute, second))
  return date.getUTCDate() === day ? { clock: date.getTime() * 1000, utc } : undefined
}

/** `2026-11-20T06:03:22`, with `Z` where it is UTC. */
export const savedAtText = ({ clock, utc }: SavedAt): string =>
  new Date(clock / 1000).toISOString().slice(0, 19) + (utc ? 'Z' : '')
