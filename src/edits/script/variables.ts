/** The variables of a script, those whose value the script itself tells, and what words become by them. */
import { CommandProblem } from '../problem.ts'
import { type ShellToken, shellTokens, shellValue, WORD_SEPARATOR } from '../shell.ts'
import type { Budget } from './budget.ts'
import type { RawToken } from './lexer.ts'

export const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=(.*)$/s

const ARGUMENTS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '@', '*', '#']

export class Variables {
  private readonly budget: Budget
  /** Of the shell around this one. */
  private readonly outer: Variables | undefined
  /** Undefined: unset, or not known. */
  private readonly values = new Map<string, string | undefined>()

  constructor(budget: Budget, outer?: Variables) {
    this.budget = budget
    this.outer = outer
  }

  /** As a subshell has them: what it sets is gone behind it. Nobody changes the outer ones meanwhile. */
  inner(): Variables {
    return new Variables(this.budget, this)
  }

  get(name: string): string | undefined {
    for (let one: Variables | undefined = this; one; one = one.outer)
      if (one.values.has(name)) return one.values.get(name)
    return undefined
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
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

  /** `$@`, where it is known. */
  arguments(): string[] | undefined {
    const all = this.get('@')
    if (all === undefined) return undefined
    this.budget.text(all.length)
    const words = this.get('#') === '0' ? [] : all.split(WORD_SEPARATOR)
    this.budget.step(words.length)
    return words
  }

  /** Undefined: not known. */
  setArguments(words: readonly string[] | undefined): void {
    for (const name of ARGUMENTS) this.unset(name)
    if (!words) return
    for (let i = 1; i <= 9; i++) this.set(String(i), words[i - 1] ?? '')
    const all = words.join(WORD_SEPARATOR)
    this.budget.text(all.length)
    for (const name of ['@', '*']) this.set(name, all)
    this.set('#', String(words.length))
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
    for (const { kind, text, at } of tokens) {
      if (kind === 'operator') expanded.push({ kind, text, column: at + 1 })
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
