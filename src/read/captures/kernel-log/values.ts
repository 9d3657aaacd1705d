/** The values behind the names: each function reads from `at` on and says where it ended; what was read is in `value`. */
import { parseAddress } from '../../../model/address.ts'
import * as F from '../header-fields.ts'
import { PROTOCOLS } from './field-names.ts'

const decoder = new TextDecoder('latin1')

/** The kernel's IFNAMSIZ is 16 with the zero behind. */
const LONGEST_NAME = 15

/** What the last of them read. */
export let value = 0

/** Decimal; stops at the first other byte. More than 32 bits wrap. */
export function readNumber(bytes: Uint8Array, at: number, end: number): number {
  let sum = 0
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 0x30 || byte > 0x39) break
    sum = sum * 10 + (byte - 0x30)
  }
  // no field of a packet has more than 32 bits
  if (sum > 0xffffffff) return at
  value = sum | 0
  return i
}

/** Hex of at most `digits` digits, with or without 0x; capital letters only where the kernel prints two digits. */
export function readHex(bytes: Uint8Array, at: number, end: number, digits: number): number {
  let i = at
  if (bytes[i] === 0x30 && bytes[i + 1] === 0x78 && i + 2 < end) i += 2
  const stop = Math.min(end, i + digits)
  let sum = 0
  for (; i < stop; i++) {
    const byte = bytes[i]!
    if (byte >= 0x30 && byte <= 0x39) sum = (sum << 4) | (byte - 0x30)
    else if (byte >= 0x61 && byte <= 0x66) sum = (sum << 4) | (byte - 0x57)
    else if (byte >= 0x41 && byte <= 0x46 && digits === 2) sum = (sum << 4) | (byte - 0x37)
    else break
  }
  value = sum | 0
  return i
}

/** Into SRC's or DST's columns of `row`; `value` is its family, or 0 where it is none (masked, cut). */
export function readAddress(row: Int32Array, column: number, bytes: Uint8Array, at: number, end: number): number {
  let dots = 0
  let colons = 0
  let sum = 0
  let part = 0
  let high = 0
  let letters = false
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (byte >= 0x30 && byte <= 0x39) part = part * 10 + (byte - 0x30)
    else if (byte === 0x2e) {
      sum = (sum << 8) | part
      high |= part
      part = 0
      dots++
    } else if (byte === 0x3a) colons++
    else if (byte >= 0x61 && byte <= 0x66) letters = true
    else break
  }
  const bit = column === F.SRC ? F.HAS_SRC : F.HAS_DST
  if (colons === 0 && dots === 3 && !letters && (high | part) < 256 && bytes[i - 1] !== 0x2e) {
    row[column] = (sum << 8) | part
    row[F.PRESENT]! |= bit
    value = 4
    return i
  }
  const address = colons > 1 && i - at < 48 ? parseAddress(decoder.decode(bytes.subarray(at, i))) : undefined
  if (address) {
    const view = new DataView(address.buffer)
    for (let word = 0; word < 4; word++) row[column + word] = view.getInt32(4 * word)
    row[F.PRESENT]! |= bit
    value = 6
    return i
  }
  value = 0
  // masked by whoever published it (`SRC=xxx`, `SRC=10.0.x.x`); what else stands there may be another record's
  return i === at || bytes[i] === 0x78 || bytes[i] === 0x58 || bytes[i] === 0x2a ? skipToBlank(bytes, i, end) : i
}

/** `value` is the protocol's number, or -1. */
export function readProtocol(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) return readNumber(bytes, at, end)
  for (const [name, number] of PROTOCOLS) {
    let i = 0
    while (i < name.length && bytes[at + i] === name.charCodeAt(i)) i++
    if (i === name.length && at + i <= end) {
      value = number
      return at + i
    }
  }
  value = -1
  return skipToBlank(bytes, at, end)
}

export function skipToBlank(bytes: Uint8Array, at: number, end: number): number {
  let i = at
  while (i < end && bytes[i]! > 0x20 && (bytes[i] !== 0x5b || !isUptime(bytes, i))) i++
  return i
}

/** `[   12.3`, which begins another record. */
export function isUptime(bytes: Uint8Array, at: number): boolean {
  let i = at + 1
  while (bytes[i] === 0x20) i++
  const digits = i
  while (bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++
  return bytes[at] === 0x5b && i > digits && bytes[i] === 0x2e
}

/**
 * An interface name ends at a blank, or where the next field's name begins (`IN=eth0OUT=`), or another record. `value`
 * is 0 where that is no name: the kernel allows 15 bytes, and no colon.
 */
export function readName(bytes: Uint8Array, at: number, end: number): number {
  let colon = -1
  let i = at
  for (; i < end && bytes[i]! > 0x20 && bytes[i] !== 0x3d; i++) {
    if (bytes[i] === 0x3a) colon = i
    else if (bytes[i] === 0x5b && isUptime(bytes, i)) break
  }
  value = colon < 0 ? 1 : 0
  if (colon > at + 4 && bytes[colon - 1] === 0x45 && bytes[colon - 5] === 0x54) i = colon - 5
  else if (i < end && bytes[i] === 0x3d) i = behindName(bytes, at, i, end)
  if (i - at > LONGEST_NAME) value = 0
  return i
}

/** A name with `=` stands where a value should have ended: it is the next field's, or nobody knows. */
function behindName(bytes: Uint8Array, at: number, i: number, end: number): number {
  const text = decoder.decode(bytes.subarray(Math.max(at, i - 32), i))
  const glued = /(OUT|PHYSIN|PHYSOUT|MAC|MACSRC|SRC)$/.exec(text)
  return glued ? i - glued[0].length : skipToBlank(bytes, i, end)
}

/** What is not kept: numbers, addresses, `10.0.0.1->10.0.0.2`. */
export function skipValue(bytes: Uint8Array, at: number, end: number): number {
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (!((byte >= 0x2d && byte <= 0x3a) || (byte >= 0x61 && byte <= 0x7a) || (byte === 0x3e && bytes[i - 1] === 0x2d)))
      break
  }
  return i
}

export const isMacByte = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x3a) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46)

const BYTES = new TextEncoder().encode(' bytes]')

/** `[8 bytes]`, from the bracket on; `at` where it is not that. */
export function skipBytesLeft(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 1
  while (i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++
  const behind = i + BYTES.length
  if (i === at + 1 || behind > end) return at
  for (let k = 0; i < behind; i++, k++) if (bytes[i] !== BYTES[k]) return at
  return behind
}

/** `[SRC=` or `[TRUNCATED`: what an ICMP error quotes. */
export const isQuoted = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at + 1] === 0x53 && bytes[at + 2] === 0x52 && bytes[at + 3] === 0x43 && bytes[at + 4] === 0x3d) ||
  (bytes[at + 1] === 0x54 && bytes[at + 2] === 0x52 && bytes[at + 3] === 0x55)

/** From the opening bracket to the closing one that belongs to it; where there is none, to another record or `end`. */
export function closingBracket(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0
  for (let i = at; i < end; i++) {
    const byte = bytes[i]
    if (byte === 0x5b) {
      if (isUptime(bytes, i)) return i
      depth++
    } else if (byte === 0x5d && --depth === 0) return i
    else if (byte === 0x49 && bytes[i + 1] === 0x4e && bytes[i + 2] === 0x3d) return i
  }
  return end
}

/** `…` (journalctl --no-full), or the `>` that a pager puts at the end of a line it cuts. */
export function isEllipsis(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] === 0xe2) return bytes[at + 1] === 0x80 && bytes[at + 2] === 0xa6
  return bytes[at] === 0x3e && (at + 1 === end || bytes[at + 1]! <= 0x20)
}
