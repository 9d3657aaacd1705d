/** What the matches on IPv6 extension headers share. */
import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { type Option, word } from '../extension.ts'
import { readNumber } from './numbers.ts'

/** Is there such a header? `name` as the field `exthdr` has it. */
export const hasHeader = (name: string, text: string): Condition => ({
  kind: 'compare',
  field: 'exthdr',
  op: '==',
  value: name,
  text,
})

/** What an option asks of a header's inside that nothing shows: none or one condition. */
export function notShown(option: string, given: Negatable<unknown> | undefined, printed = ''): Condition[] {
  if (!given) return []
  const text = `${given.not ? '! ' : ''}--${option} ${printed}`.trim()
  return [{ kind: 'unknown', text, reason: 'this part of the extension header is not shown' }]
}

/** The length of a header in bytes. */
export const headerLength = (more: Partial<Option<number>> = {}): Option<number> =>
  word((text) => readNumber(text), String, { invert: true, ...more })
