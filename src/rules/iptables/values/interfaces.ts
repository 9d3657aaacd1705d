/** Interface names as iptables reads them: at most 15 characters, a trailing `+` for any rest (xtables_parse_interface). */
import type { Value } from '../../../model/condition.ts'
import { type Option, WordError, word } from '../extension.ts'

/** Throws WordError. */
export function readInterface(text: string): string {
  if (new TextEncoder().encode(text).length > 15) throw new WordError(`"${text}" is longer than 15 characters`)
  return text
}

export const interfaceOption = (more: Partial<Option<string>> = {}): Option<string> =>
  word(readInterface, (name) => name, more)

export const interfaceValue = (name: string): Value => (name.endsWith('+') ? { wildcard: name.slice(0, -1) } : name)
