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

/** Throws FilterProblem at what looks into the packet's bytes (`tcp[13] & 2 != 0`), and at a lone `&` or `|`. */
export function tokenize(filter: string): Token[] {
  const bracket = filter.indexOf('[')
  if (bracket >= 0) {
    let from = bracket
    while (from > 0 && /[^\s()!&|]/.test(filter[from - 1]!)) from--
    const word = { text: /^\S*/.exec(filter.slice(from))![0], column: from + 1 }
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
