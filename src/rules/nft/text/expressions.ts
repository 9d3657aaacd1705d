/**
 * Values and what is computed of them: operators, concatenations, ranges, prefixes, sets and maps. Both sides of a match
 * are read alike; on the left, and behind `set` and `to`, a name may be a selector.
 */
import type { AnonymousSet, Expression, MapPair, Verdict } from '../ast.ts'
import { depthOf, MAX_NODES_DEEP } from './depth.ts'
import { parseElement } from './elements.ts'
import type { Context, Parser } from './parser.ts'
import { parseSelector } from './selectors.ts'
import { parseVerdict } from './verdicts.ts'

/** A concatenation, perhaps behind `map`; the left side of a match, what a statement is given. */
export function parseExpression(p: Parser, context: Context = {}): Expression {
  const key = p.is('{') ? parseSet(p) : parseConcat(p, context)
  if (!p.accept('map')) return key
  return { map: { key, data: parseMapData(p) } }
}

/** Behind `map` and `vmap`: pairs in brackets, or the name of a map. */
export function parseMapData(p: Parser): AnonymousSet | string {
  if (p.is('@')) return parseReference(p)
  if (p.is('{')) return parseSet(p)
  if (p.is('$')) {
    const value = p.variable()
    if (typeof value === 'string' || (typeof value === 'object' && 'set' in value))
      return value as AnonymousSet | string
  }
  return p.fail('expected a map')
}

/** `@name` */
export function parseReference(p: Parser): string {
  if (p.is('$')) {
    const value = p.variable()
    if (typeof value === 'string') return value
  }
  p.expect('@')
  return `@${p.identifier('the name of a set')}`
}

/** The right side of a match: a set, a reference, a list of flags, a value. */
export function parseRight(p: Parser): Expression {
  return parseValues(p, { value: true })
}

/** What a statement sets or is given: as the right side, but selectors, too. */
export const parseGiven = (p: Parser): Expression => parseValues(p, {})

function parseValues(p: Parser, context: Context): Expression {
  if (p.is('@') && p.ahead(2).text !== ',') return parseReference(p)
  const first = parseExpression(p, context)
  if (!p.is(',')) return first
  const list = [first]
  while (p.accept(',')) {
    p.skipNewlines()
    list.push(parseConcat(p, context))
  }
  return list
}

export function parseConcat(p: Parser, context: Context): Expression {
  const first = parseRange(p, context)
  if (!p.is('.')) return first
  const parts = [first]
  while (p.accept('.')) parts.push(parseRange(p, context))
  return { concat: parts }
}

/** `10.0.0.0/8`, `1-5`, or what stands alone. */
function parseRange(p: Parser, context: Context): Expression {
  const low = parseOperators(p, context, 0)
  if (p.is('/') && p.ahead(1).kind === 'number') {
    p.advance()
    return { prefix: { addr: low, len: p.number('a prefix length') } }
  }
  if (p.is('-')) {
    p.advance()
    return { range: [low, parseOperators(p, context, 0)] }
  }
  return low
}

/** Loosest first. */
const OPERATORS: readonly Record<string, '|' | '^' | '&' | '<<' | '>>'>[] = [
  { '|': '|', or: '|' },
  { '^': '^', xor: '^' },
  { '&': '&', and: '&' },
  { '<<': '<<', '>>': '>>', lshift: '<<', rshift: '>>' },
]

function parseOperators(p: Parser, context: Context, level: number): Expression {
  const operators = OPERATORS[level]
  if (!operators) return parsePrimary(p, context)
  let left = parseOperators(p, context, level + 1)
  /** Of `left`, which grows: `a | b | c` is one list and not two levels. */
  let chain: { operator: string; operands: Expression[] } | undefined
  for (;;) {
    const { kind, text } = p.token
    const operator =
      (kind === 'sign' || kind === 'word') && Object.hasOwn(operators, text) ? operators[text] : undefined
    if (!operator) return left
    // only shifts to the left and to the right alternate on one level
    if (chain && chain.operator !== operator && depthOf(left) > MAX_NODES_DEEP) p.failTooDeep()
    p.advance()
    const right = parseOperators(p, context, level + 1)
    if (chain?.operator === operator) chain.operands.push(right)
    else {
      chain = { operator, operands: [left, right] }
      left = { [operator]: chain.operands } as unknown as Expression
    }
  }
}

function parsePrimary(p: Parser, context: Context): Expression {
  const { kind, text } = p.token
  if (kind === 'number') {
    const { value } = p.advance()
    skipUntyped(p)
    return value!
  }
  if (kind === 'string') return p.advance().text
  if (p.is('$')) return p.variable()
  if (p.is('(')) {
    p.advance()
    const inner = p.nested(() => parseOperators(p, context, 0))
    p.expect(')')
    return inner
  }
  if (p.is('*')) {
    p.advance()
    return '*'
  }
  if (p.is('-') && p.ahead(1).kind === 'number') {
    p.advance()
    return -p.number('a number')
  }
  if (!context.value) {
    const selector = p.nested(() => parseSelector(p))
    if (selector) return selector
  }
  if (kind !== 'word') p.fail('expected a value')
  p.advance()
  if (text === 'exists' || text === 'missing') return text === 'exists'
  return text
}

/** nft 1.0.6 writes `[invalid type]` behind numbers of selectors whose type it lacks: `ct original proto-dst 0x50`. */
function skipUntyped(p: Parser): void {
  if (!p.is('[') || p.ahead(1).text !== 'invalid' || p.ahead(2).text !== 'type' || p.ahead(3).text !== ']') return
  for (let i = 0; i < 4; i++) p.advance()
}

/** `{ a, b, c : d }`: an anonymous set or map; the elements of a named one look the same. */
export function parseSet(p: Parser): AnonymousSet {
  p.expect('{')
  const members: (Expression | MapPair)[] = []
  p.skipNewlines()
  while (!p.is('}')) {
    members.push(p.nested(() => parseMember(p)))
    p.skipNewlines()
    if (!p.accept(',')) break
    p.skipNewlines()
  }
  p.expect('}')
  return { set: members }
}

function parseMember(p: Parser): Expression | MapPair {
  if (p.is('{')) return parseSet(p)
  const key = parseElement(p, { value: true })
  p.skipNewlines()
  if (!p.accept(':')) return key
  p.skipNewlines()
  return [key, parseMapped(p)]
}

/** What an element of a map stands for. */
export function parseMapped(p: Parser): Expression | Verdict {
  return parseVerdict(p) ?? parseElement(p, { value: true })
}
