/** Errors in what was typed, with the wrong word marked below it. */
import { printable } from '../reports/printable.ts'
import { columns } from '../reports/text/layout.ts'
import { UserError } from './errors.ts'

/** As parsers of filters, packets and commands give them; `column` is 1-based, in characters. */
interface Wrong {
  column: number
  word: string
  message: string
  suggestion?: string
}

export function pointAt(
  what: string,
  text: string,
  { column, word, message, suggestion }: Wrong,
  more?: string,
): UserError {
  const before = columns(printable(text.slice(0, column - 1)))
  const marked = `  ${printable(text)}\n  ${' '.repeat(before)}${'^'.repeat(Math.max(1, columns(printable(word))))}`
  const meant = suggestion === undefined ? '' : ` Did you mean "${printable(suggestion)}"?`
  return new UserError(
    `${what} cannot be read: ${printable(message)}.${meant}`,
    more === undefined ? marked : `${marked}\n${more}`,
  )
}
