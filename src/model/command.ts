/**
 * A command that a person is to type or that nfwhy runs: words, never text. A string cannot become one, so no shell ever
 * reads what a packet, a ruleset or a file says. printCommand is the one place where words become text for a shell.
 */
import { HIDDEN, PLAIN } from './hidden.ts'

/**
 * Why there is no such command. `character`: no argument can hold it, or it is not known what it was; `name`: nothing can
 * be named so, or the program would take it for something else; `language`: the program's own language has no words for it;
 * `nameless`, `unlisted`: nobody knows what it is.
 */
export type WhyNot = 'character' | 'name' | 'nameless' | 'unlisted' | 'language'

/** Stands in place of a word that cannot be said; the whole command cannot then. */
export interface Unsayable {
  readonly unsayable: WhyNot
}

export const unsayable = (why: WhyNot): Unsayable => ({ unsayable: why })

/** What another command prints, as words: `$(…)`. */
export interface Output {
  readonly outputOf: Command
}

export const outputOf = (of: Command): Output => ({ outputOf: of })

export type Word = string | Unsayable | Output

type Syntax =
  | { kind: 'simple'; words: readonly Word[] }
  | { kind: 'joined'; by: '|' | '&&' | '||' | ';'; commands: readonly Command[] }

let ownWords: readonly string[] | undefined

/** How nfwhy itself is printed: as it was called, where that is known. */
export function nameOwnProgram(words: readonly string[]): void {
  ownWords = words
}

/** Where nfwhy itself is called by a name of its own: its place among the words. */
const ownPlace = (words: readonly Word[]): number =>
  ownWords ? words.findIndex((word, i) => word === 'nfwhy' && (i === 0 || words[i - 1] === 'sudo')) : -1

/** Words for a program, or several such commands joined. */
export class Command {
  private readonly syntax: Syntax
  /** Null: not looked for yet. */
  private known: WhyNot | undefined | null = null

  private constructor(syntax: Syntax) {
    this.syntax = syntax
  }

  /** One program with its words. */
  static of(words: readonly Word[]): Command {
    return new Command({ kind: 'simple', words })
  }

  static joined(by: '|' | '&&' | '||' | ';', commands: readonly Command[]): Command {
    return new Command({ kind: 'joined', by, commands })
  }

  /** Absent: it can be typed. Else printCommand gives nothing that a shell would run. */
  get whyNot(): WhyNot | undefined {
    if (this.known === null) this.known = this.findWhyNot()
    return this.known
  }

  private findWhyNot(): WhyNot | undefined {
    const { syntax } = this
    const parts = syntax.kind === 'simple' ? syntax.words : syntax.commands
    for (const one of parts) {
      const why =
        typeof one === 'string'
          ? isTypable(one)
            ? undefined
            : ('character' as const)
          : one instanceof Command
            ? one.whyNot
            : 'outputOf' in one
              ? one.outputOf.whyNot
              : one.unsayable
      if (why !== undefined) return why
    }
    return undefined
  }

  /** What is run, or run first. */
  get program(): string | undefined {
    const { syntax } = this
    if (syntax.kind === 'joined') return syntax.commands[0]?.program
    return typeof syntax.words[0] === 'string' ? syntax.words[0] : undefined
  }

  /** Of one program, as it gets them; undefined where a shell does more than start one, and where it cannot be typed. */
  get words(): readonly string[] | undefined {
    const { syntax } = this
    if (syntax.kind !== 'simple' || this.whyNot !== undefined) return undefined
    return syntax.words.every((word) => typeof word === 'string') ? syntax.words : undefined
  }

  /** The printed words and signs in their order, none of which may be broken; blanks, or `\` and a line's end, go between them. */
  pieces(options: PrintOptions = {}): string[] {
    const { syntax } = this
    if (this.whyNot !== undefined) return ['# no command']
    if (syntax.kind === 'joined')
      return syntax.commands.flatMap((one, i) => {
        const pieces = one.pieces(options)
        if (i === syntax.commands.length - 1) return pieces
        return syntax.by === ';' ? withLast(pieces, ';') : [...pieces, syntax.by]
      })
    const isNft = this.program === 'nft'
    const bare = isNft ? BARE_FOR_NFT : BARE
    const own = ownPlace(syntax.words)
    return (isNft ? withBlocks(syntax.words) : syntax.words).flatMap((word, i) => {
      if (i === own) return ownWords!.map((one) => shown(one, PROGRAM, options))
      if (typeof word === 'string') return [shown(word, i === 0 ? PROGRAM : bare, options)]
      if ('unsayable' in word) return []
      const [first = '', ...rest] = word.outputOf.pieces(options)
      return withLast([`$(${first}`, ...rest], ')')
    })
  }

  toString(): string {
    return printCommand(this)
  }

  toJSON(): string {
    return printCommand(this)
  }
}

/** One program with its words. */
export const command = (program: string, ...words: Word[]): Command => Command.of([program, ...words])
/** `a | b`. */
export const piped = (...commands: Command[]): Command => Command.joined('|', commands)
/** `a && b`. */
export const inOrder = (...commands: Command[]): Command => Command.joined('&&', commands)
/** `a || b`. */
export const orElse = (...commands: Command[]): Command => Command.joined('||', commands)
/** `a; b`. */
export const oneAfterAnother = (...commands: Command[]): Command => Command.joined(';', commands)

/** What is no option, at a command's end: files, a filter. None where it is empty. */
export const operands = (word: string): string[] => (word === '' ? [] : word.startsWith('-') ? ['--', word] : [word])

export interface PrintOptions {
  /** Nothing but ASCII may be shown. */
  ascii?: boolean
}

/**
 * For any POSIX shell, in one line: what runs has exactly the words that are meant, and nothing in it moves a cursor or is
 * hidden. A comment, where there is no such command.
 */
export const printCommand = (of: Command, options: PrintOptions = {}): string => of.pieces(options).join(' ')

/** For a sentence; undefined where no words can say it. */
export const spoken = (of: Command): string | undefined => (of.whyNot === undefined ? printCommand(of) : undefined)

/** Means itself, unquoted, wherever it stands behind a program's name. A `=` in front would be expanded by zsh. */
const BARE = /^(?:[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*|!)$/
/** Brackets that stand alone are nothing to a shell either; nft's language is full of them. */
const BARE_FOR_NFT = /^(?:[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*|!|[{}])$/
/** In front of a simple command more means something else: `A=1`, `if`, `!`. */
const PROGRAM =
  /^(?!(?:case|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while)$)[A-Za-z0-9_@%+:,./-]+$/
const NOT_ASCII = /[^\x00-\x7f]/u

/** Longer ones leave no place to break a line. */
const BLOCK_MOST = 66

/** nft joins its words by blanks: a block with a word that needs quotes is read more easily in one pair around it. */
function withBlocks(words: readonly Word[]): Word[] {
  const list: Word[] = []
  for (let i = 0; i < words.length; i++) {
    const block = words[i] === '{' ? words.slice(i, blockEnd(words, i)) : []
    const text = block.join(' ')
    const isPlain = block.every((word) => typeof word === 'string' && PLAIN.test(word) && !word.includes("'"))
    if (
      block.length > 0 &&
      isPlain &&
      text.length <= BLOCK_MOST &&
      !block.every((word) => BARE_FOR_NFT.test(`${word}`))
    ) {
      list.push(text)
      i += block.length - 1
    } else list.push(words[i]!)
  }
  return list
}

/** Behind the brace that closes the one at `open`; of one that is not closed, `open`. */
function blockEnd(words: readonly Word[], open: number): number {
  let depth = 0
  for (let i = open; i < words.length; i++) {
    if (words[i] === '{') depth++
    if (words[i] === '}' && --depth === 0) return i + 1
  }
  return open
}

/** One word for a POSIX shell that nobody sees: of a script. What comes from a capture or a ruleset must not become a command. */
export const shellWord = (word: string): string => (BARE.test(word) ? word : quoted(word))

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** The same for a person's eyes. `means`: what is a word as it stands. */
function shown(word: string, means: RegExp, { ascii = false }: PrintOptions): string {
  if (means.test(word)) return word
  const isHidden = !PLAIN.test(word) && word.search(HIDDEN) >= 0
  return isHidden || (ascii && NOT_ASCII.test(word)) ? encoded(word) : quoted(word)
}

/** By the bytes, so that a terminal shows nothing of them. A shell takes line ends away at the end of what is printed. */
function encoded(word: string): string {
  const bytes = new TextEncoder().encode(word)
  const text = Array.from(bytes, (byte, i) => {
    const char = String.fromCharCode(byte)
    return /[\x20-\x7e]/.test(char) && !/['"\\%!`$]/.test(char) && (char !== '-' || i > 0)
      ? char
      : `\\${byte.toString(8).padStart(3, '0')}`
  })
  return `"$(printf '${text.join('')}')"`
}

/** No argument holds a NUL, `$(…)` no line end at its end; what could not be decoded stands for other bytes than its own. */
const isTypable = (word: string): boolean => PLAIN.test(word) || !/[\0\ufffd\p{Cs}]|\n$/u.test(word)

const withLast = (pieces: readonly string[], end: string): string[] =>
  pieces.map((one, i) => (i === pieces.length - 1 ? one + end : one))
