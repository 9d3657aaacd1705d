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

export function pointAt(what: string, text: string, wrong: Wrong, more?: string): UserError {
  const marked = `  ${printable(text)}\n  ${markerBelow(text, wrong)}`
  return new UserError(
    `${what} cannot be read: ${wrongWords(wrong)}`,
    more === undefined ? marked : `${marked}\n${more}`,
  )
}

/** `^^^` where the wrong word is, in a line below the text; `shown`: how the text is. */
export function markerBelow(text: string, { column, word }: Wrong, shown = printable): string {
  const before = columns(shown(text.slice(0, column - 1)))
  return ' '.repeat(before) + '^'.repeat(Math.max(1, columns(shown(word))))
}

export const wrongWords = ({ message, suggestion }: Wrong): string =>
  `${printable(message)}.${suggestion === undefined ? '' : ` Did you mean "${printable(suggestion)}"?`}`

/** What ends with a question has its mark. */
export const sentence = (text: string): string => (/[?.!]$/.test(text) ? printable(text) : `${printable(text)}.`)
