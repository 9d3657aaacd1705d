/**
 * Words, numbers and signs of the nft language, as nft's own scanner tells them apart (src/scanner.l): the longest one
 * that fits. Which words are keywords hangs on where they stand, so that is left to the parser. A comment travels
 * with the line end behind it: `nft -a` writes handles there.
 */
import { parseAddress } from '../../../model/address.ts'

export type TokenKind =
  /** A name, an address, a time: whatever is written without quotes and is no number. */
  | 'word'
  | 'number'
  /** In quotes; `text` is what is between them. */
  | 'string'
  | 'sign'
  /** `text` is the comment in front of it, if any. */
  | 'newline'
  | 'end'
  /** A character that means nothing here. */
  | 'junk'

export interface Token {
  kind: TokenKind
  text: string
  /** Of a number. Numbers that a double cannot hold are words. */
  value?: number
  /** Offset in the source, and just behind the token. */
  at: number
  end: number
  /** 1-based. */
  line: number
  column: number
}

// web pages make blanks that do not break
const BLANK = /[ \t\r\u00a0]*(?:\\\r?\n[ \t\r\u00a0]*)*/y
const MAC = /(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}/y
const IPV4 = /(?:\d{1,3}\.){3}\d{1,3}/y
const IPV6_RUN = /[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]{1,45}/y
const HEX = /0[xX][0-9a-fA-F]+/y
const DECIMAL = /\d+/y
const TIME = /(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?/y
const CLASSID = /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?=[ \t\n:\-},]|$)/y
const NAME = /[a-zA-Z_.][a-zA-Z0-9/\-_.]*(?:\\?\*(?:[a-zA-Z_.][a-zA-Z0-9/\-_.]*)?)?|\\\*|8021ad|8021q/y
const SIGN = /==|!=|<=|>=|<<|>>|[,.:;{}[\]()<>^&|!/\-*@$=+]/y
const LINE_END = /[^\n]*/y

/** The line that begins a chain of a listing. */
const LISTED_CHAIN = /^[ \t]+chain ([^ \t\n\v\f\r]+) \{(?: # handle \d+)?\r?$/gm
const RUN = /[^ \t\n\v\f\r]+/y
const QUOTED = /^"[^"]*"$/

/**
 * Names of chains that nft lists and would not read again: iptables takes for one whatever has no blanks and does not
 * begin with `!` or `-` (its assert_valid_chain_name), and nft puts none into quotes (chain_print_declaration).
 */
function unreadableChains(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [, name = ''] of text.matchAll(LISTED_CHAIN))
    if (match(NAME, name, 0) !== name && !QUOTED.test(name)) names.add(name)
  return names
}

/** Behind these the name of a chain stands. */
const BEFORE_CHAIN: ReadonlySet<string> = new Set(['chain', 'jump', 'goto'])

/** Never throws; the last token is of kind `end`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const unreadable = unreadableChains(text)
  let [at, line, lineStart] = [text.startsWith('\ufeff') ? 1 : 0, 1, 0]
  const push = (kind: TokenKind, end: number, content: string, value?: number) => {
    const token: Token = { kind, text: content, at, end, line, column: at - lineStart + 1 }
    if (value !== undefined) token.value = value
    tokens.push(token)
    const lines = kind === 'newline' || kind === 'string' ? count(text.slice(at, end)) : 0
    if (lines > 0) {
      line += lines
      lineStart = text.lastIndexOf('\n', end - 1) + 1
    }
    at = end
  }
  for (;;) {
    const blank = match(BLANK, text, at)
    if (blank.includes('\n')) {
      line += count(blank)
      lineStart = text.lastIndexOf('\n', at + blank.length - 1) + 1
    }
    at += blank.length
    if (at >= text.length) break
    const c = text[at]!
    const before = unreadable.size > 0 ? tokens.at(-1) : undefined
    const run = before?.kind === 'word' && BEFORE_CHAIN.has(before.text) ? match(RUN, text, at) : ''
    if (unreadable.has(run)) push('word', at + run.length, run)
    else if (c === '\n') {
      push('newline', at + 1, '')
    } else if (c === '#') {
      const comment = match(LINE_END, text, at)
      push('newline', Math.min(text.length, at + comment.length + 1), comment)
    } else if (c === '"') {
      const close = text.indexOf('"', at + 1)
      if (close < 0) push('junk', at + 1, c)
      else push('string', close + 1, text.slice(at + 1, close))
    } else if (c === '[' && bracketed(text, at)) {
      const address = bracketed(text, at)!
      push('word', at + address.length + 2, address)
    } else scanWord(text, at, push)
  }
  push('end', text.length, '')
  return tokens
}

function scanWord(
  text: string,
  at: number,
  push: (kind: TokenKind, end: number, text: string, value?: number) => void,
) {
  const code = text.charCodeAt(at)
  if (isDigit(code) || isHexLetter(code) || code === COLON) {
    const numeric = scanNumeric(text, at)
    const name = match(NAME, text, at)
    if (numeric && numeric.text.length >= name.length) {
      push(numeric.value === undefined ? 'word' : 'number', at + numeric.text.length, numeric.text, numeric.value)
      return
    }
  }
  const name = match(NAME, text, at)
  if (name !== '' && name !== '.') {
    push('word', at + name.length, name)
    return
  }
  const sign = match(SIGN, text, at)
  if (sign !== '') push('sign', at + sign.length, sign)
  else push('junk', at + 1, text[at]!)
}

const COLON = 0x3a
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isHexLetter = (code: number): boolean => (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46)

/** What may begin with a digit: the longest of addresses, times, numbers, handles of tc. */
function scanNumeric(text: string, at: number): { text: string; value?: number } | undefined {
  const isNumber = isDigit(text.charCodeAt(at))
  let best = isNumber ? match(DECIMAL, text, at) : ''
  const behind = text.charCodeAt(at + best.length)
  // most numbers end here
  if (isNumber && !isDigit(behind) && !isHexLetter(behind) && !MORE.includes(text[at + best.length] ?? ' '))
    return decimal(best)
  let number = isNumber ? numberOf(best) : undefined
  const take = (candidate: string, value?: number) => {
    if (candidate.length <= best.length) return
    best = candidate
    number = value
  }
  if (isNumber) {
    const hex = match(HEX, text, at)
    take(hex, numberOf(hex))
    take(match(IPV4, text, at))
    take(match(TIME, text, at))
  }
  take(match(MAC, text, at))
  take(ipv6(text, at))
  take(match(CLASSID, text, at))
  if (best === '') return undefined
  return number === undefined ? { text: best } : { text: best, value: number }
}

/** What makes more of a number than a number. */
const MORE = '.:xXdhms'

function decimal(text: string): { text: string; value?: number } {
  const value = numberOf(text)
  return value === undefined ? { text } : { text, value }
}

/** A leading 0 means octal, as for nft; undefined where a double cannot hold it, or 8 and 9 are in an octal one. */
function numberOf(digits: string): number | undefined {
  const octal = digits.length > 1 && digits[0] === '0' && isDigit(digits.charCodeAt(1))
  const value = octal ? (/^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN) : Number(digits)
  return Number.isSafeInteger(value) ? value : undefined
}

/** The longest beginning that is an IPv6 address. */
function ipv6(text: string, at: number): string {
  let run = match(IPV6_RUN, text, at)
  // two colons in a row come but once; without them there are eight groups
  const first = run.indexOf('::')
  const second = run.indexOf('::', first + 1)
  if (second > 0 && first >= 0) run = run.slice(0, second + 1)
  if (first < 0) {
    const groups = run.split(':', 9)
    if (groups.length < 7) return ''
    run = groups.slice(0, 8).join(':')
  }
  while (run.length > 1) {
    if (run.indexOf(':') !== run.lastIndexOf(':') && parseAddress(run) !== undefined) return run
    run = run.slice(0, -1)
  }
  return ''
}

/** `[2001:db8::1]`: the address. */
function bracketed(text: string, at: number): string | undefined {
  const address = ipv6(text, at + 1)
  return address !== '' && text[at + 1 + address.length] === ']' ? address : undefined
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function count(text: string): number {
  let lines = 0
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lines++
  return lines
}
