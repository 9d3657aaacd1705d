/** Errors in what was typed, with the wrong word marked below it. */

import { columns } from '../model/columns.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'

/** As parsers of filters, packets and commands give them; `column` is 1-based, in characters. */
export interface Wrong {
  column: number
  word: string
  message: string
  suggestion?: string
}

export function pointAt(what: string, whole: string, wrong: Wrong, more?: string): UserError {
  const { text, ...marker } = around(whole, wrong)
  const marked = `  ${printable(text)}\n  ${markerBelow(text, marker)}`
  return new UserError(
    `${what} cannot be read: ${wrongWords(wrong)}`,
    more === undefined ? marked : `${marked}\n${more}`,
  )
}

/** Characters that are shown of what is wrong, and on each side of it, of what is longer than MOST. */
const [WORD, SIDE, MOST] = [200, 100, 2000] as const

function around(text: string, { column, word }: Wrong): { text: string; column: number; word: string } {
  if (text.length <= MOST) return { text, column, word }
  const start = Math.max(0, column - 1 - SIDE)
  const shown = word.slice(0, WORD)
  const end = column - 1 + shown.length + SIDE
  const before = start > 0 ? '…' : ''
  const after = end < text.length ? '…' : ''
  return { text: before + text.slice(start, end) + after, column: column - start + before.length, word: shown }
}

/** `^^^` where the wrong word is, in a line below the text; `shown`: how the text is. */
export function markerBelow(text: string, { column, word }: Pick<Wrong, 'column' | 'word'>, shown = printable): string {
  const before = columns(shown(text.slice(0, column - 1)))
  return ' '.repeat(before) + '^'.repeat(Math.max(1, columns(shown(word))))
}

export const wrongWords = ({ message, suggestion }: Wrong): string =>
  `${printable(message)}.${suggestion === undefined ? '' : ` Did you mean "${printable(suggestion)}"?`}`

/** What ends with a question has its mark. */
export const sentence = (text: string): string => (/[?.!]$/.test(text) ? printable(text) : `${printable(text)}.`)
