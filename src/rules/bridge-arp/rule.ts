/** A rule of ebtables or arptables: its words → what it asks and what it does. */
import type { Condition } from '../../model/condition.ts'
import type { Counters } from '../../model/counters.ts'
import type { Statement } from '../../model/statement.ts'
import { WordError } from '../iptables/extension.ts'
import { conditionsOf, type Option, type Options, readOptions } from './options.ts'

export interface LinkRule {
  conditions: Condition[]
  statements: Statement[]
  counters?: Counters
  /** Sentences on what is not understood. */
  problems: string[]
}

/** `statementsOf` may throw WordError; what the rule does is unknown then. */
export function readLinkRule(
  words: readonly string[],
  tool: { options: Readonly<Record<string, Option>>; aliases: Readonly<Record<string, string>> },
  statementsOf: (options: Options) => Statement[],
): LinkRule {
  const options = readOptions(words, tool.options, tool.aliases)
  const { conditions, problems } = conditionsOf(options, tool.options)
  const statements: Statement[] = []
  try {
    statements.push(...statementsOf(options))
  } catch (error) {
    if (!(error instanceof WordError)) throw error
    const text = options.given.filter(({ name }) => !tool.options[name]?.condition).map((one) => one.text)
    statements.push({ kind: 'unknown', text: text.join(' '), reason: 'not understood', ends: true })
    problems.push(error.message)
  }
  const { counters } = options
  return { conditions, statements, problems, ...(counters ? { counters } : {}) }
}
