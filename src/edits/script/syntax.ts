/** The commands of a shell script and how they hang together (POSIX XCU 2.9, 2.10). */
import { CommandProblem } from '../problem.ts'
import { lex, type RawToken } from './lexer.ts'

/** Commands one after the other. */
export type List = Item[]

export interface Item {
  command: Node
  /** What stands in front of it: it is run if the one before went well (`&&`), or did not (`||`). */
  after?: RawToken
  /** `!` in front */
  negated?: true
}

export type Node = { at: number; end: number } & (
  | { kind: 'command'; tokens: RawToken[] }
  | { kind: 'for'; name: string; items?: RawToken[]; body: List }
  | { kind: 'if'; arms: { condition: List; body: List }[]; otherwise?: List }
  | { kind: 'case'; word: RawToken; arms: { patterns: string[]; body: List }[] }
  | { kind: 'function'; name: string; body: Node }
  | { kind: 'group'; body: List; subshell: boolean }
  /** Understood as far as its end, not what it does. */
  | { kind: 'strange'; what: string }
)

/** Commands up to the line with `problem`, where the script does not hang together: a shell runs those before it reads that. */
export function parseScript(script: string): { list: List; problem?: CommandProblem } {
  const { tokens, problem } = lex(script)
  return new Parser(tokens, script.length).script(problem)
}

const MOST_DEEP = 200
const CLOSERS = ['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']

class Parser {
  private readonly tokens: readonly RawToken[]
  private readonly length: number
  private at = 0
  private depth = 0
  /** How many of the script's own commands stand on lines that are at their end. */
  private whole = 0

  constructor(tokens: readonly RawToken[], length: number) {
    this.tokens = tokens
    this.length = length
  }

  /** `cut`: why there are no more tokens. */
  script(cut: CommandProblem | undefined): ReturnType<typeof parseScript> {
    const list: List = []
    try {
      this.list(list)
      const rest = this.peek()
      if (rest) this.fail(rest, `"${rest.text}" closes nothing`)
    } catch (problem) {
      if (!(problem instanceof CommandProblem)) throw problem
      return { list: list.slice(0, this.whole), problem: cut ?? problem }
    }
    return cut ? { list: list.slice(0, this.whole), problem: cut } : { list }
  }

  private peek(): RawToken | undefined {
    return this.tokens[this.at]
  }

  private isWord(...texts: string[]): boolean {
    const token = this.peek()
    return token?.kind === 'word' && texts.includes(token.text)
  }

  private isOperator(...texts: string[]): boolean {
    const token = this.peek()
    return token?.kind === 'operator' && texts.includes(token.text)
  }

  private expect(text: string, opener: RawToken): void {
    const token = this.peek()
    if (token?.text !== text) this.fail(opener, `"${opener.text}" lacks its "${text}"`)
    this.at++
  }

  private skipBlank(...operators: string[]): void {
    while (this.isOperator('\n', ...operators)) this.at++
  }

  /** Up to a word or bracket that closes it. */
  private list(items: List = []): List {
    let after: RawToken | undefined
    for (;;) {
      this.skipBlank(...(after ? [] : [';', '&']))
      const token = this.peek()
      if (!token || this.isOperator(')', ';;', ';&', ';;&') || this.isWord(...CLOSERS)) {
        if (after) this.fail(after, `nothing follows "${after.text}"`)
        return items
      }
      const negated = this.isWord('!')
      if (negated) this.at++
      if (!this.peek()) this.fail(token, 'nothing follows "!"')
      items.push({ command: this.node(), ...(after ? { after } : {}), ...(negated ? { negated: true as const } : {}) })
      after = this.isOperator('&&', '||') ? this.tokens[this.at++] : undefined
      if (after) continue
      if (this.depth === 0 && this.isOperator('\n')) this.whole = items.length
      if (this.isOperator(';', '&', '\n')) this.at++
    }
  }

  private node(): Node {
    const first = this.peek()!
    const node = this.compound(first)
    if (!node) return this.command()
    if (node.kind === 'function') return node
    // what it prints, or reads, goes elsewhere
    return this.redirections()
      ? { kind: 'strange', what: `"${first.text}" in a pipe`, at: first.at, end: this.end() }
      : node
  }

  /** Behind a compound command, with what it is piped into; does anything reach it, or leave it, in a way that matters? */
  private redirections(): boolean {
    let piped = false
    while (this.peek() && !this.isOperator('\n', ';', ';;', ';&', ';;&', '&', '&&', '||', ')')) {
      if (/^\d*</.test(this.peek()!.text)) piped = true
      const pipe = this.isOperator('|', '|&')
      this.at++
      if (!pipe) continue
      piped = true
      this.skipBlank()
      const into = this.peek()
      if (into) this.compound(into)
    }
    return piped
  }

  private end(): number {
    const last = this.tokens[this.at - 1]
    return last ? last.at + last.text.length : this.length
  }

  private compound(first: RawToken): Node | undefined {
    if (++this.depth > MOST_DEEP) this.fail(first, 'it is nested too deep')
    const node = this.compoundAt(first)
    this.depth--
    return node
  }

  private compoundAt(first: RawToken): Node | undefined {
    if (first.kind === 'operator') {
      if (first.text === '(') return this.group(first, ')', true)
      if (/^[;&|)]/.test(first.text)) this.fail(first, `a command is missing before "${first.text}"`)
      return undefined
    }
    switch (first.text) {
      case 'for':
        return this.for(first)
      case 'if':
        return this.if(first)
      case 'case':
        return this.case(first)
      case 'while':
      case 'until':
        return this.while(first)
      case '{':
        return this.group(first, '}', false)
      case 'function':
        return this.function(first, 1)
    }
    const [, open, close] = this.tokens.slice(this.at, this.at + 3)
    return open?.text === '(' && close?.text === ')' && open.kind === 'operator' ? this.function(first, 0) : undefined
  }

  private group(opener: RawToken, closer: string, subshell: boolean): Node {
    this.at++
    const body = this.list()
    this.expect(closer, opener)
    return { kind: 'group', body, subshell, at: opener.at, end: this.end() }
  }

  private function(first: RawToken, skip: number): Node {
    this.at += skip
    const name = this.tokens[this.at++]?.text ?? ''
    if (this.isOperator('(')) this.at += 2
    this.skipBlank()
    const opener = this.peek()
    const body = opener && this.compound(opener)
    if (!body) this.fail(first, `function "${name}" has no body`)
    return { kind: 'function', name, body, at: first.at, end: this.end() }
  }

  private for(first: RawToken): Node {
    this.at++
    const name = this.tokens[this.at++]?.text ?? ''
    this.skipBlank()
    let items: RawToken[] | undefined
    if (this.isWord('in')) {
      this.at++
      items = []
      while (this.peek()?.kind === 'word') items.push(this.tokens[this.at++]!)
    } else if (this.isOperator('(')) this.fail(first, 'an arithmetic for loop is not understood')
    this.skipBlank(';')
    this.expect('do', first)
    const body = this.list()
    this.expect('done', first)
    return { kind: 'for', name, ...(items ? { items } : {}), body, at: first.at, end: this.end() }
  }

  private while(first: RawToken): Node {
    this.at++
    this.list()
    this.expect('do', first)
    this.list()
    this.expect('done', first)
    return { kind: 'strange', what: `"${first.text}"`, at: first.at, end: this.end() }
  }

  private if(first: RawToken): Node {
    const arms: { condition: List; body: List }[] = []
    let otherwise: List | undefined
    do {
      this.at++
      const condition = this.list()
      this.expect('then', first)
      arms.push({ condition, body: this.list() })
    } while (this.isWord('elif'))
    if (this.isWord('else')) {
      this.at++
      otherwise = this.list()
    }
    this.expect('fi', first)
    return { kind: 'if', arms, ...(otherwise ? { otherwise } : {}), at: first.at, end: this.end() }
  }

  private case(first: RawToken): Node {
    this.at++
    const word = this.tokens[this.at++]
    if (!word) this.fail(first, '"case" has no word to compare')
    this.skipBlank()
    this.expect('in', first)
    const arms: { patterns: string[]; body: List }[] = []
    for (this.skipBlank(); !this.isWord('esac'); this.skipBlank()) {
      if (!this.peek()) this.fail(first, '"case" lacks its "esac"')
      if (this.isOperator('(')) this.at++
      const patterns: string[] = []
      while (this.peek() && !this.isOperator(')')) {
        const { kind, text } = this.tokens[this.at++]!
        if (kind === 'word') patterns.push(text)
      }
      this.expect(')', first)
      arms.push({ patterns, body: this.list() })
      if (this.isOperator(';;', ';&', ';;&')) this.at++
    }
    this.at++
    return { kind: 'case', word, arms, at: first.at, end: this.end() }
  }

  /** With what is piped into what; up to the operator that ends it. */
  private command(): Node {
    const begin = this.at
    const first = this.peek()!
    while (this.peek() && !this.isOperator('\n', ';', ';;', ';&', ';;&', '&', '&&', '||', '(', ')')) {
      const piped = this.isOperator('|', '|&')
      this.at++
      if (!piped) continue
      this.skipBlank()
      const into = this.peek()
      if (into && this.compound(into))
        return { kind: 'strange', what: `a pipe into "${into.text}"`, at: first.at, end: this.end() }
    }
    if (this.isOperator('(')) this.fail(this.peek()!, '"(" is not understood here')
    return { kind: 'command', tokens: this.tokens.slice(begin, this.at), at: first.at, end: this.end() }
  }

  private fail(token: RawToken, message: string): never {
    throw new CommandProblem({ column: token.at + 1, text: token.text }, message)
  }
}
