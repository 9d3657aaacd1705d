/**
 * The language of filters: pcap-filter(7), as tcpdump 4.99 with libpcap 1.10 reads it (grammar.y), limited to what a
 * trace of netfilter can tell, and with a few words of its own (trace-words.ts).
 *
 * `and` and `or` have the same precedence and are read from left to right; `not` binds tighter. A value without
 * qualifiers repeats the last ones (`port 80 or 443`); a protocol alone (`tcp`) leaves none to repeat, and after a
 * group in parentheses those from before it are repeated.
 */
import { parseAddress } from '../model/address.ts'
import type { Condition } from '../model/condition.ts'
import { type FilterError, FilterProblem, type ValueOf, type Wanted } from './error.ts'
import { PROTOCOL_WORDS, protocolCondition } from './protocols.ts'
import { type Direction, type Qualifiers, type Reader, readerOf } from './qualifiers.ts'
import { isValue, strayWord } from './stray-word.ts'
import { type Token, tokenize } from './tokens.ts'
import { SYN, TRACE_WORDS, traceWordReader } from './trace-words.ts'

/** A condition, or what is wrong at which column. */
export type FilterResult = { condition: Condition } | { error: FilterError }

const TYPES: readonly string[] = ['host', 'net', 'port', 'portrange', 'proto']
const DIRECTIONS: readonly string[] = ['src', 'dst']
/** As nft and iptables name a packet's ends: a direction and a type in one word. */
const ENDS: Readonly<Record<string, Pick<Qualifiers, 'direction' | 'type'>>> = {
  sport: { direction: 'src', type: 'portrange' },
  dport: { direction: 'dst', type: 'portrange' },
  saddr: { direction: 'src' },
  daddr: { direction: 'dst' },
}
const END_WORDS = Object.keys(ENDS)
/** A protocol is one too: `proto tcp`. */
const NO_VALUES: readonly string[] = [...DIRECTIONS, ...TYPES, ...END_WORDS, ...TRACE_WORDS, 'syn', 'mask']
export const WORDS: readonly string[] = [...PROTOCOL_WORDS, ...NO_VALUES, 'and', 'or', 'not']

/** The filter as a condition; an empty one holds for every packet. Never throws. */
export function parseFilter(filter: string): FilterResult {
  try {
    const tokens = tokenize(filter)
    if (tokens.length === 0) return { condition: { kind: 'all', of: [] } }
    refuseDeep(tokens)
    return { condition: new Parser(tokens, filter.length).filter() }
  } catch (problem) {
    if (problem instanceof FilterProblem) return { error: problem.error }
    throw problem
  }
}

/**
 * How a filter ends that somebody is writing: it can be read, or it goes on; `wanted`: with a value. Undefined: something in
 * it is wrong.
 */
export function endOf(filter: string): { isWhole: boolean; wanted?: Wanted } | undefined {
  try {
    const tokens = tokenize(filter)
    if (tokens.length === 0) return { isWhole: false }
    refuseDeep(tokens)
    new Parser(tokens, filter.length).filter()
    return { isWhole: true }
  } catch (problem) {
    if (!(problem instanceof FilterProblem)) throw problem
    const { error, wanted } = problem
    if (error.column <= filter.length) return undefined
    return { isWhole: false, ...(wanted ? { wanted } : {}) }
  }
}

const DEEPEST = 500

/** What nests: a condition of thousands of levels would overflow the stack here or where it is evaluated. */
function refuseDeep(tokens: readonly Token[]): void {
  let depth = 0
  let operator: Token['kind'] | undefined
  for (const token of tokens) {
    const joins = token.kind === 'and' || token.kind === 'or'
    if (token.kind === '(' || token.kind === 'not' || (joins && token.kind !== operator)) depth++
    if (joins) operator = token.kind
    if (depth > DEEPEST) throw new FilterProblem(token, 'the filter is nested too deeply')
  }
}

/** A condition, and what a bare value after it repeats. */
interface Term {
  condition: Condition
  repeat: Reader | undefined
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #end: Token
  #at = 0

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens
    this.#end = { kind: 'word', text: '', column: length + 1 }
  }

  filter(): Condition {
    const { condition, repeat } = this.#expression(undefined)
    const next = this.#next()
    if (next?.kind === ')') throw new FilterProblem(next, 'this parenthesis was not opened')
    if (next) throw missingOperator(next, repeat, this.#tokens[this.#at - 1]!)
    return condition
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** Takes the next token if it is of this kind. */
  #take(kind: Token['kind']): Token | undefined {
    const token = this.#next()
    if (token?.kind !== kind) return undefined
    this.#at++
    return token
  }

  #takeWord(words: readonly string[]): Token | undefined {
    const token = this.#next()
    return token?.kind === 'word' && words.includes(token.text) ? this.#take('word') : undefined
  }

  #expression(repeat: Reader | undefined): Term {
    return this.#joined(() => {
      const term = this.#term(repeat)
      repeat = term.repeat
      return term
    })
  }

  /** Terms with `and` and `or` between them. */
  #joined(readTerm: () => Term): Term {
    let left = readTerm()
    for (;;) {
      const operator = this.#take('and') ?? this.#take('or')
      if (!operator) return left
      const { condition, repeat } = readTerm()
      left = { condition: join(operator.kind === 'and' ? 'all' : 'any', left.condition, condition), repeat }
    }
  }

  #term(repeat: Reader | undefined): Term {
    if (this.#take('not')) {
      const { condition, repeat: last } = this.#term(repeat)
      return { condition: { kind: 'not', of: condition }, repeat: last }
    }
    if (this.#take('(')) {
      const { condition } = this.#expression(repeat)
      this.#close()
      return { condition, repeat }
    }
    const word = this.#next()
    if (word?.kind !== 'word') throw this.#missing('a condition', repeat && { of: repeat.of, isNeeded: false })
    if (this.#takeWord(['syn'])) return { condition: SYN, repeat: undefined }
    const traceWord = this.#takeWord(TRACE_WORDS)
    if (traceWord) return this.#values(traceWordReader(traceWord.text))
    const protocol = this.#takeWord(PROTOCOL_WORDS)
    const qualifiers = this.#qualifiers(protocol)
    if (qualifiers?.protocol && !qualifiers.type) this.#refuseMissingType(qualifiers.words)
    if (qualifiers) return this.#values(readerOf(qualifiers))
    if (protocol) return { condition: protocolCondition(protocol.text), repeat: undefined }
    if (!repeat || WORDS.includes(word.text)) throw strayWord(word, WORDS)
    return { condition: repeat.read(this.#value(repeat.of)), repeat }
  }

  /** `src or dst port` …; undefined where there is neither a direction nor a type. */
  #qualifiers(protocol: Token | undefined): Qualifiers | undefined {
    const start = this.#at
    const end = this.#takeWord(END_WORDS)
    if (end) {
      const words = protocol ? `${protocol.text} ${end.text}` : end.text
      return { ...(protocol ? { protocol } : {}), ...ENDS[end.text]!, words, last: end }
    }
    const direction = this.#direction()
    const type = this.#takeWord(TYPES)
    const last = this.#tokens[this.#at - 1]
    if ((!direction && !type) || !last) return undefined
    const written = this.#tokens.slice(start, this.#at).map((token) => token.text)
    const words = [...(protocol ? [protocol.text] : []), ...written].join(' ')
    return {
      ...(protocol ? { protocol } : {}),
      ...(direction ? { direction } : {}),
      ...(type ? { type: type.text as NonNullable<Qualifiers['type']> } : {}),
      words,
      last,
    }
  }

  /** Behind `tcp dst`: a type that is misspelt, or a value without one. The words before it are not to blame. */
  #refuseMissingType(words: string): void {
    const next = this.#next()
    if (!next) throw this.#missing(`a value for "${words}"`)
    if (next.kind !== 'word' || WORDS.includes(next.text)) return
    const problem = strayWord(next, TYPES)
    if (problem.error.suggestion !== undefined && !parseAddress(next.text)) throw problem
  }

  #direction(): Direction | undefined {
    const first = this.#takeWord(DIRECTIONS)
    if (!first) return undefined
    const other = first.text === 'src' ? 'dst' : 'src'
    const [operator, second] = this.#tokens.slice(this.#at, this.#at + 2)
    if ((operator?.kind !== 'and' && operator?.kind !== 'or') || second?.text !== other) return first.text as Direction
    this.#at += 2
    return operator.kind
  }

  /** What follows qualifiers: one value, or several in parentheses, each perhaps with `not`. */
  #values(reader: Reader): Term {
    const { words } = reader
    if (this.#take('not')) return { condition: { kind: 'not', of: this.#values(reader).condition }, repeat: reader }
    if (this.#take('(')) {
      const { condition } = this.#joined(() => this.#values(reader))
      this.#close()
      return { condition, repeat: reader }
    }
    const word = this.#next()
    // an interface may have any name
    const noValue = word && NO_VALUES.includes(word.text) && words !== 'in' && words !== 'out'
    if (word?.kind !== 'word' || noValue)
      throw this.#missing(`a value for "${words}"`, { of: reader.of, isNeeded: true })
    return { condition: reader.read(this.#value(reader.of)), repeat: reader }
  }

  /** One word, or `ADDRESS mask MASK`. */
  #value({ type }: ValueOf): Token {
    const value = this.#take('word')!
    if ((type !== 'net' && type !== 'host') || !this.#takeWord(['mask'])) return value
    const mask = this.#take('word')
    if (!mask) throw this.#missing('a mask')
    return { ...value, text: `${value.text} mask ${mask.text}` }
  }

  #close(): void {
    if (!this.#take(')')) throw this.#missing('")" or "and" or "or"')
  }

  #missing(what: string, wanted?: Wanted): FilterProblem {
    const next = this.#next()
    if (next) return new FilterProblem(next, `${what} is needed here, not "${next.text}"`)
    return new FilterProblem(this.#end, `the filter ends where ${what} is needed`, undefined, wanted)
  }
}

/** Chains of one operator become one list; the reading order stays. */
function join(kind: 'all' | 'any', left: Condition, right: Condition): Condition {
  if (left.kind === kind && left.text === undefined) return { kind, of: [...left.of, right] }
  return { kind, of: [left, right] }
}

/** A word that is none of the language is likelier mistaken than one in front of which `and` was forgotten. */
function missingOperator(next: Token, repeat: Reader | undefined, before: Token): FilterProblem {
  const mistaken = next.kind === 'word' && !WORDS.includes(next.text) ? strayWord(next, WORDS) : undefined
  const { message = '', suggestion } = mistaken?.error ?? {}
  if (suggestion !== undefined && !isValue(next.text)) return mistaken!
  // `tcp 80`: nothing stands before it that it could repeat
  if (suggestion !== undefined && !repeat)
    return new FilterProblem(
      next,
      message,
      HAVE_PORTS.has(`${before.text} ${suggestion.slice(0, 4)}`) ? suggestion : `and ${suggestion}`,
    )
  return new FilterProblem(next, `"and" or "or" is needed before "${next.text}"`, `and ${next.text}`)
}

const HAVE_PORTS = new Set(['tcp port', 'udp port', 'sctp port'])
