/**
 * Where the parser of nft text stands: tokens, variables in force, what went wrong so far, and the commands read. The
 * grammar itself is in the files beside this one, as functions that take it.
 */
import { Refusal } from '../../../model/refusal.ts'
import type { RuleFamily } from '../../../model/ruleset.ts'
import { shortened } from '../../../model/shortened.ts'
import type { Expression, Statement } from '../ast.ts'
import type { Command } from '../objects.ts'
import { type Token, tokenize } from './tokens.ts'
import type { Variables } from './variables.ts'

/** Something that was not understood; `line` and `column` are 1-based. */
export interface Problem {
  code: 'syntax' | 'unknown-variable' | 'not-included' | 'no-change' | 'too-deep' | 'too-large'
  message: string
  line: number
  column: number
}

/** Gives the texts that an `include` names, or undefined where there are none at hand. */
export type Resolve = (pattern: string) => readonly string[] | undefined

/** Thrown by what parses, caught where a statement or block ends; never leaves this folder. */
export class SyntaxProblem extends Refusal {
  readonly token: Token
  readonly code: Problem['code']
  constructor(token: Token, message: string, code: Problem['code'] = 'syntax') {
    super(message)
    this.token = token
    this.code = code
  }
}

/** `value`: names are names, not selectors. */
export interface Context {
  value?: boolean
}

export interface ParsedRule {
  expr: Statement[]
  comment?: string
  handle?: number
}

/** The parts of the grammar that others hold again: an expression in an expression, a rule in a rule. */
export interface Grammar {
  expression: (p: Parser) => Expression
  concat: (p: Parser, context: Context) => Expression
  statement: (p: Parser) => Statement
  rule: (p: Parser) => ParsedRule
}

/** What texts that include each other have in common. */
export interface Shared {
  grammar: Grammar
  commands: Command[]
  problems: Problem[]
  variables: Variables
  resolve: Resolve | undefined
  includes: number
  includeDepth: number
  anonymousChains: number
  /** The text ends within a block: more of it, and other tables, may follow. */
  isCutShort: boolean
}

const BLOCKS = new Set(['chain', 'table'])
const MAX_DEPTH = 100

export class Parser {
  readonly text: string
  readonly shared: Shared
  readonly tokens: Token[]
  private next = 0
  private depth = 0
  /** The table that the rule at hand is in: its family says what a name means (`priority filter`). */
  family: RuleFamily = 'ip'
  table = ''
  /** Inside of a chain's block? */
  inChain = false

  constructor(text: string, shared: Shared) {
    this.text = text
    this.shared = shared
    this.tokens = tokenize(text)
    shared.variables.allow(this.tokens.length)
  }

  get token(): Token {
    return this.tokens[this.next]!
  }

  get position(): number {
    return this.next
  }

  set position(next: number) {
    this.next = next
  }

  ahead(by: number): Token {
    return this.tokens[Math.min(this.next + by, this.tokens.length - 1)]!
  }

  /** The token taken last. */
  get behind(): Token {
    return this.tokens[Math.max(0, this.next - 1)]!
  }

  advance(): Token {
    const token = this.token
    if (token.kind !== 'end') this.next++
    return token
  }

  /** Is this word or sign next? */
  is(text: string): boolean {
    const { kind, text: own } = this.token
    return own === text && (kind === 'word' || kind === 'sign')
  }

  isAny(texts: ReadonlySet<string>): boolean {
    const { kind, text } = this.token
    return (kind === 'word' || kind === 'sign') && texts.has(text)
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.next++
    return true
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected "${text}"`)
  }

  /** A name of a table, chain, set … */
  identifier(what: string): string {
    const { kind } = this.token
    if (kind === 'word' || kind === 'string') return this.advance().text
    if (this.is('$')) {
      const value = this.variable()
      if (typeof value === 'string') return value
    }
    return this.fail(`expected ${what}`)
  }

  number(what: string): number {
    if (this.token.kind === 'number') return this.advance().value!
    // beyond what a double holds exactly
    if (this.token.kind === 'word' && /^\d{1,300}$/.test(this.token.text)) return Number(this.advance().text)
    if (this.is('$')) {
      const value = this.variable()
      if (typeof value === 'number') return value
    }
    return this.fail(`expected ${what}`)
  }

  /** One that is told from its neighbours. */
  handleNumber(): number {
    const { value, kind } = this.token
    if (kind === 'number' && !Number.isSafeInteger(value)) this.fail('expected a handle')
    return this.number('a handle')
  }

  /** Words or text in quotes. */
  string(what: string): string {
    return this.identifier(what)
  }

  fail(message: string, code?: Problem['code']): never {
    throw new SyntaxProblem(this.token, message, code)
  }

  /** Runs `parse` one level deeper; a text of brackets alone must not exhaust the stack. */
  nested<T>(parse: () => T): T {
    if (this.depth >= MAX_DEPTH) this.failTooDeep()
    this.depth++
    try {
      return parse()
    } finally {
      this.depth--
    }
  }

  failTooDeep(token = this.token): never {
    throw new SyntaxProblem(token, 'nested too deeply', 'too-deep')
  }

  skipNewlines(): void {
    while (this.token.kind === 'newline') this.next++
  }

  skipSeparators(): void {
    while (this.token.kind === 'newline' || this.is(';')) this.next++
  }

  atEnd(): boolean {
    return this.token.kind === 'end'
  }

  /** Does a statement end here? */
  atStop(): boolean {
    return this.token.kind === 'newline' || this.token.kind === 'end' || this.is(';') || this.is('}')
  }

  /** Does a block begin that cannot be inside of this one? Then a bracket was not closed. */
  atOuterBlock(): boolean {
    const isBlock = this.ahead(2).text === '{' || this.ahead(3).text === '{'
    return isBlock && (this.is('table') || (this.is('chain') && this.inChain))
  }

  /** Takes the end of a statement: `;`, a line's end, or stands before `}` or the end of the text. */
  endStatement(): void {
    if (!this.atStop()) this.fail('expected the end of the statement')
    if (this.token.kind === 'newline' || this.is(';')) this.next++
  }

  /** `# handle 4` behind what was just read. */
  handle(token = this.token): number | undefined {
    if (token.kind !== 'newline') return undefined
    const digits = /(?:^| )# handle (\d+)/.exec(token.text)?.[1]
    return digits !== undefined && Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined
  }

  report(error: unknown): void {
    if (!(error instanceof SyntaxProblem)) throw error
    const { token, message, code } = error
    const near =
      token.kind === 'newline' || token.kind === 'end'
        ? 'the end of the line'
        : `"${shortened(this.source(token), 40)}"`
    const text = code === 'syntax' ? `${message}, found ${near}` : message
    this.problem(token, code, text)
  }

  problem(token: Token, code: Problem['code'], message: string): void {
    this.shared.problems.push({ code, message, line: token.line, column: token.column })
  }

  source(token: Token): string {
    return this.text.slice(token.at, token.end)
  }

  /** What stands from one token up to another, as written. */
  between(from: number, to: number): string {
    if (to <= from) return ''
    return this.text.slice(this.tokens[from]!.at, this.tokens[to - 1]!.end).trim()
  }

  /** Goes on behind this statement, brackets passed whole; what stands there from token `from` on, as written. */
  skipStatement(from = this.next): string {
    let open = 0
    let at = from
    for (; this.tokens[at]!.kind !== 'end'; at++) {
      const { kind, text } = this.tokens[at]!
      if (kind === 'string') continue
      if (at >= this.next) {
        if (open <= 0 && (kind === 'newline' || text === ';' || text === '}')) break
        // a bracket that nobody closed ends at the next block
        if (kind === 'newline' && BLOCKS.has(this.tokens[at + 1]!.text) && this.tokens[at + 3]?.text === '{') break
      }
      if (text === '{') open++
      else if (text === '}') open--
    }
    const text = this.between(from, at)
    this.next = at
    if (!this.is('}') && !this.atEnd()) this.next++
    return text
  }

  /** `$name`: what it stands for; unknown text where nothing defines it. */
  variable(): Expression {
    const sign = this.advance()
    const { kind, text } = this.token
    if (kind !== 'word') this.fail('expected the name of a variable')
    this.advance()
    const found = this.shared.variables.valueOf(text)
    if (found === 'too large') this.fail('the variables expand to too much text here', 'too-large')
    if (typeof found === 'object') return found.value
    this.problem(sign, 'unknown-variable', `nothing defines $${text}`)
    return { unknown: { text: `$${text}` } }
  }
}
