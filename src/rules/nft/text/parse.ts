/**
 * The nft language → commands in libnftables-json(5)'s words. It is what `nft list ruleset` prints, with and without
 * `-a`, `-s` and `-n`, and what people write for `nft -f`; nft's own grammar (src/parser_bison.y, up to 1.1) says what a
 * line means. A table's block becomes an `add` for the table and for each thing in it. Variables are put in place of
 * their names. What is not understood stays as an `unknown` where it stood, and is told with line and column.
 */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Expression, Statement } from '../ast.ts'
import type { Command } from '../objects.ts'
import { parseCommands } from './commands.ts'
import { parseConcat, parseExpression, parseGiven } from './expressions.ts'
import { type ParsedRule, Parser, type Problem, type Resolve, type Shared } from './parser.ts'
import { parseRule } from './rule.ts'
import { parseStatement } from './statements.ts'
import { Variables } from './variables.ts'

export type { Problem, Resolve } from './parser.ts'

export interface Parsed {
  commands: Command[]
  problems: Problem[]
  isCutShort: boolean
}

/** Never throws; time and memory are linear in the text. `resolve` gives what `include` names. */
export function parseNft(text: string, resolve?: Resolve): Parsed {
  const p = new Parser(text, shared(resolve))
  parseCommands(p)
  const { commands, problems, isCutShort } = p.shared
  return { commands, problems, isCutShort }
}

/** One rule as `nft list` prints it or `nft add rule` takes it, without table and chain. */
export function parseNftRule(text: string, family: RuleFamily = 'inet'): ParsedRule & { problems: Problem[] } {
  const p = new Parser(text, shared())
  p.family = family
  p.skipSeparators()
  const rule = parseRule(p)
  p.skipSeparators()
  if (!p.atEnd()) {
    p.problem(p.token, 'syntax', 'more than one rule')
    rule.expr.push({ unknown: { text: text.slice(p.token.at).trim() } } satisfies Statement)
  }
  return { ...rule, problems: p.shared.problems }
}

/** An expression alone, such as `ip saddr . tcp dport`; undefined where it is none. */
export function parseNftExpression(text: string): Expression | undefined {
  const p = new Parser(text, shared())
  try {
    p.skipSeparators()
    const expression = parseGiven(p)
    p.skipSeparators()
    return p.atEnd() && p.shared.problems.length === 0 ? expression : undefined
  } catch (error) {
    p.report(error)
    return undefined
  }
}

const shared = (resolve?: Resolve): Shared => ({
  grammar: { expression: parseExpression, concat: parseConcat, statement: parseStatement, rule: parseRule },
  commands: [],
  problems: [],
  variables: new Variables(),
  resolve,
  includes: 0,
  includeDepth: 0,
  anonymousChains: 0,
  isCutShort: false,
})
