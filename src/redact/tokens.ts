/**
 * Addresses in text → others, wherever they stand: with prefix length or mask, as ranges, with ports, in brackets, in names.
 * What is said of an address's host part stays true: `10.1.0.0/16` is still a network, `255.255.0.0` still its mask.
 */
import { formatAddress, maskFromLength, maskToLength, parseAddress } from '../model/address.ts'
import { sharesBits } from './addresses.ts'
import type { Redactor } from './redactor.ts'

const V4 = String.raw`(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d]|\.\d)`
/** As the kernel writes it; what stands behind it may be glued to it. */
const V6_FULL = String.raw`(?<![\da-fA-F:])[\da-fA-F]{4}(?::[\da-fA-F]{4}){7}(?!:)`
/** Not behind a letter (`std::d`), but for `key:`, as some write it. */
const V6_START = String.raw`(?:(?<![A-Za-z\d:])|(?<=[g-zG-Z_][A-Za-z]{0,12}:))`
const V6 = String.raw`(?:${V6_FULL}|${V6_START}(?=[\da-fA-F:]*:[\da-fA-F:]*:)[\da-fA-F:]+(?:\.\d{1,3}){0,3}(?![\da-fA-F:]))`
const PAIRS = String.raw`(?:(?<![\da-fA-F])(?<![\da-fA-F]:)|(?<=[g-zG-Z_][A-Za-z]{0,12}:))[\da-fA-F]{1,2}(?::[\da-fA-F]{1,2}){5,}(?!:?[\da-fA-F])`
const END = String.raw`(?:${V4}|\[?${V6}\]?)`

/** Hardware address (or several bytes), range, address with what stands behind it, `ip-10-1-2-3` as clouds name hosts. */
const TOKEN = new RegExp(
  `(?<pairs>${PAIRS})(?:/(?<pairMask>${PAIRS}))?|(?<from>${END})-(?<to>${END})|` +
    String.raw`(?<address>${V4}|${V6})(?:/(?:(?<mask>${V4}|${V6})|(?<length>\d{1,3})(?![\d.])))?|` +
    String.raw`(?<=\bip-)(?<dashed>\d{1,3}(?:-\d{1,3}){3})(?![\d-])`,
  'g',
)

/** How a range that is none any more may be written: as a list of prefixes in braces, or inside of them. */
export type Ranges = 'nft' | 'plain'

/** `other`: what becomes of the text between addresses. */
export function redactTokens(
  text: string,
  redactor: Redactor,
  ranges: Ranges = 'plain',
  other: (text: string) => string = (between) => between,
): string {
  if (!/[.:-]/.test(text)) return other(text)
  let result = ''
  let done = 0
  for (const match of text.matchAll(TOKEN)) {
    const replaced = replacement(match, text, redactor, ranges)
    if (replaced === undefined) continue
    result += other(text.slice(done, match.index)) + replaced
    done = match.index + match[0].length
  }
  return result + other(text.slice(done))
}

/** Undefined: it only looked like an address. */
function replacement(match: RegExpExecArray, text: string, redactor: Redactor, ranges: Ranges): string | undefined {
  const { pairs, pairMask, from, to, dashed, address, mask, length } = match.groups!
  if (pairs !== undefined) return redactor.once(match[0], () => redactPairs(pairs, pairMask, redactor))
  if (from !== undefined) {
    const end = match.index + match[0].length
    const place = { before: text.slice(Math.max(0, match.index - 40), match.index), after: text.slice(end, end + 20) }
    return redactRangeText(from, to!, redactor, ranges === 'nft' ? place : undefined)
  }
  if (dashed !== undefined) return redactor.addressText(dashed.replaceAll('-', '.'))?.replaceAll('.', '-')
  return redactAddress(address!, mask, length, redactor)
}

function redactAddress(
  text: string,
  mask: string | undefined,
  length: string | undefined,
  redactor: Redactor,
): string | undefined {
  // a sentence's colon, or what else stands behind an address
  if (/[^:]:$/.test(text) && !parseAddress(text)) {
    const inner = redactAddress(text.slice(0, -1), undefined, undefined, redactor)
    return inner === undefined ? undefined : `${inner}:${tail(mask, length)}`
  }
  const bytes = parseAddress(text)
  if (!bytes) return undefined
  const maskBytes = mask !== undefined ? parseAddress(mask) : undefined
  const ones =
    length !== undefined ? Number(length) : maskBytes?.length === bytes.length ? maskToLength(maskBytes) : undefined
  if (mask !== undefined && ones === undefined) return `${masked(bytes, maskBytes, redactor)}/${mask}`
  if (ones === undefined || ones > bytes.length * 8) return `${redactor.addressText(text)}${tail(mask, length)}`
  return `${redactNetwork(text, ones, redactor)}${tail(mask, length)}`
}

const tail = (mask: string | undefined, length: string | undefined) =>
  mask !== undefined ? `/${mask}` : length !== undefined ? `/${length}` : ''

/** With `length` ones in its mask; where the rest is zero, it stays so. Text that is no address is returned as it is. */
export function redactNetwork(text: string, length: number, redactor: Redactor): string {
  const bytes = parseAddress(text)
  const mapped = redactor.addressText(text)
  if (!bytes || mapped === undefined || length > bytes.length * 8) return text
  const mask = maskFromLength(length, bytes.length * 8)
  const isNetwork = bytes.every((byte, i) => (byte & ~mask[i]!) === 0)
  return isNetwork ? formatAddress(parseAddress(mapped)!.map((byte, i) => byte & mask[i]!)) : mapped
}

/** A mask with gaps asks for bits that hang on others now. */
function masked(bytes: Uint8Array, mask: Uint8Array | undefined, redactor: Redactor): string {
  redactor.doubt('mask-with-gaps')
  const mapped = redactor.address(bytes)
  return formatAddress(mask?.length === bytes.length ? mapped.map((byte, i) => byte & mask[i]!) : mapped)
}

interface Place {
  before: string
  after: string
}

/** `place`: where nft's language allows a list of prefixes instead. */
function redactRangeText(
  fromText: string,
  toText: string,
  redactor: Redactor,
  place: Place | undefined,
): string | undefined {
  const bare = (text: string) => text.replace(/^\[|\]$/g, '')
  const [from, to] = [parseAddress(bare(fromText)), parseAddress(bare(toText))]
  if (!from || !to || from.length !== to.length) {
    const [a, b] = [redactor.addressText(bare(fromText)), redactor.addressText(bare(toText))]
    return a === undefined && b === undefined ? undefined : `${a ?? fromText}-${b ?? toText}`
  }
  const [first, last, exact] = redactRange(from, to, redactor)
  const write = (bytes: Uint8Array, like: string) =>
    like.startsWith('[') ? `[${formatAddress(bytes)}]` : formatAddress(bytes)
  const whole = `${write(first, fromText)}-${write(last, toText)}`
  if (exact) return whole
  const list =
    place && isAmong(place) ? prefixes(from, to).map(([bytes, length]) => network(bytes, length, redactor)) : []
  if (place && list.length > 0) return inBraces(place) ? list.join(', ') : `{ ${list.join(', ')} }`
  redactor.doubt('range-widened')
  return whole
}

const network = (bytes: Uint8Array, length: number, redactor: Redactor) =>
  `${redactNetwork(formatAddress(bytes), length, redactor)}/${length}`

const inBraces = ({ before }: Place) => /(?:[{,]|^)\s*$/.test(before)
/** An element by itself, or what a selector is compared with. */
const isAmong = (place: Place) =>
  inBraces(place)
    ? /^\s*(?:,|\}|$)/.test(place.after)
    : /[sd]addr (?:!= )?$/.test(place.before) && /^(?:\s|$)/.test(place.after)

/**
 * First and last of what a range becomes. Exact: it holds what became of the addresses in it, and nothing else. Otherwise
 * it is the smallest network that holds all of them.
 */
export function redactRange(from: Uint8Array, to: Uint8Array, redactor: Redactor): [Uint8Array, Uint8Array, boolean] {
  const [a, b] = [redactor.address(from), redactor.address(to)]
  const bits = from.length * 8
  // the last byte of an address stays, so what has all others in common keeps its order
  if (sharesBits(from, to, bits - 8)) return [a, b, true]
  if (same(a, from) && same(b, to) && staysWhole(from, to, redactor)) return [a, b, true]
  let length = 0
  while (length < bits && sharesBits(from, to, length + 1)) length++
  const mask = maskFromLength(length, bits)
  const exact = from.every((byte, i) => (byte & ~mask[i]!) === 0) && to.every((byte, i) => (byte | mask[i]!) === 255)
  return [a.map((byte, i) => byte & mask[i]!), a.map((byte, i) => byte | (~mask[i]! & 255)), exact]
}

const same = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i])

/** Is every network in it where it was? */
const staysWhole = (from: Uint8Array, to: Uint8Array, redactor: Redactor): boolean =>
  prefixes(from, to).every(([bytes, length]) => {
    const last = bytes.map((byte, i) => byte | (~maskFromLength(length, bytes.length * 8)[i]! & 255))
    return same(redactor.address(bytes), bytes) && same(redactor.address(last), last)
  })

/** The prefixes that a range is made of; none where they are too many. */
function prefixes(from: Uint8Array, to: Uint8Array): [Uint8Array, number][] {
  const bits = from.length * 8
  const last = toBig(to)
  const list: [Uint8Array, number][] = []
  for (let at = toBig(from); at <= last; ) {
    let size = 0
    while (size < bits && (at & ((1n << BigInt(size + 1)) - 1n)) === 0n && at + (1n << BigInt(size + 1)) - 1n <= last)
      size++
    list.push([fromBig(at, from.length), bits - size])
    at += 1n << BigInt(size)
    if (list.length > MOST_PREFIXES) return []
  }
  return list
}

const MOST_PREFIXES = 256
const toBig = (bytes: Uint8Array) => bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n)
const fromBig = (value: bigint, length: number) =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n))

/** Six bytes are a hardware address, fourteen an Ethernet header; of others nothing is known, and nothing kept. */
function redactPairs(text: string, mask: string | undefined, redactor: Redactor): string {
  const words = text.split(':')
  const bytes = Uint8Array.from(words, (word) => Number.parseInt(word, 16))
  if (bytes.length === 6 && mask !== undefined) {
    const bits = mask.split(':').map((word) => Number.parseInt(word, 16))
    return `${written(
      redactor.mac(bytes).map((byte, i) => byte & (bits[i] ?? 0)),
      words,
    )}/${mask}`
  }
  if (bytes.length === 6) return written(redactor.mac(bytes), words)
  const mapped = new Uint8Array(bytes.length)
  if (bytes.length === 14) {
    mapped.set(redactor.mac(bytes.subarray(0, 6)))
    mapped.set(redactor.mac(bytes.subarray(6, 12)), 6)
    mapped.set(bytes.subarray(12), 12)
  }
  return written(mapped, words)
}

function written(bytes: Uint8Array, like: readonly string[]): string {
  const short = like.some((word) => word.length === 1)
  const capitals = like.some((word) => /[A-F]/.test(word))
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(short ? 1 : 2, '0')).join(':')
  return capitals ? text.toUpperCase() : text
}
