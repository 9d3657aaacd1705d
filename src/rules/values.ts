/** Is what a packet has the value that a condition names? */
import { compareAddresses, inPrefix, maskFromLength, parseAddress } from '../model/address.ts'
import type { Op, Scalar, Value } from '../model/condition.ts'
import type { FieldType } from './fields.ts'
import { protocolNumber } from './iptables/protocols.ts'

/** What a field holds in one packet: several names for fields of type flags. */
export type Held = Scalar | readonly string[]

type Test = (held: Held) => boolean

/** `field OP value`, with what the condition itself says read once. Numbers and names alike may be given as text. */
export function comparison(type: FieldType, op: Op, value: Value, mask?: Scalar): Test {
  if (type === 'flags') {
    const any = hasAny(names(value))
    return op === '!=' ? (held) => !any(held) : any
  }
  if (op === '==') return equality(type, value, mask)
  if (op === '!=') {
    const equal = equality(type, value, mask)
    return (held) => !equal(held)
  }
  return order(op, Number(value), mask)
}

function hasAny(wanted: readonly string[]): Test {
  return (held) => typeof held === 'object' && wanted.some((name) => held.includes(name))
}

function names(value: Value): string[] {
  if (typeof value !== 'object') return [String(value)]
  return 'set' in value ? value.set.flatMap(names) : []
}

function order(op: Op, limit: number, mask: Scalar | undefined): Test {
  const number = mask === undefined ? Number : (held: Held) => (Number(held) & Number(mask)) >>> 0
  if (op === '<') return (held) => number(held) < limit
  if (op === '<=') return (held) => number(held) <= limit
  return op === '>' ? (held) => number(held) > limit : (held) => number(held) >= limit
}

function equality(type: FieldType, value: Value, mask: Scalar | undefined): Test {
  if (typeof value === 'object' && 'set' in value) return oneOf(value.set, type, mask)
  switch (type) {
    case 'number':
      return numberTest(value, mask)
    case 'address':
      return addressTest(value, mask)
    case 'protocol': {
      const number = knownProtocol(String(value))
      return (held) => held === value || (number !== undefined && knownProtocol(String(held)) === number)
    }
    case 'mac': {
      if (mask !== undefined) return maskedMacTest(String(value), String(mask))
      const wanted = String(value).toLowerCase()
      return (held) => held === value || String(held).toLowerCase() === wanted
    }
    default:
      return nameTest(value)
  }
}

/** Plain values of a big set are looked up, not tried one by one. */
function oneOf(values: readonly Value[], type: FieldType, mask: Scalar | undefined): Test {
  const plain = values.filter((one) => typeof one !== 'object')
  if (type === 'number' && mask === undefined && plain.length === values.length) {
    const wanted = new Set(plain.map(Number))
    return (held) => wanted.has(Number(held))
  }
  const tests = values.map((one) => equality(type, one, mask))
  return (held) => tests.some((test) => test(held))
}

function nameTest(value: Value): Test {
  if (typeof value !== 'object') return (held) => held === value
  if ('wildcard' in value) return (held) => String(held).startsWith(value.wildcard)
  return () => false
}

function numberTest(value: Value, mask: Scalar | undefined): Test {
  if (typeof value !== 'object') {
    const wanted = Number(value)
    if (mask === undefined) return (held) => Number(held) === wanted
    const bits = Number(mask)
    return (held) => (Number(held) & bits) >>> 0 === wanted
  }
  if (!('range' in value)) return () => false
  const [low, high] = value.range.map(Number) as [number, number]
  const number = mask === undefined ? Number : (held: Held) => (Number(held) & Number(mask)) >>> 0
  return (held) => {
    const one = number(held)
    return one >= low && one <= high
  }
}

function addressTest(value: Value, mask: Scalar | undefined): Test {
  if (mask !== undefined) return maskedAddressTest(String(value), String(mask))
  if (typeof value !== 'object') {
    const wanted = addressBytes(String(value))
    return (held) => held === value || (wanted !== undefined && sameAddress(addressBytes(String(held)), wanted))
  }
  if ('prefix' in value) return prefixTest(value.prefix, value.length)
  if (!('range' in value)) return () => false
  const [from, to] = value.range.map((end) => addressBytes(String(end)))
  return (held) => {
    const address = addressBytes(String(held))
    if (!address || !from || !to || address.length !== from.length) return false
    return compareAddresses(address, from) >= 0 && compareAddresses(address, to) <= 0
  }
}

function prefixTest(prefix: string, length: number): Test {
  const network = addressBytes(prefix)
  if (!network) return () => false
  if (network.length === 16) {
    return (held) => {
      const address = addressBytes(String(held))
      return address !== undefined && inPrefix(address, network, length)
    }
  }
  const bits = word(maskFromLength(length, 32))
  const wanted = word(network) & bits
  return (held) => {
    const address = addressBytes(String(held))
    return address?.length === 4 && (word(address) & bits) === wanted
  }
}

/** The ones of the mask may have gaps. */
function maskedAddressTest(network: string, mask: string): Test {
  const [wanted, bits] = [addressBytes(network), addressBytes(mask)]
  if (!wanted || wanted.length !== bits?.length) return () => false
  return (held) => {
    const address = addressBytes(String(held))
    return address?.length === wanted.length && wanted.every((byte, i) => (address[i]! & bits[i]!) === byte)
  }
}

const macBytes = (text: string): number[] => text.split(':').map((byte) => Number.parseInt(byte, 16))

function maskedMacTest(value: string, mask: string): Test {
  const [wanted, bits] = [macBytes(value), macBytes(mask)]
  return (held) => macBytes(String(held)).every((byte, i) => (byte & bits[i]!) === wanted[i])
}

const word = (bytes: Uint8Array): number => (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!

const sameAddress = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && compareAddresses(a, b) === 0

const protocols = new Map<string, number | undefined>()

/** As protocolNumber; there are few of them. */
export function knownProtocol(text: string): number | undefined {
  let number = protocols.get(text)
  if (number === undefined) {
    number = protocolNumber(text)
    protocols.set(text, number)
  }
  return number
}

const WITH_PORTS: readonly (number | undefined)[] = [6, 17, 33, 132, 136]

/** TCP, UDP, DCCP, SCTP and UDP-Lite have. `protocol`: by its number. */
export const hasPorts = (protocol: number | undefined): boolean => WITH_PORTS.includes(protocol)

const known = new Map<string, Uint8Array | undefined>()

/** As parseAddress; the same few addresses come again and again. */
export function addressBytes(text: string): Uint8Array | undefined {
  let bytes = known.get(text)
  if (bytes === undefined && !known.has(text)) {
    if (known.size > 65536) known.clear()
    bytes = parseAddress(text)
    known.set(text, bytes)
  }
  return bytes
}
