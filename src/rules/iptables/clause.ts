/** A match or target while its options are still coming, and what becomes of it. */
import type { Clause, Negatable } from '../../model/ruleset.ts'
import { type Given, type Match, type RuleContext, type Target, WordError } from './extension.ts'

/** A sentence about what was not understood, and the words it is about. */
export interface RuleProblem {
  message: string
  from: number
  /** Behind the last. */
  to: number
  /** What a value could have been, where that is a list of names. */
  names?: readonly string[]
  /** What is not known at all. */
  unknown?: 'option' | 'match'
}

export interface Open {
  name: string
  /** Place of the word that named it. */
  at: number
  extension: Match | Target | undefined
  given: Given[]
  /** The words behind the name, as they were written. */
  written: string[]
  /** Not all of them were understood, and that is told already. */
  doubtful: boolean
}

export const opening = (name: string, extension: Match | Target | undefined, at: number): Open => ({
  name: extension?.name ?? name,
  at,
  extension,
  given: [],
  written: [],
  doubtful: false,
})

/** Where not everything is understood, nothing is: an option left out could turn the others' meaning around. */
export function close(open: Open, context: RuleContext, problems: RuleProblem[]): Clause {
  const { name, extension, given, written, doubtful } = open
  if (extension && !doubtful)
    try {
      return { name, values: valuesOf(extension, given, context) }
    } catch (error) {
      if (!(error instanceof WordError)) throw error
      problems.push({ message: `${name}: ${error.message}`, from: open.at, to: open.at + 1 })
    }
  return written.length > 0 ? { name, words: written } : { name }
}

function valuesOf(extension: Match | Target, given: readonly Given[], context: RuleContext): object {
  const { table } = context
  if (table && extension.tables && !extension.tables.includes(table))
    throw new WordError(`works only in table ${extension.tables.join(', ')}`)
  for (const [key, option] of Object.entries(extension.options))
    if (option.required && !given.some((one) => one.option === key)) throw new WordError(`--${key} is missing`)
  const values = extension.collect ? extension.collect(given, context) : dictionary(given)
  extension.check?.(values, context)
  return values
}

function dictionary(given: readonly Given[]): object {
  const values: Record<string, Negatable<unknown>> = {}
  for (const { option, value, not } of given) {
    if (values[option]) throw new WordError(`--${option} is given twice`)
    values[option] = { value, not }
  }
  return values
}
