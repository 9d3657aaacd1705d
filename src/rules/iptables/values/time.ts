/** Dates, times of day and days as `-m time` writes them (libxt_time.c); all in UTC. */
import { WordError } from '../extension.ts'

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

/** `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]` → seconds since 1970. A 30th of February is, as for mktime, the 1st of March. Throws WordError. */
export function readDate(text: string): number {
  const parts = /^(\d+)(?:-(\d+)(?:-(\d+)(?:T(\d+)(?::(\d+)(?::(\d+))?)?)?)?)?$/.exec(text)
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (parts ?? [])
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)))
  if (year < 1970 || year > 2038 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59)
    throw new WordError(`"${text}" is not a date of the form YYYY-MM-DDThh:mm:ss`)
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}

export const printDate = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19)

/** `hh:mm[:ss]` → seconds since midnight. Throws WordError. */
export function readDaytime(text: string): number {
  const parts = /^(\d+):(\d+)(?::(\d+))?$/.exec(text)
  const [hour, minute, second] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3] ?? 0)]
  if (!parts || hour > 23 || minute > 59 || second > 59)
    throw new WordError(`"${text}" is not a time of the form hh:mm:ss`)
  return 60 * (60 * hour + minute) + second
}

export const printDaytime = (seconds: number): string => printDate(seconds).slice(11)

/** `1,15,31` → numbers in order. Throws WordError. */
export function readMonthdays(text: string): number[] {
  const days = text.split(',').map(Number)
  if (days.some((day) => !(day >= 1 && day <= 31))) throw new WordError(`"${text}" is not days from 1 to 31`)
  return inOrder(days)
}

/** Numbers from 1 for Monday, or names by their first two letters → numbers in order. Throws WordError. */
export function readWeekdays(text: string): number[] {
  const days = text.split(',').map((part) => {
    const day = /^\d$/.test(part)
      ? Number(part)
      : WEEKDAYS.findIndex((name) => part.length >= 2 && part.slice(0, 2) === name.slice(0, 2)) + 1
    if (day < 1 || day > 7) throw new WordError(`"${part}" is none of ${WEEKDAYS.join(', ')}`)
    return day
  })
  return inOrder(days)
}

const inOrder = (days: number[]): number[] => [...new Set(days)].sort((a, b) => a - b)
