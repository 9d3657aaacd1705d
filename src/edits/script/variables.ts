/** The variables of a script, those whose value the script itself tells, and what words become by them. */
import { handleAsked } from '../nft/by-comment.ts'
import { CommandProblem } from '../problem.ts'
import { type ShellToken, shellTokens, shellValue, WORD_SEPARATOR } from '../shell.ts'
import type { Budget } from './budget.ts'
import type { RawToken } from './lexer.ts'

export const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=(.*)$/s

/** `$1` to `$9`, `$@`, `$*`, `$#`. */
const ARGUMENT = /^[1-9@*#]$/

/** From one of them on: `shift` copies none. */
export interface Arguments {
  words: readonly string[]
  from: number
}

export class Variables {
  private readonly budget: Budget
  /** Of the shell around this one. */
  private readonly outer: Variables | undefined
  /** Undefined: unset, or not known. */
  private readonly values = new Map<string, string | undefined>()
  /** Undefined: not known. */
  private args: Arguments | undefined

  constructor(budget: Budget, outer?: Variables) {
    this.budget = budget
    this.outer = outer
    this.args = outer?.args
  }

  /** As a subshell has them: what it sets is gone behind it. Nobody changes the outer ones meanwhile. */
  inner(): Variables {
    return new Variables(this.budget, this)
  }

  get(name: string): string | undefined {
    if (ARGUMENT.test(name)) return this.argument(name)
    for (let one: Variables | undefined = this; one; one = one.outer)
      if (one.values.has(name)) return one.values.get(name)
    return undefined
  }

  has(name: string): boolean {
    return ARGUMENT.test(name) ? this.args !== undefined : this.get(name) !== undefined
  }

  set(name: string, value: string): void {
    this.values.set(name, value)
  }

  unset(name: string): void {
    if (this.outer) this.values.set(name, undefined)
    else this.values.delete(name)
  }

  /** `NAME=value …`; of a value that is not known, the variable is not known from then on. */
  assign(words: readonly RawToken[]): 'ok' {
    for (const { text } of words) {
      const [, name, more, written = ''] = ASSIGNMENT.exec(text) ?? []
      if (name === undefined) continue
      const value = this.value(written)
      const before = more === '+' ? this.get(name) : ''
      if (value === undefined || before === undefined) this.unset(name)
      else {
        this.budget.text(before.length)
        this.set(name, before + value)
      }
    }
    return 'ok'
  }

  private argument(name: string): string | undefined {
    if (!this.args) return undefined
    const { words, from } = this.args
    if (name === '#') return String(words.length - from)
    if (name !== '@' && name !== '*') return words[from + Number(name) - 1] ?? ''
    this.budget.step(words.length - from)
    return words.slice(from).join(WORD_SEPARATOR)
  }

  /** The words of `$@`, where they are known. */
  allArguments(): readonly string[] | undefined {
    this.budget.step(this.args ? this.args.words.length - this.args.from : 0)
    return this.args?.words.slice(this.args.from)
  }

  get arguments(): Arguments | undefined {
    return this.args
  }

  /** Undefined: not known. */
  set arguments(args: Arguments | undefined) {
    this.args = args
  }

  /** Beyond the last, none are left. */
  shift(count: number): void {
    if (!this.args || !(count >= 0)) return
    const { words, from } = this.args
    this.args = { words, from: Math.min(words.length, from + count) }
  }

  /** Undefined where it is not known. */
  value(text: string): string | undefined {
    try {
      return shellValue(text, this, this.budget)
    } catch (problem) {
      if (problem instanceof CommandProblem) return undefined
      throw problem
    }
  }

  /** Columns count through the whole script. */
  expand(tokens: readonly RawToken[]): ShellToken[] | CommandProblem {
    const expanded: ShellToken[] = []
    for (const [i, { kind, text, at }] of tokens.entries()) {
      const handleOf = tokens[i - 1]?.text === 'handle' ? handleAsked(text) : undefined
      if (kind === 'operator') expanded.push({ kind, text, column: at + 1 })
      else if (handleOf) expanded.push({ kind, text, column: at + 1, handleOf })
      else
        try {
          for (const token of shellTokens(text, this, this.budget))
            expanded.push({ ...token, column: token.column + at })
        } catch (problem) {
          if (problem instanceof CommandProblem) return problem.behind(at)
          throw problem
        }
    }
    return expanded
  }
}
