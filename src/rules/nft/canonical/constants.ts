/** Constants in one form, as `nft -j list` prints them: names where nft has them, networks without host bits. */
import { formatAddress, parseAddress } from '../../../model/address.ts'
import type { Expression } from '../ast.ts'
import { BITMASKS, numberOf, SYMBOLS, symbolOf } from '../symbols.ts'

const isAddressType = (type: string): boolean => type === 'ipv4_addr' || type === 'ipv6_addr' || type === 'address'

/** Types whose values are text even if they look like numbers. */
const TEXTS = ['ifname', 'string', 'ifkind', 'cgroupsv2', 'verdict', 'iface_index', 'time']

/** A constant of this type; references to sets, and what is not understood, stay as they are. */
export function constant(value: Expression, type: string): Expression {
  if (typeof value === 'string') return textConstant(value, type)
  if (typeof value === 'number') return numberConstant(value, type)
  if (typeof value === 'boolean') return value
  if (Array.isArray(value)) return bits(value, type) ?? value.map((one) => constant(one, type))
  if ('prefix' in value) return prefix(value.prefix.addr, value.prefix.len, type)
  if ('range' in value) {
    const [low, high] = value.range.map((end) => constant(end, type)) as [Expression, Expression]
    return low === high ? low : { range: [low, high] }
  }
  if ('|' in value) {
    const parts = value['|'].map((one) => constant(one, type))
    return BITMASKS.includes(type) ? alternatives(parts, type) : { '|': parts }
  }
  return value
}

function textConstant(text: string, type: string): Expression {
  if (text.startsWith('@') || text === '*') return text
  if (type === 'boolean') return text === 'exists' ? true : text === 'missing' ? false : text
  if (isAddressType(type)) return address(text, type)
  if (type === 'ether_addr') return text.toLowerCase().replace(/(^|:)(?=[0-9a-f](?::|$))/g, '$10')
  if (type === 'hour') return text.replace(/^(\d\d:\d\d):00$/, '$1')
  if (type === 'duration') return seconds(text) ?? text
  if (type === 'realm' || type === 'devgroup') return numberOf(type, text) ?? text
  if (TEXTS.includes(type)) return text
  const number = numberOf(type, text)
  return number === undefined ? text : numberConstant(number, type)
}

function numberConstant(number: number, type: string): Expression {
  if (type === 'realm' || type === 'devgroup') return number
  if (type === 'boolean') return number === 1
  if (type === 'iface_index') return String(number)
  if (type === 'ipv4_addr') return formatAddress(Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number))
  return symbolOf(type, number) ?? number
}

const SECONDS: Readonly<Record<string, number>> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 }

/** `4d23h59m59s` → seconds. */
function seconds(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:ms|[wdhms]))+$/.test(text)) return undefined
  return [...text.matchAll(/(\d+)(ms|[wdhms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * SECONDS[unit!]!, 0)
}

function address(text: string, type: string): Expression {
  const [host = '', length] = text.split('/')
  if (length !== undefined && /^\d{1,3}$/.test(length)) return prefix(host, Number(length), type)
  const bytes = parseAddress(host)
  return bytes ? formatAddress(bytes) : text
}

function prefix(addr: Expression, len: number, type: string): Expression {
  const bytes = typeof addr === 'string' ? parseAddress(addr) : undefined
  if (!bytes) return { prefix: { addr: constant(addr, type), len } }
  if (len >= bytes.length * 8) return formatAddress(bytes)
  for (let i = 0; i < bytes.length; i++) bytes[i]! &= (0xff00 >> Math.max(0, Math.min(8, len - i * 8))) & 0xff
  return { prefix: { addr: formatAddress(bytes), len } }
}

/** Several bits in the order of their numbers; one of them stands alone. Undefined where it is no list of bits. */
function bits(list: readonly Expression[], type: string): Expression | undefined {
  if (!BITMASKS.includes(type)) return undefined
  const names = list.map((one) => constant(one, type))
  const unique = [...new Set(names)].sort((a, b) => bitOf(a, type) - bitOf(b, type))
  return unique.length === 1 ? unique[0] : unique
}

function alternatives(parts: readonly Expression[], type: string): Expression {
  const flat = parts.flatMap((part) => (typeof part === 'object' && '|' in part ? part['|'] : [part]))
  const sorted = bits(flat, type)!
  return Array.isArray(sorted) ? { '|': sorted } : sorted
}

const bitOf = (value: Expression, type: string): number =>
  typeof value === 'number' ? value : (SYMBOLS[type]?.[String(value)] ?? Number.MAX_SAFE_INTEGER)

function addressKey(text: string): string {
  const bytes = parseAddress(text)
  if (bytes?.length === 4) return String.fromCharCode(bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!)
  return String.fromCharCode(...(bytes ?? []))
}

/** Text by which values of one type sort as nft lists them: numbers and addresses by value, names as text. */
export function sortKey(value: unknown, type: string): string {
  if (typeof value === 'number') return value.toString(16).padStart(14, '0')
  if (typeof value === 'string') {
    if (isAddressType(type)) return addressKey(value)
    const number = SYMBOLS[type] && numberOf(type, value)
    return value === '*' ? '\uffff' : number === undefined ? value : sortKey(number, type)
  }
  if (typeof value !== 'object' || value === null) return String(value)
  if ('prefix' in value) {
    const { addr, len } = (value as { prefix: { addr: unknown; len: number } }).prefix
    return `${sortKey(addr, type)}/${String(len).padStart(3, '0')}`
  }
  if ('range' in value) return sortKey((value as { range: unknown[] }).range[0], type)
  return JSON.stringify(value)
}
