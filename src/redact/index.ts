/** Files → the same files with other addresses and names, so that they can be shown to others and explain the same. */
import { dateInName } from '../read/saved-at.ts'
import { KEPT_WORDS } from './kept-words.ts'
import type { Doubt, Redactor } from './redactor.ts'
import { redactFree } from './rule-text.ts'

export { randomKey } from './keyed.ts'
export type { RedactingStream } from './redacting-stream.ts'
export { Redactor } from './redactor.ts'
export { redactPlain } from './rule-text.ts'
export { redactingStream } from './streams.ts'

/** What to tell of each doubt. */
export const DOUBTS: Readonly<Record<Doubt, string>> = {
  'range-widened':
    'a range of addresses cannot stay a range, because its networks were replaced separately; the smallest network that contains the range is used instead',
  'mask-with-gaps': 'an address whose mask has gaps (255.0.255.0) may match other addresses after redaction',
  hexadecimal:
    'a rule with --u32, --bytecode or raw payload (@nh) was left as it is; it may hold an address as a number',
}

/** A folder is often named as its host is; one that is named by a date still is. */
export const redactFolder = (name: string, redactor: Redactor): string =>
  name === '' || KEPT_WORDS.has(name.toLowerCase()) || /^\.+$/.test(name)
    ? name
    : dateInName(name)
      ? redactFree(name, redactor)
      : redactor.names.likeHost(name)

/** Of a file: every name on its path. */
export function redactPath(path: string, redactor: Redactor): string {
  const names = path.split('/')
  const file = names.pop()!
  return [...names.map((name) => redactFolder(name, redactor)), redactFree(file, redactor)].join('/')
}
