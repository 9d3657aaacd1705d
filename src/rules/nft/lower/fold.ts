/** Chains of & | ^ << >> with constants become one mask, one shift and one value. */
import type { Bits } from '../../../model/condition.ts'
import { fieldType } from '../../fields.ts'
import type { Expression } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import { type Asked, asked } from '../selectors.ts'

const ALL = 0xffffffff

/** Without a source it is a constant. */
export interface Folded extends Bits {
  source?: string
}

export function fold(expression: Expression, of: Asked): Folded | undefined {
  const constant = bitsOf(expression, of.type)
  if (constant !== undefined) return { and: 0, xor: constant, shift: 0 }
  const source = asked(expression)
  if (source)
    return fieldType(source.field) === 'number' ? { source: source.field, and: ALL, xor: 0, shift: 0 } : undefined
  if (typeof expression !== 'object' || Array.isArray(expression)) return undefined
  const [op, operands] = Object.entries(expression)[0] as [string, Expression[]]
  if (!['&', '|', '^', '<<', '>>'].includes(op)) return undefined
  const [first, ...others] = operands
  let folded = first === undefined ? undefined : fold(first, of)
  for (const other of others) {
    const number = bitsOf(other, of.type)
    folded = folded && number !== undefined ? applied(folded, op, number) : undefined
  }
  return folded
}

/** `FIELD & A | B`: the field, and what becomes of it. */
export function computedOf(left: Expression): { of: Asked; folded: Folded } | undefined {
  const of = fieldIn(left)
  const folded = of && fold(left, of)
  return of && folded?.source === of.field ? { of, folded } : undefined
}

/** The one that operators work on. */
function fieldIn(expression: Expression): Asked | undefined {
  if (typeof expression !== 'object' || Array.isArray(expression)) return undefined
  const of = asked(expression)
  if (of) return of
  const [operands] = Object.values(expression)
  return Array.isArray(operands) ? fieldIn(operands[0] as Expression) : undefined
}

/** The mask as it is in front of the shift. */
export const beforeShift = ({ and, shift }: Folded): number => (shift < 0 ? (and << -shift) >>> 0 : and >>> shift)

function applied({ and, xor, shift, ...rest }: Folded, op: string, by: number): Folded | undefined {
  switch (op) {
    case '&':
      return { ...rest, shift, and: (and & by) >>> 0, xor: (xor & by) >>> 0 }
    case '|':
      return { ...rest, shift, and: (and & ~by) >>> 0, xor: ((xor & ~by) | by) >>> 0 }
    case '^':
      return { ...rest, shift, and, xor: (xor ^ by) >>> 0 }
    default: {
      const bits = op === '<<' ? by : -by
      const shifted = (number: number) => (bits < 0 ? number >>> -bits : number << bits) >>> 0
      return { ...rest, xor: shifted(xor), shift: shift + bits, and: shifted(and) }
    }
  }
}
