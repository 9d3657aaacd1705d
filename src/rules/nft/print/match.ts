/** Matches as `nft list` prints them (relational_expr_print in nft's src/expression.c). */
import type { Expression, MatchOp } from '../ast.ts'
import { printExpression } from './expressions.ts'
import { kindsOf } from './kinds.ts'

export function printMatch({ op, left, right }: { op: MatchOp; left: Expression; right: Expression }): string {
  const none = op === '==' && right === 0 ? bitsAndMask(left) : undefined
  if (none) return `${printExpression(none.of, 'bits')} ! ${printExpression(none.mask, 'bits')}`
  const flags = flagsAndMask(left)
  if (flags && (op === '==' || op === '!='))
    return `${printExpression(flags.of, 'bits')}${op === '!=' ? ' != ' : ' '}${printExpression(right, 'bits')} / ${printExpression(flags.mask, 'bits')}`
  const kinds = kindsOf(left)
  return `${printExpression(left, kinds)}${operator(op, left, right)}${printExpression(right, kinds)}`
}

/** `ct status ! dnat`: none of these bits. */
function bitsAndMask(left: Expression): { of: Expression; mask: Expression } | undefined {
  if (typeof left !== 'object' || !('&' in left)) return undefined
  const [of, mask, ...others] = left['&']
  const isNamed = typeof mask === 'string' || Array.isArray(mask)
  return of !== undefined && isNamed && others.length === 0 && kindsOf(of) === 'bits' ? { of, mask } : undefined
}

/** `tcp flags syn / syn,ack`: JSON has the mask as a list. */
function flagsAndMask(left: Expression): { of: Expression; mask: Expression } | undefined {
  if (typeof left !== 'object' || !('&' in left)) return undefined
  const [of, mask] = left['&']
  return of !== undefined && Array.isArray(mask) ? { of, mask } : undefined
}

function operator(op: MatchOp, left: Expression, right: Expression): string {
  if (op === 'in') return ' '
  if (op !== '==') return ` ${op} `
  return isComputed(left) || (kindsOf(left) === 'bits' && (typeof right !== 'object' || '|' in right)) ? ' == ' : ' '
}

const isComputed = (left: Expression): boolean =>
  typeof left === 'object' && ['|', '&', '^', '<<', '>>'].some((operator) => operator in left)
