/**
 * Makes text from an input safe to show: what would move a cursor, turn the reading direction round, hide or break a
 * line becomes visible (`\x1b`, `\u202e`). All else stays, letters of every script too.
 */

/** Control and format characters, line separators, lone surrogates, and what has no shape of its own. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

export const printable = (text: string): string => text.replace(HIDDEN, escaped)

function escaped(char: string): string {
  const code = char.codePointAt(0)!
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** A copy of plain data in which every text is printable. */
export function allPrintable<T>(value: T): T
export function allPrintable(value: unknown): unknown {
  if (typeof value === 'string') return printable(value)
  if (Array.isArray(value)) return value.map((one) => allPrintable(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, allPrintable(one)]))
}

/** One line of JSON in which even such characters are escapes; it parses back to the very same data. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(HIDDEN, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  )
