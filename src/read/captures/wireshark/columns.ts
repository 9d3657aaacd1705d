/** What the columns of a table are: told by its first line, and by whatever stands between them. */

import { wordTable } from '../../../model/word-table.ts'

export interface Columns {
  separator: string
  /** `"` or `'` around values, or nothing. */
  quote: string
  /** The field of each column, where it is known. */
  fields: (string | undefined)[]
}

/** A TRACE prefix. */
export const TRACE_VALUE = /TRACE: [^\s:]{1,64}:[^\s:]{1,200}:(?:rule|return|policy):\d+/

const SEPARATORS = ['\t', ',', ';', '|', ' ', '/', ':', '#']
/** A title, or a value of `-E quote=`. */
const QUOTES = ['"', "'"]

/** Titles of the columns that make it one of ours, in lower case, as Wireshark's window and its export have them. */
export const PREFIX_TITLES: Readonly<Record<string, string>> = wordTable({
  prefix: 'nflog.prefix',
  'tlv prefix value': 'nflog.prefix',
  tlv: 'nflog.tlv',
})

/** The field that a column shows, or undefined. `windows`: also by the titles of Wireshark's window. */
type FieldOf = (title: string, windows: boolean) => string | undefined

const fieldOfPrefix: FieldOf = (title, windows) =>
  title === 'nflog.prefix' || title === 'nflog.tlv'
    ? title
    : windows
      ? PREFIX_TITLES[title.trim().toLowerCase()]
      : undefined

/**
 * The line's columns as the titles of fields; undefined where it is no head with a prefix, or attributes, in it. The titles
 * of Wireshark's window are words like others: they count where they stand as its export writes them. `fieldOf`: absent,
 * it is told whether this is such a head, and no more.
 */
export function readTitles(line: string, fieldOf: FieldOf = fieldOfPrefix): Columns | undefined {
  const exported = line.startsWith('"')
  const quote = line.startsWith("'") ? "'" : '"'
  for (const separator of SEPARATORS) {
    const titles = splitLine(line, separator, quote)
    const fields = titles.map((title) => fieldOf(title, exported && separator === ','))
    if (fields.includes('nflog.prefix') || fields.includes('nflog.tlv')) return { separator, quote, fields }
  }
  return undefined
}

/** A line of values under titles tells the quotes, which the titles of `-T fields` do not have. */
export const withQuote = (columns: Columns, line: string): Columns => ({
  ...columns,
  quote: QUOTES.find((quote) => line.startsWith(quote)) ?? columns.quote,
})

/** Values of a line; a quote in one stands twice, or behind a backslash. */
export function splitLine(line: string, separator: string, quote: string): string[] {
  const values: string[] = []
  let at = 0
  for (;;) {
    if (line[at] === quote) {
      const end = closing(line, at + 1, quote)
      values.push(line.slice(at + 1, end).replaceAll(quote + quote, quote))
      at = line.indexOf(separator, end)
      if (at < 0) return values
    } else {
      const end = line.indexOf(separator, at)
      values.push(line.slice(at, end < 0 ? undefined : end))
      if (end < 0) return values
      at = end
    }
    at++
  }
}

function closing(line: string, from: number, quote: string): number {
  for (let at = from; ; at++) {
    const end = line.indexOf(quote, at)
    if (end < 0) return line.length
    if (line[end + 1] === quote) at = end + 1
    else if (line[end - 1] === '\\' && end > from) at = end
    else return end
  }
}
