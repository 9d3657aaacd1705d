/** Spans of time: `1d2h3m4s500ms`, or seconds. */
import type { Parser } from './parser.ts'

const SPAN = /^(?:(\d{1,15})d)?(?:(\d{1,15})h)?(?:(\d{1,15})m(?!s))?(?:(\d{1,15})s)?(?:(\d{1,15})ms)?$/

/** In seconds. */
export function parseTime(p: Parser): number {
  if (p.token.kind === 'number') return p.advance().value!
  const value = p.is('$') ? p.variable() : undefined
  if (typeof value === 'number') return value
  const text = typeof value === 'string' ? value : p.token.text
  const seconds =
    p.token.kind === 'word' || p.token.kind === 'string' || value !== undefined ? secondsOf(text) : undefined
  if (seconds === undefined) p.fail('expected a time')
  if (value === undefined) p.advance()
  return seconds!
}

/** Undefined where the text is no span of time. */
export function secondsOf(text: string): number | undefined {
  const parts = SPAN.exec(text)
  if (!parts || text === '') return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  const [days, hours, minutes, seconds, milliseconds] = parts.slice(1).map((part) => Number(part ?? 0)) as number[]
  return days! * 86_400 + hours! * 3600 + minutes! * 60 + seconds! + milliseconds! / 1000
}
