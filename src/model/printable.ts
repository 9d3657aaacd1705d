/**
 * Makes text from an input safe to show: what would move a cursor, turn the reading direction round, hide or break a
 * line becomes visible (`\x1b`, `\u202e`). All else stays, letters of every script too. Commands stay as they are: other
 * words would be another command, and printCommand shows nothing of such characters.
 */
import { Command } from './command.ts'
import { HIDDEN, OTHERS, PLAIN } from './hidden.ts'

export const printable = (text: string): string => (PLAIN.test(text) ? text : replaceHidden(text, escaped))

const replaceHidden = (text: string, by: (char: string) => string): string =>
  text.replace(OTHERS, (run) => run.replace(HIDDEN, by))

function escaped(char: string): string {
  const code = char.codePointAt(0)!
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** Signs of our own sentences, where only ASCII may be shown. */
const SIGNS: Readonly<Record<string, string>> = {
  '…': '...',
  '→': '->',
  '⇒': '=>',
  '×': 'x',
  '–': '-',
  '—': '-',
  '’': "'",
}

/** The same with ASCII alone. */
export const printableAscii = (text: string): string =>
  printable(text).replace(/[^\x00-\x7f]/gu, (char) => SIGNS[char] ?? escaped(char))

/** A copy of plain data in which every text has gone through `clean`. */
export function allPrintable<T>(value: T, clean?: typeof printable): T
export function allPrintable(value: unknown, clean = printable): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((one) => allPrintable(one, clean))
  if (typeof value !== 'object' || value === null || value instanceof Command) return value
  // what stands under a symbol goes along, and is not shown
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) copy[key] = allPrintable(copy[key], clean)
  return copy
}

/** One line of JSON in which even such characters are escapes; it parses back to the very same data. */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value)
  return PLAIN.test(json) ? json : replaceHidden(json, jsonEscaped)
}

const jsonEscaped = (char: string) =>
  Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')
