/** What is looked for in a set or map: the fields, their masks, and what has to be there before they can be read. */
import type { Bits, NftSet, Scalar } from '../../../model/condition.ts'
import { fieldType } from '../../fields.ts'
import type { AnonymousSet, Expression, MapPair } from '../ast.ts'
import { type Asked, asked } from '../selectors.ts'
import { elementNumber } from '../symbols.ts'
import type { Lowering } from './context.ts'
import { setElement } from './elements.ts'
import { computedOf } from './fold.ts'
import { maskOf } from './values.ts'

export interface Key {
  parts: readonly Asked[]
  masks: readonly (Scalar | Bits | null)[] | undefined
  constants: readonly (Scalar | null)[] | undefined
}

const CONSTANT: Asked = { field: '', type: 'string' }

/** Undefined where one of its parts is not a field, a field under a mask, or a constant. */
export function keyOf(expression: Expression): Key | undefined {
  const parts: Asked[] = []
  const masks: (Scalar | Bits | null)[] = []
  const constants: (Scalar | null)[] = []
  const list =
    typeof expression === 'object' && !Array.isArray(expression) && 'concat' in expression
      ? expression.concat
      : [expression]
  for (const part of list) {
    const placed = fieldByPlace(part)
    const masked = placed ? undefined : maskedField(part)
    const constant = typeof part === 'object' || typeof part === 'boolean' ? undefined : part
    const plain = placed ?? masked?.asked ?? asked(part) ?? listedShift(part)
    const computed = plain ? undefined : computedKey(part)
    const field = plain ?? computed?.of ?? (constant === undefined ? undefined : CONSTANT)
    // of such bits some have no name, and no packet shows them
    if (!field || fieldType(field.field) === 'flags') return undefined
    // as in match.ts
    parts.push(field.field === 'ip protocol' ? { ...field, field: 'meta l4proto' } : field)
    masks.push(masked?.mask ?? computed?.bits ?? null)
    constants.push(constant ?? null)
  }
  return { parts, masks: someOf(masks), constants: someOf(constants) }
}

/** `FIELD | 1`, `FIELD & 2 ^ 3`: more than a mask. Parts of headers are listed with shifts that nft makes for itself. */
export function computedKey(part: Expression): { of: Asked; bits: Bits } | undefined {
  if (asked(part) || maskedField(part)) return undefined
  const { of, folded } = computedOf(part) ?? {}
  if (!of || !folded || (folded.shift !== 0 && !/ mark$/.test(of.field))) return undefined
  return { of, bits: { and: folded.and, xor: folded.xor, shift: folded.shift } }
}

/** nft lists a part of a concatenation that is less than a byte with the shift that it makes for itself. */
function listedShift(part: Expression): Asked | undefined {
  if (typeof part !== 'object' || Array.isArray(part) || !('>>' in part)) return undefined
  const [left, by] = part['>>']
  const field = left === undefined ? undefined : asked(left)
  return field?.field === 'ip dscp' && by === 2 ? field : undefined
}

/**
 * Parts of a byte that nft lists by their place where a map is asked for them: bits, mask and shift → header and field.
 * Of `ip6 dscp`, which is in two bytes, nft asks there for something else.
 */
const BY_PLACE: Readonly<Record<string, readonly [protocol: string, field: string]>> = {
  '@nh,8,8 252 2': ['ip', 'dscp'],
  '@nh,8,8 3 0': ['ip', 'ecn'],
  '@nh,8,8 48 4': ['ip6', 'ecn'],
}

function fieldByPlace(part: Expression): Asked | undefined {
  if (typeof part !== 'object' || Array.isArray(part)) return undefined
  const [inner, by] = '>>' in part ? part['>>'] : [part, 0]
  const masked = inner === undefined ? undefined : maskedField(inner)
  const [protocol, field] = (masked && BY_PLACE[`${masked.asked.field} ${masked.mask} ${by}`]) ?? []
  return protocol === undefined || field === undefined ? undefined : asked({ payload: { protocol, field } })
}

const someOf = <T>(list: readonly (T | null)[]): typeof list | undefined =>
  list.some((one) => one !== null) ? list : undefined

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
  const { masks, constants } = key
  const more = { ...(masks ? { masks } : {}), ...(constants ? { constants } : {}) }
  if (typeof data === 'string') return { table: lowering.tableRef(), ...more }
  const elements = data.set.map((member) => {
    const element = setElement(member as Expression | MapPair, isMap)
    return { ...element, parts: element.parts.map((part, i) => inNumbers(part, key.parts[i])) }
  })
  return { elements, ...more }
}

/** Fields of numbers are compared with numbers. */
function inNumbers(part: string, of: Asked | undefined): string {
  if (!of || fieldType(of.field) !== 'number' || /^\d/.test(part)) return part
  return String(elementNumber(of.type, part) ?? part)
}

/** `@name` → `name`; `` for what the rule itself lists. */
export const setName = (data: AnonymousSet | string): string => (typeof data === 'string' ? data.replace(/^@/, '') : '')
