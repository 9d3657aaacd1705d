import { addressAndPort } from './address-and-port.ts'
import { FilterProblem } from './error.ts'

export interface Token {
  kind: 'word' | '(' | ')' | 'not' | 'and' | 'or'
  text: string
  /** 1-based. */
  column: number
}

const KINDS: Readonly<Record<string, Token['kind']>> = {
  '(': '(',
  ')': ')',
  '!': 'not',
  not: 'not',
  '&&': 'and',
  and: 'and',
  '||': 'or',
  or: 'or',
}

/** What ends a word. */
export const BETWEEN = /[\s()!&|]/

/** Throws FilterProblem at what looks into the packet's bytes (`tcp[13] & 2 != 0`), and at a lone `&` or `|`. */
export function tokenize(filter: string): Token[] {
  const bracket = filter.indexOf('[')
  if (bracket >= 0) {
    let start = bracket
    while (start > 0 && !BETWEEN.test(filter[start - 1]!)) start--
    const word = { text: /^\S*/.exec(filter.slice(start))![0], column: start + 1 }
    const both = addressAndPort(word.text, /(?:src|dst|host) *$/.test(filter.slice(0, start)) ? '' : undefined)
    if (both) throw new FilterProblem(word, ...both)
    const syn = /tcp\[(13|tcpflags)\]/.test(filter) ? 'syn' : undefined
    throw new FilterProblem(word, `"${word.text}" looks into the packet's bytes, which a trace does not show`, syn)
  }
  const tokens: Token[] = []
  for (const { 0: text, index } of filter.matchAll(/&&|\|\||[()!&|]|[^\s()!&|]+/g)) {
    const token: Token = { kind: Object.hasOwn(KINDS, text) ? KINDS[text]! : 'word', text, column: index + 1 }
    if (text === '&' || text === '|')
      throw new FilterProblem(token, `"${text}" is not a word of the filter language`, text + text)
    tokens.push(token)
  }
  return tokens
}
