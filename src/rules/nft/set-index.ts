/**
 * The elements of an nft set made ready to be searched. Single values are found by hash; networks, ranges and beginnings
 * of names are tried one by one, but for ranges of one number or address, which are sorted.
 */
import { compareAddresses, formatAddress, maskFromLength } from '../../model/address.ts'
import type { SetElement } from '../../model/set-element.ts'
import { type FieldType, fieldType } from '../fields.ts'
import { protocolNumber } from '../iptables/protocols.ts'
import { addressBytes, type Held } from '../values.ts'
import { elementNumber } from './symbols.ts'

/** Does one part of an element hold what the packet has? */
type PartTest = (held: Held) => boolean

interface Interval {
  low: Uint8Array | number
  high: Uint8Array | number
  element: SetElement
}

export interface SetIndex {
  types: readonly FieldType[]
  plain: ReadonlyMap<string, SetElement>
  /** Sorted by their beginnings; for sets of one part. */
  intervals: readonly Interval[]
  others: readonly { tests: readonly PartTest[]; element: SetElement }[]
  /** `*`: what is in no other element. */
  rest: SetElement | undefined
  elements: readonly SetElement[]
  dataTypes: readonly string[]
}

// no memo: fields are told apart by their types alone
const indexes = new WeakMap<readonly SetElement[], Map<string, SetIndex>>()

/** `fields`: what the parts are compared with; `dataTypes`: nft's names of their types, where elements have names. */
export function setIndex(
  elements: readonly SetElement[],
  fields: readonly string[],
  dataTypes: readonly string[] = [],
): SetIndex {
  let known = indexes.get(elements)
  if (!known) {
    known = new Map()
    indexes.set(elements, known)
  }
  const types = fields.map((field) => fieldType(field) ?? 'name')
  const key = types.join()
  let index = known.get(key)
  if (!index) {
    index = build(elements, types, dataTypes)
    known.set(key, index)
  }
  return index
}

function build(elements: readonly SetElement[], types: readonly FieldType[], dataTypes: readonly string[]): SetIndex {
  const plain = new Map<string, SetElement>()
  const intervals: Interval[] = []
  const others: { tests: PartTest[]; element: SetElement }[] = []
  let rest: SetElement | undefined
  for (const element of elements) {
    if (element.parts.length === 1 && element.parts[0] === '*') {
      rest = element
      continue
    }
    if (element.parts.length !== types.length) continue
    const parts = element.parts.map((part, i) => withoutNames(part, types[i]!, dataTypes[i]))
    const interval = types.length === 1 ? intervalOf(parts[0]!, types[0]!) : undefined
    if (parts.every((part, i) => isPlain(part, types[i]!)))
      plain.set(parts.map((part, i) => plainKey(part, types[i]!)).join(' '), element)
    else if (interval) intervals.push({ ...interval, element })
    else others.push({ tests: parts.map((part, i) => partTest(part, types[i]!)), element })
  }
  intervals.sort((a, b) => compare(a.low, b.low))
  return { types, plain, intervals, others, rest, elements, dataTypes }
}

/** Fields of numbers have no names: `echo-request` is 8. */
function withoutNames(part: string, type: FieldType, dataType: string | undefined): string {
  if (type !== 'number' || dataType === undefined || /^\d/.test(part)) return part
  return String(elementNumber(dataType, part) ?? part)
}

const isPlain = (part: string, type: FieldType): boolean =>
  type === 'address' || type === 'number' ? !/[/-]/.test(part) : !part.endsWith('*')

/** One text for one value, however it is written. */
function plainKey(value: Held, type: FieldType): string {
  const text = typeof value === 'object' ? value.join(',') : String(value)
  switch (type) {
    case 'number':
      return String(Number(text))
    case 'address': {
      const bytes = addressBytes(text)
      return bytes ? formatAddress(bytes) : text
    }
    case 'protocol':
      return String(protocolNumber(text) ?? text)
    default:
      return type === 'mac' ? text.toLowerCase() : text
  }
}

function intervalOf(part: string, type: FieldType): Omit<Interval, 'element'> | undefined {
  if (type === 'number') {
    const [first = '', bits] = part.split('/')
    // nft lists a range of marks as a prefix, where it is one
    if (bits !== undefined) return { low: Number(first), high: Number(first) + 2 ** (32 - Number(bits)) - 1 }
    const [low, high] = part.split('-').map(Number)
    return low === undefined || high === undefined || Number.isNaN(low + high) ? undefined : { low, high }
  }
  if (type !== 'address') return undefined
  const [from = '', length] = part.split('/')
  if (length === undefined) {
    const [low, high] = part.split('-').map(addressBytes)
    return low && high ? { low, high } : undefined
  }
  const low = addressBytes(from)
  if (!low) return undefined
  const mask = maskFromLength(Number(length), low.length * 8)
  return { low, high: low.map((byte, i) => byte | (~mask[i]! & 0xff)) }
}

function compare(a: Uint8Array | number, b: Uint8Array | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return compareAddresses(a, b)
}

function partTest(part: string, type: FieldType): PartTest {
  if (part === '*') return () => true
  if (isPlain(part, type)) {
    const wanted = plainKey(part, type)
    return (held) => plainKey(held, type) === wanted
  }
  const interval = intervalOf(part, type)
  if (interval) return (held) => within(interval, comparable(held, type))
  const beginning = part.slice(0, -1)
  return (held) => String(held).startsWith(beginning)
}

const comparable = (held: Held, type: FieldType): Uint8Array | number | undefined =>
  type === 'number' ? Number(held) : addressBytes(String(held))

const within = ({ low, high }: Omit<Interval, 'element'>, value: Uint8Array | number | undefined): boolean =>
  value !== undefined && compare(low, value) <= 0 && compare(value, high) <= 0

/** The element that holds these values. */
export function findElement(index: SetIndex, values: readonly Held[]): SetElement | undefined {
  const { types, plain, intervals, others, rest } = index
  const found = plain.get(values.map((value, i) => plainKey(value, types[i]!)).join(' '))
  if (found) return found
  const interval = intervals.length > 0 && findInterval(intervals, comparable(values[0]!, types[0]!))
  if (interval) return interval
  return others.find(({ tests }) => tests.every((test, i) => test(values[i]!)))?.element ?? rest
}

function findInterval(intervals: readonly Interval[], value: Uint8Array | number | undefined): SetElement | undefined {
  if (value === undefined) return undefined
  let [low, high] = [0, intervals.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(intervals[middle]!.low, value) <= 0) low = middle + 1
    else high = middle
  }
  // they do not overlap in the kernel
  const last = intervals[low - 1]
  return last && within(last, value) ? last.element : undefined
}

/** The elements that may hold the packet, as far as its values are known; undefined fits all. */
export function candidates(index: SetIndex, values: readonly (Held | undefined)[]): SetElement[] {
  return index.elements.filter(
    ({ parts }) =>
      (parts.length === 1 && parts[0] === '*') ||
      (parts.length === values.length &&
        parts.every(
          (part, i) =>
            values[i] === undefined ||
            partTest(withoutNames(part, index.types[i]!, index.dataTypes[i]), index.types[i]!)(values[i]),
        )),
  )
}
