/** nft's constants → the values that conditions compare with. */

import { formatAddress, parseAddress } from '../../../model/address.ts'
import type { Scalar, Value } from '../../../model/condition.ts'
import { wordTable } from '../../../model/word-table.ts'
import { fieldType } from '../../fields.ts'
import { protocolName } from '../../iptables/protocols.ts'
import type { Expression } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import type { Asked } from '../selectors.ts'
import { BITMASKS, numberOf, symbolOf } from '../symbols.ts'

/** Undefined where it is no constant, or not understood. */
export function constantValue(expression: Expression, asked: Asked): Value | undefined {
  if (typeof expression === 'boolean') return expression ? 1 : 0
  if (typeof expression !== 'object') return scalar(expression, asked)
  if (Array.isArray(expression) || '|' in expression) {
    const number = bitsOf(expression, asked.type)
    return number === undefined ? undefined : scalar(number, asked)
  }
  if ('prefix' in expression) return prefixValue(expression.prefix.addr, expression.prefix.len, asked)
  if ('range' in expression) {
    const [low, high] = expression.range.map((end) => constantValue(end, asked))
    return isScalar(low) && isScalar(high) ? { range: [low, high] } : undefined
  }
  if ('elem' in expression) return constantValue(expression.elem.val, asked)
  if ('set' in expression) {
    const values = expression.set.map((one) => (Array.isArray(one) ? undefined : constantValue(one, asked)))
    return values.every((one) => one !== undefined) ? { set: values } : undefined
  }
  return undefined
}

const isScalar = (value: Value | undefined): value is Scalar => value !== undefined && typeof value !== 'object'

/** Fields of numbers get numbers, others the names that they are compared by. */
function scalar(value: string | number, { field, type }: Asked): Value | undefined {
  if (typeof value === 'string' && (value.startsWith('@') || value === '*')) return undefined
  const kind = fieldType(field)
  if (kind === 'number') return typeof value === 'number' ? value : numberOf(type, value)
  // bits by their place, one part after the other
  if (kind === 'address' && field.startsWith('@') && /^(0x|\d+$)/.test(String(value))) return undefined
  if (kind === 'protocol') return typeof value === 'number' ? protocolName(value) : value
  if (typeof value === 'string')
    return isName(type) && value.endsWith('*') ? wildcard(value) : interfaceName(value, type)
  return symbolOf(type, value) ?? (type === 'iface_index' && value === 0 ? '' : value)
}

const isName = (type: string): boolean => type === 'ifname' || type === 'iface_index'

/** `eth\*` is the name with the star in it. */
const wildcard = (text: string): Value =>
  text.endsWith('\\*') ? text.replace('\\*', '*') : { wildcard: text.slice(0, -1) }

/** No interface: index 0. */
const interfaceName = (text: string, type: string): string => (type === 'iface_index' && text === '0' ? '' : text)

/** Of numbers, a prefix stands for the highest bits of the type; only addresses are common. */
function prefixValue(addr: Expression, length: number, { field }: Asked): Value | undefined {
  if (typeof addr === 'string' && fieldType(field) !== 'number') return { prefix: addr, length }
  const width = WIDTHS[field]
  if (typeof addr !== 'number' || width === undefined) return undefined
  return { range: [addr, addr + 2 ** (width - length) - 1] }
}

/** Of fields that people give prefixes of; bits. */
const WIDTHS: Readonly<Record<string, number>> = wordTable({ 'meta mark': 32, 'ct mark': 32 })

/** The names of the bits in it, or undefined where the type has none for one of them. */
export function bitNames(expression: Expression, type: string): string[] | undefined {
  if (!BITMASKS.includes(type)) return undefined
  const list = Array.isArray(expression)
    ? expression
    : typeof expression === 'object' && '|' in expression
      ? expression['|']
      : [expression]
  const names: string[] = []
  for (const one of list) {
    const bits = bitsOf(one, type)
    if (bits === undefined) return undefined
    for (let bit = 1, left = bits; left > 0; bit *= 2, left = Math.floor(left / 2)) {
      if (left % 2 === 0) continue
      const name = symbolOf(type, bit)
      if (name === undefined) return undefined
      names.push(name)
    }
  }
  return names
}

/** A mask of addresses, in text, from an address or a prefix length; of numbers, the number. */
export function maskOf(expression: Expression, { field, type }: Asked): Scalar | undefined {
  if (fieldType(field) !== 'address') return bitsOf(expression, type)
  const bytes = typeof expression === 'string' ? parseAddress(expression) : undefined
  return bytes && formatAddress(bytes)
}
