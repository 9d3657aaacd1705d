/** The variables of a script, those whose value the script itself tells, and what words become by them. */
import { CommandProblem } from '../problem.ts'
import { type ShellToken, shellTokens, shellValue, WORD_SEPARATOR } from '../shell.ts'
import type { RawToken } from './lexer.ts'

export const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=(.*)$/s

const ARGUMENTS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '@', '*', '#']

export class Variables {
  private readonly values: Map<string, string>

  constructor(values: ReadonlyMap<string, string> = new Map()) {
    this.values = new Map(values)
  }

  /** As a subshell has them. */
  copy(): Variables {
    return new Variables(this.values)
  }

  set(name: string, value: string): void {
    this.values.set(name, value)
  }

  unset(name: string): void {
    this.values.delete(name)
  }

  /** `NAME=value …`; of a value that is not known, the variable is not known from then on. */
  assign(words: readonly RawToken[]): 'ok' {
    for (const { text } of words) {
      const [, name, more, written = ''] = ASSIGNMENT.exec(text) ?? []
      if (name === undefined) continue
      const value = this.value(written)
      const before = more === '+' ? this.values.get(name) : ''
      if (value === undefined || before === undefined) this.values.delete(name)
      else this.values.set(name, before + value)
    }
    return 'ok'
  }

  /** `$@`, where it is known. */
  arguments(): string[] | undefined {
    const all = this.values.get('@')
    if (all === undefined) return undefined
    return this.values.get('#') === '0' ? [] : all.split(WORD_SEPARATOR)
  }

  /** Undefined: not known. */
  setArguments(words: readonly string[] | undefined): void {
    for (const name of ARGUMENTS) this.values.delete(name)
    if (!words) return
    for (let i = 1; i <= 9; i++) this.values.set(String(i), words[i - 1] ?? '')
    for (const all of ['@', '*']) this.values.set(all, words.join(WORD_SEPARATOR))
    this.values.set('#', String(words.length))
  }

  /** Undefined where it is not known. */
  value(text: string): string | undefined {
    try {
      return shellValue(text, this.values)
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
          for (const token of shellTokens(text, this.values)) expanded.push({ ...token, column: token.column + at })
        } catch (problem) {
          if (problem instanceof CommandProblem) return problem.behind(at)
          throw problem
        }
    }
    return expanded
  }
}
