/** Expressions as `nft list` prints them. */
import type { AnonymousSet, Expression, MapPair, Selector, Verdict } from '../ast.ts'
import { printElementOptions } from './elements.ts'
import { type Kind, type Kinds, kindsOf } from './kinds.ts'
import { printSelector } from './selectors.ts'
import { printScalar } from './values.ts'

const nth = (kinds: Kinds, at: number): Kind => (Array.isArray(kinds) ? (kinds[at] ?? 'plain') : kinds)

/** `kinds`: how numbers and names in it are written. */
export function printExpression(expression: Expression, kinds: Kinds = 'plain'): string {
  if (typeof expression !== 'object') return printScalar(expression, nth(kinds, 0))
  if (Array.isArray(expression)) return expression.map((one) => printExpression(one, kinds)).join(',')
  if ('concat' in expression) return printConcat(expression.concat, kinds)
  if ('set' in expression) return printSet(expression, kinds)
  if ('map' in expression) {
    const { key, data } = expression.map
    return `${printExpression(key, kindsOf(key))} map ${printMapData(data, kindsOf(key), kinds)}`
  }
  if ('prefix' in expression) return `${printOperand(expression.prefix.addr, kinds)}/${expression.prefix.len}`
  if ('range' in expression)
    return `${printOperand(expression.range[0], kinds)}-${printOperand(expression.range[1], kinds)}`
  if ('elem' in expression) {
    const { val, ...options } = expression.elem
    return `${printExpression(val, kinds)}${printElementOptions(options)}`
  }
  if ('unknown' in expression) return expression.unknown.text
  return (
    printBinary(expression as Record<string, unknown>, kinds) ?? printSelector(expression as Selector, printExpression)
  )
}

/** A concatenation within one takes as many kinds as it has parts. */
function printConcat(parts: readonly Expression[], kinds: Kinds): string {
  return parts.map((part, at) => printExpression(part, nth(kinds, at))).join(' . ')
}

const printOperand = (expression: Expression, kinds: Kinds): string =>
  binaryOf(expression) ? `(${printExpression(expression, kinds)})` : printExpression(expression, kinds)

/** The tighter, the lower. */
const PRECEDENCE: Readonly<Record<string, number>> = { '<<': 1, '>>': 1, '&': 2, '^': 3, '|': 4 }

function binaryOf(expression: unknown): string | undefined {
  if (typeof expression !== 'object' || expression === null) return undefined
  const key = Object.keys(expression)[0] ?? ''
  return Object.hasOwn(PRECEDENCE, key) ? key : undefined
}

function printBinary(expression: Record<string, unknown>, kinds: Kinds): string | undefined {
  const operator = binaryOf(expression)
  if (operator === undefined) return undefined
  const operands = expression[operator] as Expression[]
  const own = operands.map(kindsOf).find((kind) => kind !== 'plain')
  return operands
    .map((operand, at) => {
      const inner = binaryOf(operand)
      // shifts count bits, whatever is shifted
      const kind = at > 0 && PRECEDENCE[operator] === 1 ? 'plain' : (own ?? kinds)
      const text = printExpression(operand, kind)
      if (Array.isArray(operand)) return `(${text.replaceAll(',', ' | ')})`
      const looser = inner !== undefined && PRECEDENCE[inner]! > PRECEDENCE[operator]!
      const same = inner !== undefined && at > 0 && PRECEDENCE[inner]! === PRECEDENCE[operator]!
      return looser || same ? `(${text})` : text
    })
    .join(` ${operator} `)
}

/** Behind `map` and `vmap`. */
export function printMapData(data: AnonymousSet | string, keys: Kinds, values: Kinds): string {
  return typeof data === 'string' ? data : printSet(data, keys, values)
}

export function printSet(set: AnonymousSet, keys: Kinds, values: Kinds = 'plain'): string {
  if (set.set.length === 0) return '{ }'
  return `{ ${set.set.map((member) => printMember(member, keys, values)).join(', ')} }`
}

export function printMember(member: Expression | MapPair, keys: Kinds, values: Kinds): string {
  if (!isPair(member)) return printExpression(member, keys)
  const [key, value] = member
  return `${printExpression(key, keys)} : ${printVerdict(value) ?? printExpression(value as Expression, values)}`
}

/** In a set, a list of two is a key and what it stands for. */
const isPair = (member: Expression | MapPair): member is MapPair => Array.isArray(member) && member.length === 2

/** Undefined where it is no verdict. */
export function printVerdict(value: Expression | Verdict): string | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  if ('jump' in value) return `jump ${value.jump.target}`
  if ('goto' in value) return `goto ${value.goto.target}`
  const key = Object.keys(value)[0] ?? ''
  return key === 'accept' || key === 'drop' || key === 'continue' || key === 'return' ? key : undefined
}
