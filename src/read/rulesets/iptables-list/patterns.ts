/**
 * How `iptables -L` words what iptables-save prints as options: a pattern, and the words for it. Each extension prints
 * as it likes (extensions/lib{xt,ipt,ip6t}_*.c, its `print`; iptables 1.8.9, and older ones where they differ).
 */
import { quote } from '../../../rules/iptables/words.ts'

/** Tried where the text begins; undefined: it is not this after all. `!` stands for the extension's own text, unread. */
export type Pattern = readonly [pattern: RegExp, words: (found: RegExpExecArray) => string | undefined]

/** What a pattern could not turn into words. */
export const UNREAD = '!'

/** `! ` where there is one. */
export const not = (mark: string | undefined): string => (mark === undefined || mark.trim() === '' ? '' : '! ')

/** `1 code 2` → `1/2`. */
export const slash = (first: string, second: string | undefined): string =>
  second === undefined ? first : `${first}/${second}`

/** The text between quotes, which are printed as they are, or a word. */
export const free = (text: string | undefined): string => quote(text ?? '')

/** `up 5 ! reqid 7` → `--up 5 ! --reqid 7`: words that are options' names get their dashes. */
export const dashed = (text: string, names: RegExp): string =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => (names.test(word) ? `--${word}` : word))
    .join(' ')

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const

/** `0x17` → `FIN,SYN,RST,ACK`. */
export function flagNames(text: string): string {
  if (!/^0x/i.test(text)) return text
  const bits = Number(text)
  return FLAGS.filter((_, i) => bits & (1 << i)).join(',') || 'NONE'
}
