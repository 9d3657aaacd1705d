/** Expressions in one form: constants by the type of what they are compared with, sets sorted, as `nft -j list` prints. */
import type { AnonymousSet, Expression, MapExpression, Payload, Verdict } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import { asked } from '../selectors.ts'
import { BITMASKS } from '../symbols.ts'
import { constant, sortKey } from './constants.ts'

/** One type, or one for each part of a concatenation. */
export type Types = string | readonly string[]

/** The type of an expression's value; `integer` where nobody says. */
export function typesOf(expression: Expression): Types {
  if (typeof expression !== 'object' || Array.isArray(expression)) return 'integer'
  if ('concat' in expression) return expression.concat.flatMap((part) => typesOf(part))
  for (const op of ['&', '|', '^'] as const)
    if (op in expression) return typesOf((expression as Record<string, Expression[]>)[op]![0] ?? 0)
  if ('elem' in expression) return typesOf(expression.elem.val)
  return asked(expression)?.type ?? 'integer'
}

/** The left side of a match, the key of a map: its own parts say of which type they are. */
export function selector(expression: Expression): Expression {
  if (typeof expression !== 'object' || Array.isArray(expression)) return expression
  if ('concat' in expression) return { concat: expression.concat.map(selector) }
  for (const op of ['&', '|', '^', '<<', '>>'] as const) {
    if (!(op in expression)) continue
    const operands = (expression as Record<string, Expression[]>)[op]!
    const type = typesOf(expression)
    const own = typeof type === 'string' && op !== '<<' && op !== '>>' ? type : 'integer'
    const normal = operands.map((operand) => (asked(operand) ? selector(operand) : nested(operand, own)))
    return { [op]: chained(op, normal) } as unknown as Expression
  }
  if ('elem' in expression) return { elem: { ...expression.elem, val: selector(expression.elem.val) } }
  if ('jhash' in expression) return { jhash: { ...expression.jhash, expr: selector(expression.jhash.expr) } }
  if ('fib' in expression) return fib(expression.fib)
  if ('numgen' in expression) return { numgen: { offset: 0, ...expression.numgen } }
  if ('map' in expression) return mapExpression(expression, 'integer')
  if ('payload' in expression) return payload(expression)
  if ('tcp option' in expression && 'name' in expression['tcp option'] && expression['tcp option'].name === 'sack0')
    return { 'tcp option': { ...expression['tcp option'], name: 'sack' } }
  if ('ct' in expression && expression.ct.family !== undefined) {
    const { family, key, ...rest } = expression.ct
    return { ct: { ...rest, key: `${family} ${key}` } }
  }
  return expression
}

/** (a | b) | c is a | b | c. */
function chained(op: string, [first, ...others]: readonly Expression[]): Expression[] {
  const same = typeof first === 'object' && op in first ? (first as unknown as Record<string, Expression[]>)[op]! : []
  return [...(same.length > 0 ? same : first === undefined ? [] : [first]), ...others]
}

const nested = (operand: Expression, type: string): Expression =>
  typeof operand === 'object' && !Array.isArray(operand) && isOperation(operand)
    ? isConstant(operand)
      ? value(operand, type)
      : selector(operand)
    : value(operand, type)

/** No selector in it. */
export function isConstant(expression: Expression): boolean {
  if (typeof expression !== 'object') return true
  if (Array.isArray(expression)) return expression.every(isConstant)
  for (const op of ['&', '|', '^', '<<', '>>'])
    if (op in expression) return (expression as unknown as Record<string, Expression[]>)[op]!.every(isConstant)
  return 'prefix' in expression || 'range' in expression
}

/** A tunnel's own header needs no word of the tunnel. */
function payload({ payload: of }: Payload): Expression {
  if (!('protocol' in of) || of.tunnel !== of.protocol) return { payload: of }
  const { protocol, field } = of
  return { payload: { protocol, field } }
}

const FIB_FLAGS = ['saddr', 'daddr', 'mark', 'iif', 'oif']

function fib({ result, flags }: { result: string; flags: string | string[] }): Expression {
  const list = typeof flags === 'string' ? [flags] : flags
  // `check` is how newer nft writes whether there is a route
  return {
    fib: { result: result === 'check' ? 'oif' : result, flags: FIB_FLAGS.filter((flag) => list.includes(flag)) },
  }
}

/** A reference to a set of concatenations has several. */
const oneOf = (types: Types): string => (typeof types === 'string' ? types : (types[0] ?? 'integer'))

/** A value of these types: what a selector is compared with, or what is written. */
export function value(expression: Expression, types: Types): Expression {
  if (typeof expression === 'object' && !Array.isArray(expression)) {
    if ('set' in expression) return anonymousSet(expression, types)
    if ('concat' in expression) return { concat: parts(expression.concat, types) }
    if ('elem' in expression) return element(expression, types)
    if ('prefix' in expression || 'range' in expression) return constant(expression, oneOf(types))
    if ('map' in expression) return mapExpression(expression, types)
    if (asked(expression) || !isConstant(expression)) return selector(expression)
    const number = isOperation(expression) ? calculated(expression, types) : undefined
    if (number !== undefined) return constant(number, types as string)
  }
  return constant(expression, oneOf(types))
}

const isOperation = (expression: object): boolean => ['|', '&', '^', '<<', '>>'].some((op) => op in expression)

/** Of numbers; flags keep their names. */
function calculated(expression: Expression, types: Types): number | undefined {
  return typeof types === 'string' && !BITMASKS.includes(types) ? bitsOf(expression, types) : undefined
}

function parts(list: readonly Expression[], types: Types): Expression[] {
  const each = typeof types === 'string' ? [types] : types
  return list.map((part, i) => value(part, each[i] ?? 'integer'))
}

/** An element with nothing but its value is the value. */
export function element(expression: Expression, types: Types): Expression {
  if (typeof expression !== 'object' || Array.isArray(expression) || !('elem' in expression))
    return value(expression, types)
  const { val, ...carried } = expression.elem
  const inside = value(val, types)
  return Object.keys(carried).length === 0 ? inside : { elem: { val: inside, ...carried } }
}

/** Sorted by value, none of them twice; the keys of a map alike. */
export function anonymousSet({ set }: AnonymousSet, types: Types, data: Types = 'integer'): AnonymousSet {
  const members = set.map((member) =>
    Array.isArray(member) && member.length === 2
      ? ([element(member[0]!, types), datum(member[1]!, data)] as [Expression, Expression | Verdict])
      : element(member as Expression, types),
  )
  return { set: sorted(members, types, (member) => (Array.isArray(member) ? member[0]! : member)) }
}

const datum = (data: Expression | Verdict, types: Types): Expression | Verdict =>
  isVerdict(data) ? data : value(data, types)

const VERDICTS = ['accept', 'drop', 'continue', 'return', 'jump', 'goto']

export const isVerdict = (data: unknown): data is Verdict =>
  typeof data === 'object' && data !== null && VERDICTS.includes(Object.keys(data)[0] ?? '')

/** Members in the order of their keys. */
export function sorted<T>(members: readonly T[], types: Types, keyOf: (member: T) => unknown): T[] {
  const keyed = members.map((member) => ({ member, key: elementKey(keyOf(member), types) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.filter(({ key }, i) => i === 0 || key !== keyed[i - 1]!.key).map(({ member }) => member)
}

function elementKey(key: unknown, types: Types): string {
  // an array has a `concat` of its own
  if (typeof key === 'object' && key !== null && !Array.isArray(key)) {
    if ('elem' in key) return elementKey((key as { elem: { val: unknown } }).elem.val, types)
    if ('concat' in key) {
      const each = typeof types === 'string' ? [types] : types
      const list = (key as { concat: unknown[] }).concat
      return list.map((part, i) => `${sortKey(part, each[i] ?? 'integer')} `).join('')
    }
    // two ranges may begin alike
    if ('range' in key) {
      const type = typeof types === 'string' ? types : 'integer'
      const [low, high] = (key as { range: unknown[] }).range
      return `${sortKey(low, type)}-${sortKey(high, type)}`
    }
  }
  return sortKey(key, typeof types === 'string' ? types : 'integer')
}

/** `types`: of what it gives. */
export function mapExpression({ map: { key, data } }: MapExpression, types: Types): MapExpression {
  return {
    map: { key: selector(key), data: typeof data === 'string' ? data : anonymousSet(data, typesOf(key), types) },
  }
}
