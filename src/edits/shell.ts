/**
 * Words as a POSIX shell makes them of a line (XCU 2.2 quoting, 2.6 expansions); model/command.ts is the way back. Nothing
 * is ever run: what would need running, or a value that is not known, is a problem. Names with `*` or `?` stay as they are.
 */
import { CommandProblem } from './problem.ts'

export interface ShellWord {
  text: string
  /** Where it begins, 1-based, in characters. */
  column: number
  /** It is what nft says of a chain: the handle of the first rule with this comment. */
  handleOf?: { place: string; comment: string }
}

export interface ShellToken extends ShellWord {
  /** Operators are `;`, `|`, `>`, `2>`, a line's end …; `text` is what was written. */
  kind: 'word' | 'operator'
}

type Variables = Pick<ReadonlyMap<string, string>, 'get' | 'has'>

/** What expanding costs; may throw. */
export interface Meter {
  step(count: number): void
  text(characters: number): void
}

const FREE: Meter = { step: () => {}, text: () => {} }

/** Throws CommandProblem at an open quote, a command to be run (`$(…)`), or a variable that is not known. */
export function shellTokens(text: string, variables: Variables = new Map(), meter = FREE): ShellToken[] {
  return new Tokenizer(text, variables, meter).tokens()
}

/** As a value is expanded in `NAME=value`: one text, whatever blanks are in it. Throws CommandProblem. */
export function shellValue(text: string, variables: Variables, meter = FREE): string {
  const tokens = new Tokenizer(text, variables, meter, false).tokens()
  return tokens.map((token) => token.text).join('')
}

const OPERATOR = /\d*(?:<<<|<<-?|>>|[<>]&|<>|>\||[<>])|&>>?|&&|\|\||;;|[;&|()\n]/y
/** Nothing but themselves inside of a word, and inside of `"…"`. */
const PLAIN = /[^ \t\r\n;&|()<>'"\\$`]+/y
const PLAIN_IN_QUOTES = /[^"\\$`]+/y
const VARIABLE = /\$(?:([A-Za-z_]\w*|\d|[@*#?$!-])|\{([^{}]*)\})/y
/** Where a program is: its name says as much. */
const WHICH =
  /(?:\$\(|`)\s*(?:which|command\s+-v|type\s+-p)\s+([\w./-]+)\s*(?:2>\s*\/dev\/null\s*)?(?:\|\|\s*true\s*)?(?:\)|`)/y
/** As printCommand writes what must not be seen: nothing but bytes. */
const PRINTF = /\$\(printf '((?:[ #&(-[\]-_a-~]|\\[0-7]{3})*)'\)/y
/** `$@` keeps its words apart. */
export const WORD_SEPARATOR = '\u001f'

class Tokenizer {
  private readonly text: string
  private readonly variables: Variables
  private readonly found: ShellToken[] = []
  private at = 0
  /** Where the word being read begins. */
  private start = 0
  /** Undefined between words: `''` is a word, an empty variable is none. */
  private word: string | undefined
  /** The word's unquoted characters. */
  private bare = ''

  /** Does a variable without quotes make several words? */
  private readonly splits: boolean
  private readonly meter: Meter

  constructor(text: string, variables: Variables, meter: Meter, splits = true) {
    this.text = text
    this.variables = variables
    this.meter = meter
    this.splits = splits
    meter.text(text.length)
  }

  tokens(): ShellToken[] {
    while (this.at < this.text.length) {
      const char = this.text[this.at]!
      const operator = this.operator()
      if (operator !== undefined) {
        this.endWord()
        this.found.push({ kind: 'operator', text: operator, column: this.at + 1 })
        this.at += operator.length
      } else if (char === ' ' || char === '\t' || char === '\r') {
        this.endWord()
        this.at++
      } else if (char === '#' && this.word === undefined) {
        const end = this.text.indexOf('\n', this.at)
        this.at = end < 0 ? this.text.length : end
      } else this.readPart(char)
    }
    this.endWord()
    return this.found
  }

  /** `2>` only where a word would begin: `a2>b` redirects `a2`. */
  private operator(): string | undefined {
    const begin = this.text.charCodeAt(this.at)
    // a run of digits is looked through once, not from each of them on
    if (this.word !== undefined && begin >= 0x30 && begin <= 0x39) return undefined
    OPERATOR.lastIndex = this.at
    return OPERATOR.exec(this.text)?.[0]
  }

  private readPart(char: string): void {
    if (this.word === undefined) this.start = this.at
    if (char === "'") this.readSingleQuoted()
    else if (char === '"') this.readDoubleQuoted()
    else if (char === '\\') this.readBackslash()
    else if (char === '$' || char === '`') {
      if (char === '$' && /['"]/.test(this.text[this.at + 1] ?? '')) this.fail(`"${this.rest()}" is not understood`)
      const value = this.readVariable()
      if (value !== undefined) this.addSplit(value)
    } else {
      PLAIN.lastIndex = this.at + 1
      const plain = char + (PLAIN.exec(this.text)?.[0] ?? '')
      this.bare += plain
      this.add(plain)
      this.at += plain.length
    }
  }

  private add(text: string): void {
    this.word = (this.word ?? '') + text
  }

  private readBackslash(): void {
    const next = this.text[this.at + 1]
    this.at += 2
    // before a line's end it takes the end away
    if (next !== undefined && next !== '\n') this.word = (this.word ?? '') + next
  }

  private readSingleQuoted(): void {
    const end = this.text.indexOf("'", this.at + 1)
    if (end < 0) this.fail('this quote is not closed')
    this.word = (this.word ?? '') + this.text.slice(this.at + 1, end)
    this.at = end + 1
  }

  private readDoubleQuoted(): void {
    if (this.text.startsWith('"$@"', this.at) && this.variables.has('@')) {
      this.at += 4
      const all = this.variables.get('@')!
      this.meter.text(all.length)
      this.addWords(all.split(WORD_SEPARATOR))
      return
    }
    this.word ??= ''
    this.at++
    for (;;) {
      const char = this.text[this.at]
      if (char === undefined) this.fail('this quote is not closed')
      if (char === '"') break
      if (char === '$' || char === '`') {
        const value = this.readVariable()
        this.add(value ?? '')
      } else if (char === '\\' && /["\\$`\n]/.test(this.text[this.at + 1] ?? '')) {
        if (this.text[this.at + 1] !== '\n') this.word += this.text[this.at + 1]
        this.at += 2
      } else {
        PLAIN_IN_QUOTES.lastIndex = this.at
        const plain = PLAIN_IN_QUOTES.exec(this.text)?.[0] ?? char
        this.word += plain
        this.at += plain.length
      }
    }
    this.at++
  }

  /** The value of the variable here; a dollar that begins none stands for itself and is added. */
  private readVariable(): string | undefined {
    WHICH.lastIndex = this.at
    const which = WHICH.exec(this.text)
    if (which) {
      this.at += which[0].length
      return which[1]!
    }
    PRINTF.lastIndex = this.at
    const bytes = PRINTF.exec(this.text)
    if (bytes) {
      this.at += bytes[0].length
      return printed(bytes[1]!)
    }
    if (this.text[this.at] === '`' || this.text[this.at + 1] === '(')
      this.fail('a command substitution is not run: write its output instead')
    VARIABLE.lastIndex = this.at
    const [written, plain, braced] = VARIABLE.exec(this.text) ?? []
    if (written === undefined) {
      if (this.text[this.at + 1] === '{') this.fail(`"${this.rest()}" is not understood`)
      this.at++
      this.add('$')
      return undefined
    }
    const value = plain === undefined ? this.bracedValue(braced ?? '') : this.variables.get(plain)
    if (value === undefined) this.fail(`the value of ${written} is not known: write it out`, written)
    this.at += written.length
    this.meter.text(value.length)
    return value.replaceAll(WORD_SEPARATOR, ' ')
  }

  /** `${NAME}`, and with what stands for it where it is not set: `${NAME:-value}`, `${NAME-value}`. */
  private bracedValue(text: string): string | undefined {
    const [, name = '', colon, instead] = /^(\w+|[@*#])(?:(:?)[-=](.*))?$/s.exec(text) ?? []
    const value = this.variables.get(name)
    if (instead === undefined || (value !== undefined && (value !== '' || colon === ''))) return value
    return shellValue(instead, this.variables, this.meter)
  }

  /** What a variable without quotes brings may be several words, or none. */
  private addSplit(value: string): void {
    if (this.splits) this.addWords(value.split(/[ \t\n]+/))
    else this.add(value)
  }

  private addWords(words: readonly string[]): void {
    this.meter.step(words.length)
    for (const [i, word] of words.entries()) {
      if (i > 0) this.endWord()
      if (word !== '') this.add(word)
    }
  }

  private endWord(): void {
    if (this.word === undefined) return
    if (hasBraces(this.bare)) this.fail('braces are not expanded: write out each word')
    this.meter.step(1)
    this.found.push({ kind: 'word', text: this.word, column: this.start + 1 })
    this.word = undefined
    this.bare = ''
  }

  private rest(): string {
    return /^\S*/.exec(this.text.slice(this.at))![0]
  }

  private fail(message: string, word?: string): never {
    const begun = this.word === undefined ? this.at : this.start
    const text = word ?? /^\S*/.exec(this.text.slice(begun))![0]
    throw new CommandProblem({ column: (word === undefined ? begun : this.at) + 1, text }, message)
  }
}

/** `{a,b}` or `{1..9}`: what stands between one `{` and the next `}`. */
function hasBraces(text: string): boolean {
  if (!text.includes('{')) return false
  let [open, several] = [false, false]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{') [open, several] = [true, false]
    else if (char === '}') {
      if (open && several) return true
      open = false
    } else if (char === ',' || (char === '.' && text[at + 1] === '.')) several = true
  }
  return false
}

/** What printf makes of its format, as `$(…)` gives it. */
function printed(format: string): string {
  const bytes = Array.from(format.matchAll(/\\([0-7]{3})|./gs), ([char, octal]) =>
    octal === undefined ? char.charCodeAt(0) : Number.parseInt(octal, 8) & 0xff,
  )
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes)).replace(/\n+$/, '')
}
