/** What is looked for in a set or map: the fields, their masks, and what has to be there before they can be read. */
import type { NftSet, Scalar } from '../../../model/condition.ts'
import { FIELDS } from '../../fields.ts'
import type { AnonymousSet, Expression, MapPair } from '../ast.ts'
import { type Asked, asked } from '../selectors.ts'
import { numberOf } from '../symbols.ts'
import type { Lowering } from './context.ts'
import { setElement } from './elements.ts'
import { maskOf } from './values.ts'

export interface Key {
  parts: readonly Asked[]
  masks: readonly (Scalar | undefined)[] | undefined
}

/** Undefined where one of its parts is not a field, or a field under a mask. */
export function keyOf(expression: Expression): Key | undefined {
  const parts: Asked[] = []
  const masks: (Scalar | undefined)[] = []
  const list =
    typeof expression === 'object' && !Array.isArray(expression) && 'concat' in expression
      ? expression.concat
      : [expression]
  for (const part of list) {
    const plain = asked(part)
    if (plain) {
      parts.push(plain)
      masks.push(undefined)
      continue
    }
    const masked = maskedField(part)
    if (!masked) return undefined
    parts.push(masked.asked)
    masks.push(masked.mask)
  }
  return { parts, masks: masks.some((mask) => mask !== undefined) ? masks : undefined }
}

/** `FIELD & MASK`. */
export function maskedField(expression: Expression): { asked: Asked; mask: Scalar } | undefined {
  if (typeof expression !== 'object' || Array.isArray(expression) || !('&' in expression)) return undefined
  const [left, right, ...others] = expression['&']
  const field = left === undefined ? undefined : asked(left)
  const mask = field && right !== undefined && others.length === 0 ? maskOf(right, field) : undefined
  return field && mask !== undefined ? { asked: field, mask } : undefined
}

/** Where it is looked for; `data`: `@name`, or the elements themselves. */
export function place(data: AnonymousSet | string, key: Key, lowering: Lowering, isMap: boolean): NftSet {
  const masks = key.masks ? { masks: key.masks } : {}
  if (typeof data === 'string') return { table: lowering.tableRef(), ...masks }
  const elements = data.set.map((member) => {
    const element = setElement(member as Expression | MapPair, isMap)
    return { ...element, parts: element.parts.map((part, i) => inNumbers(part, key.parts[i])) }
  })
  return { elements, ...masks }
}

/** Fields of numbers are compared with numbers. */
function inNumbers(part: string, of: Asked | undefined): string {
  if (!of || FIELDS[of.field] !== 'number' || /^\d/.test(part)) return part
  return String(numberOf(of.type, part) ?? part)
}

/** `@name` → `name`; `` for what the rule itself lists. */
export const setName = (data: AnonymousSet | string): string => (typeof data === 'string' ? data.replace(/^@/, '') : '')
