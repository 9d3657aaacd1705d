/**
 * Arrays of objects as iproute2 prints them with -j: one array, or several after each other (`ip -j rule; ip -6 -j
 * rule`), on one line or spread over many (-p). Objects are read one by one, so that a file that was cut keeps those
 * before the cut.
 */

import type { Report } from '../../model/diagnostic.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalAddress } from '../../rules/prefixes.ts'
import { quoted } from './lines.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Visits each object with the line it begins on and the place (0, 1 …) of its array in the file. */
export function forEachObject(
  text: string,
  report: Report,
  visit: (object: JsonObject, line: number, array: number) => void,
): void {
  let line = 1
  let arrays = 0
  let open = false
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (char === '{') {
      const end = endOfObject(text, at)
      if (end === undefined) {
        report('cut-short', 'the file ends in the middle of an object; the objects before it are used', line)
        return
      }
      const source = text.slice(at, end)
      visitParsed(source, report, line, (object) => visit(object, line, Math.max(arrays - 1, 0)))
      for (const c of source) if (c === '\n') line++
      at = end
      continue
    }
    if (char === '\n') line++
    else if (char === '[') {
      arrays++
      open = true
    } else if (char === ']') open = false
    else if (!/[\s,]/.test(char)) {
      const stop = text.indexOf('\n', at)
      const rest = text.slice(at, stop < 0 ? text.length : stop)
      report('line-not-understood', `not part of the JSON: ${quoted(rest)}`, line)
      at += rest.length
      continue
    }
    at++
  }
  if (open) report('cut-short', 'the file ends in the middle of a list; the objects before the cut are used', line)
}

function visitParsed(source: string, report: Report, line: number, visit: (object: JsonObject) => void): void {
  let object: unknown
  try {
    object = JSON.parse(source)
  } catch {
    report('line-not-understood', `not valid JSON: ${quoted(source)}`, line)
    return
  }
  visit(object as JsonObject)
}

/** The place after the `}` that belongs to the `{` at `start`, or undefined where there is none. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{') depth++
    else if (char === '}' && --depth === 0) return at + 1
  }
  return undefined
}

/** A value as a message quotes it. */
export function shown(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // nested too deep for that
    return '…'
  }
}

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const asNumber = (value: unknown): number | undefined =>
  typeof value === 'string' ? kernelNumber(value) : Number.isFinite(value) ? (value as number) : undefined

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/** In canonical text. */
export const asAddress = (value: unknown): string | undefined =>
  typeof value === 'string' ? canonicalAddress(value) : undefined

/** Only the strings of a list. */
export const asNames = (value: unknown): string[] => asList(value).filter((item) => typeof item === 'string')
