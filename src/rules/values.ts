/** Is what a packet has the value that a condition names? */
import { compareAddresses, inPrefix, parseAddress } from '../model/address.ts'
import type { Op, Scalar, Value } from '../model/condition.ts'
import type { FieldType } from './fields.ts'
import { protocolNumber } from './iptables/protocols.ts'

/** What a field holds in one packet: several names for fields of type flags. */
export type Held = Scalar | readonly string[]

export function compare(type: FieldType, held: Held, op: Op, value: Value, mask?: Scalar): boolean {
  if (typeof held === 'object') {
    const any = names(value).some((name) => held.includes(name))
    return op === '!=' ? !any : any
  }
  if (op === '==') return matches(type, masked(type, held, mask), value)
  if (op === '!=') return !matches(type, masked(type, held, mask), value)
  const [a, b] = [Number(masked(type, held, mask)), Number(value)]
  return op === '<' ? a < b : op === '<=' ? a <= b : op === '>' ? a > b : a >= b
}

function names(value: Value): string[] {
  if (typeof value !== 'object') return [String(value)]
  return 'set' in value ? value.set.flatMap(names) : []
}

function masked(type: FieldType, held: Scalar, mask: Scalar | undefined): Scalar {
  if (mask === undefined) return held
  if (type !== 'address') return (Number(held) & Number(mask)) >>> 0
  const [address, bits] = [parsed(String(held)), parsed(String(mask))]
  return address && bits ? [...address].map((byte, i) => byte & bits[i]!).join('.') : held
}

function matches(type: FieldType, held: Scalar, value: Value): boolean {
  if (typeof value !== 'object') return equal(type, held, value)
  if ('set' in value) return value.set.some((one) => matches(type, held, one))
  if ('wildcard' in value) return String(held).startsWith(value.wildcard)
  if ('prefix' in value) {
    const [address, network] = [parsed(String(held)), parsed(value.prefix)]
    return !!address && !!network && inPrefix(address, network, value.length)
  }
  const [low, high] = value.range
  if (type !== 'address') return Number(held) >= Number(low) && Number(held) <= Number(high)
  const [address, from, to] = [parsed(String(held)), parsed(String(low)), parsed(String(high))]
  if (!address || !from || !to || address.length !== from.length) return false
  return compareAddresses(address, from) >= 0 && compareAddresses(address, to) <= 0
}

function equal(type: FieldType, held: Scalar, value: Scalar): boolean {
  if (type === 'number') return Number(held) === Number(value)
  if (held === value) return true
  if (type === 'protocol') return protocolNumber(String(held)) === protocolNumber(String(value))
  if (type === 'address') {
    const [a, b] = [parsed(String(held)), parsed(String(value))]
    // a masked address is the joined bytes, not canonical text
    if (!a && b) return String(held) === [...b].join('.')
    return !!a && !!b && compareAddresses(a, b) === 0
  }
  return type === 'mac' && String(held).toLowerCase() === String(value).toLowerCase()
}

// the same few addresses come again and again, in rules above all
const known = new Map<string, Uint8Array | undefined>()

function parsed(text: string): Uint8Array | undefined {
  let bytes = known.get(text)
  if (bytes === undefined && !known.has(text)) {
    if (known.size > 65536) known.clear()
    bytes = parseAddress(text)
    known.set(text, bytes)
  }
  return bytes
}
