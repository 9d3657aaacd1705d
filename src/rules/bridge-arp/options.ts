/** A rule's words → its options, as ebtables and arptables have them: `!` stands in front of an option or of its value. */

import type { Condition } from '../../model/condition.ts'
import type { Counters } from '../../model/counters.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { WordError } from '../iptables/extension.ts'

export interface Given {
  /** As the table names it, whichever of its names was written. */
  name: string
  value: string
  not: boolean
  /** As written. */
  text: string
}

/** How many words follow an option, and what it is to say: a condition, nothing of its own, or what another tells. */
export interface Option {
  words: 0 | 1
  /** Throws WordError. Absent: the target's, or said by another option. */
  condition?(given: Given): Condition | undefined
}

export interface Options {
  given: Given[]
  /** What belongs to no option that is known. */
  unread: string[]
  counters?: Counters
}

/** `aliases`: other names → the one in `table`. */
export function readOptions(
  words: readonly string[],
  table: Readonly<Record<string, Option>>,
  aliases: Readonly<Record<string, string>>,
): Options {
  const read: Options = { given: [], unread: [] }
  for (let i = 0; i < words.length; i++) {
    let not = false
    const from = i
    if (words[i] === '!') {
      not = true
      i++
    }
    const written = words[i] ?? ''
    const name = Object.hasOwn(aliases, written) ? aliases[written]! : written
    const [packets, bytes] = written === '-c' ? [kernelNumber(words[i + 1]), kernelNumber(words[i + 2])] : []
    if (packets !== undefined && bytes !== undefined) {
      read.counters = { packets, bytes }
      i += 2
    } else if (Object.hasOwn(table, name)) {
      if (table[name]!.words === 1 && words[i + 1] === '!') {
        not = !not
        i++
      }
      const value = table[name]!.words === 1 ? (words[++i] ?? '') : ''
      read.given.push({ name, value, not, text: words.slice(from, i + 1).join(' ') })
    } else read.unread.push(words.slice(from, i + 1).join(' '))
  }
  return read
}

export interface Conditions {
  conditions: Condition[]
  /** Sentences on what is not understood. */
  problems: string[]
}

/** In the order given. What is not understood is an unknown condition with its words. */
export function conditionsOf({ given, unread }: Options, table: Readonly<Record<string, Option>>): Conditions {
  const conditions: Condition[] = []
  const problems: string[] = []
  for (const one of given) {
    try {
      const condition = table[one.name]?.condition?.(one)
      if (condition) conditions.push(condition)
    } catch (error) {
      if (!(error instanceof WordError)) throw error
      conditions.push({ kind: 'unknown', text: one.text, reason: 'not understood' })
      problems.push(`${one.name}: ${error.message}`)
    }
  }
  if (unread.length > 0) {
    conditions.push({ kind: 'unknown', text: unread.join(' '), reason: 'not understood' })
    problems.push(`"${unread.join(' ')}" is not understood`)
  }
  return { conditions, problems }
}

/** Known, but not from what a packet or the host shows. */
export const beyond =
  (reason: string): ((given: Given) => Condition) =>
  ({ text }) => ({ kind: 'unknown', text, reason })
