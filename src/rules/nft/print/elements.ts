/** What an element of a set carries besides its value. */
import type { Elem } from '../ast.ts'
import { printStateful } from './stateful.ts'
import { printTime, quoted } from './values.ts'

/** With a blank in front, where there is anything. */
export function printElementOptions(options: Omit<Elem['elem'], 'val'>): string {
  const { timeout, expires, comment, ...statements } = options
  let text = ''
  for (const [key, body] of Object.entries(statements)) text += ` ${printStateful(key, body)}`
  if (timeout !== undefined) text += ` timeout ${printTime(timeout)}`
  if (expires !== undefined) text += ` expires ${printTime(expires)}`
  if (comment !== undefined) text += ` comment ${quoted(comment)}`
  return text
}
