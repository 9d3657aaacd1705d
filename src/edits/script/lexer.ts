/** A shell script as words and operators, nothing expanded yet (POSIX XCU 2.3). */
import { CommandProblem } from '../problem.ts'

export interface RawToken {
  kind: 'word' | 'operator'
  /** As written, quotes and all. */
  text: string
  /** Where it begins in the script, from 0. */
  at: number
  /** Of `<<END`: the lines up to END; `quoted`: nothing in them is expanded. */
  body?: { text: string; quoted: boolean }
}

const ENDS_WORD = ' \t\r\n;&|()<>'

/** A quote, or `$(` or `${`, that waits for its end. */
interface Opened {
  /** What nests in it; a quote in a quote ends it. */
  opener: string
  closer: string
  depth: number
  from: number
}

const OPERATOR = /\d*(?:<<<|<<-?|>>|[<>]&|<>|>\||[<>])|&>>?|&&|\|\||;;&?|;&|\|&|[;&|()\n]/y

/** The tokens, up to `problem` where there is one: a quote or a bracket that is not closed. */
export function lex(script: string): { tokens: readonly RawToken[]; problem?: CommandProblem } {
  return new Lexer(script).tokens()
}

class Lexer {
  private readonly script: string
  private at = 0
  private readonly found: RawToken[] = []
  /** Places of operators whose here-documents begin behind this line. */
  private waiting: number[] = []

  constructor(script: string) {
    this.script = script
  }

  tokens(): ReturnType<typeof lex> {
    try {
      while (this.at < this.script.length) this.readNext()
    } catch (problem) {
      if (problem instanceof CommandProblem) return { tokens: this.found, problem }
      throw problem
    }
    return { tokens: this.found }
  }

  private readNext(): void {
    const { script, at } = this
    const char = script[at]!
    if (char === ' ' || char === '\t' || char === '\r') this.at++
    else if (char === '\\' && /^\\\r?\n/.test(script.slice(at, at + 3))) this.at = script.indexOf('\n', at) + 1
    else if (char === '#') this.at = this.lineEnd(at)
    else if (!this.readOperator()) this.readWord()
  }

  private lineEnd(from: number): number {
    const end = this.script.indexOf('\n', from)
    return end < 0 ? this.script.length : end
  }

  private readOperator(): boolean {
    OPERATOR.lastIndex = this.at
    const text = OPERATOR.exec(this.script)?.[0]
    if (text === undefined) return false
    const token: RawToken = { kind: 'operator', text, at: this.at }
    this.found.push(token)
    this.at += text.length
    if (/^\d*<<-?$/.test(text)) this.waiting.push(this.found.length - 1)
    if (text === '\n') this.readBodies()
    return true
  }

  private readBodies(): void {
    for (const place of this.waiting) {
      const token = this.found[place]!
      const word = this.found[place + 1]
      const end = (word?.text ?? '').replace(/['"\\]/g, '')
      const lines: string[] = []
      while (this.at < this.script.length) {
        const to = this.lineEnd(this.at)
        const line = this.script.slice(this.at, to).replace(/\r$/, '')
        const shown = token.text.endsWith('-') ? line.replace(/^\t+/, '') : line
        this.at = to + 1
        if (shown === end) break
        lines.push(shown)
      }
      token.body = { text: lines.join('\n'), quoted: /['"\\]/.test(word?.text ?? '') }
    }
    this.waiting = []
  }

  private readWord(): void {
    const start = this.at
    while (this.at < this.script.length) {
      const char = this.script[this.at]!
      if (ENDS_WORD.includes(char)) break
      this.at = this.partEnd(this.at)
    }
    // `2>` is one operator, `a2>` a word in front of one
    this.found.push({ kind: 'word', text: this.script.slice(start, this.at), at: start })
  }

  /** Behind the character, quoted text or expansion that begins here; what is in what is kept here, and not on the stack. */
  private partEnd(from: number): number {
    const { script } = this
    const open: Opened[] = []
    let at = from
    do {
      const inner = open.at(-1)
      if (at >= script.length && inner) this.unclosed(inner)
      const char = script[at]!
      if (inner?.closer === '"' && char === "'") at++
      else if (inner && char === inner.closer && --inner.depth === 0) {
        open.pop()
        at++
      } else if (inner && char === inner.opener) {
        inner.depth++
        at++
      } else if (char === '"') open.push({ opener: '', closer: '"', depth: 1, from: at++ })
      else if (char === '$' && (script[at + 1] === '(' || script[at + 1] === '{')) {
        open.push({ opener: script[at + 1]!, closer: script[at + 1] === '(' ? ')' : '}', depth: 1, from: at })
        at += 2
      } else if (char === '\\') at += script.startsWith('\\\r\n', at) ? 3 : 2
      else if (char === "'" || char === '`') at = this.closing(char, at)
      else at++
    } while (open.length > 0)
    return at
  }

  private closing(char: string, from: number): number {
    const end = this.script.indexOf(char, from + 1)
    if (end < 0) this.fail(from, 'this quote is not closed')
    return end + 1
  }

  private unclosed({ opener, from }: Opened): never {
    return this.fail(from, opener === '' ? 'this quote is not closed' : `"$${opener}" is not closed`)
  }

  private fail(at: number, message: string): never {
    // the whole word is pointed at
    const start = Math.max(...[' ', '\t', '\n'].map((blank) => this.script.lastIndexOf(blank, at))) + 1
    throw new CommandProblem({ column: start + 1, text: /^\S*/.exec(this.script.slice(start))![0] }, message)
  }
}
