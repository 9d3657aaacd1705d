/** Constant numbers and flags, and what operators make of them. */
import type { Expression } from './ast.ts'
import { numberOf } from './symbols.ts'

/** A constant number: of flags, one with all their bits; of what operators make. */
export function bitsOf(expression: Expression, type: string): number | undefined {
  if (typeof expression === 'number') return expression
  if (typeof expression === 'string') return numberOf(type, expression)
  if (typeof expression !== 'object') return undefined
  if (Array.isArray(expression)) return combine(expression, type, (a, b) => a | b)
  if ('|' in expression) return combine(expression['|'], type, (a, b) => a | b)
  if ('&' in expression) return combine(expression['&'], type, (a, b) => a & b)
  if ('^' in expression) return combine(expression['^'], type, (a, b) => a ^ b)
  if ('<<' in expression) return combine(expression['<<'], type, (a, b) => a << b)
  return '>>' in expression ? combine(expression['>>'], type, (a, b) => a >>> b) : undefined
}

function combine(parts: readonly Expression[], type: string, by: (a: number, b: number) => number): number | undefined {
  const numbers = parts.map((part) => bitsOf(part, type))
  const known = numbers.length > 0 && numbers.every((number) => number !== undefined)
  return known ? numbers.reduce(by) >>> 0 : undefined
}
