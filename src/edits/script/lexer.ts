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

const OPERATOR = /\d*(?:<<<|<<-?|>>|[<>]&|<>|>\||[<>])|&>>?|&&|\|\||;;&?|;&|\|&|[;&|()\n]/y

/** Throws CommandProblem at a quote or a bracket that is not closed. */
export function lex(script: string): RawToken[] {
  return new Lexer(script).tokens()
}

class Lexer {
  private readonly script: string
  private at = 0
  private readonly found: RawToken[] = []
  /** Here-documents whose lines begin behind this line. */
  private waiting: RawToken[] = []

  constructor(script: string) {
    this.script = script
  }

  tokens(): RawToken[] {
    while (this.at < this.script.length) this.readNext()
    return this.found
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
    if (/^\d*<<-?$/.test(text)) this.waiting.push(token)
    if (text === '\n') this.readBodies()
    return true
  }

  private readBodies(): void {
    for (const token of this.waiting) {
      const word = this.found[this.found.indexOf(token) + 1]
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
      if (/[ \t\r\n;&|()<>]/.test(char)) break
      this.at = this.partEnd(this.at)
    }
    // `2>` is one operator, `a2>` a word in front of one
    this.found.push({ kind: 'word', text: this.script.slice(start, this.at), at: start })
  }

  /** Behind the character, quoted text or expansion that begins here. */
  private partEnd(at: number): number {
    const { script } = this
    const char = script[at]
    if (char === '\\') return at + (script.startsWith('\\\r\n', at) ? 3 : 2)
    if (char === "'") return this.closing("'", at, at + 1)
    if (char === '"') return this.quotedEnd(at)
    if (char === '`') return this.closing('`', at, at + 1)
    if (char === '$' && script[at + 1] === '(') return this.bracketEnd(at, '(', ')')
    if (char === '$' && script[at + 1] === '{') return this.bracketEnd(at, '{', '}')
    return at + 1
  }

  private closing(char: string, from: number, search: number): number {
    const end = this.script.indexOf(char, search)
    if (end < 0) this.fail(from, 'this quote is not closed')
    return end + 1
  }

  private quotedEnd(from: number): number {
    let at = from + 1
    while (this.script[at] !== '"') {
      if (at >= this.script.length) this.fail(from, 'this quote is not closed')
      at = this.script[at] === "'" ? at + 1 : this.partEnd(at)
    }
    return at + 1
  }

  private bracketEnd(from: number, open: string, close: string): number {
    let depth = 0
    for (let at = from + 1; at < this.script.length; ) {
      const char = this.script[at]!
      if (char === open) depth++
      if (char === close && --depth === 0) return at + 1
      at = char === open || char === close ? at + 1 : this.partEnd(at)
    }
    return this.fail(from, `"$${open}" is not closed`)
  }

  private fail(at: number, message: string): never {
    // the whole word is pointed at
    const start = Math.max(...[' ', '\t', '\n'].map((blank) => this.script.lastIndexOf(blank, at))) + 1
    throw new CommandProblem({ column: start + 1, text: /^\S*/.exec(this.script.slice(start))![0] }, message)
  }
}
