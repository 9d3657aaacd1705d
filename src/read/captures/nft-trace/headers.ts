/**
 * The packet in nft's words, as `packet:` lines have it, into a row of header-fields.ts:
 *   iif "eth0" oif "eth1" ether saddr 02:… ip saddr 192.0.2.1 ip dscp cs0 ip ttl 64 ip id 7 ip length 60 tcp sport 40000
 *   tcp flags == syn, icmpv6 parameter-problem 2497511425, @nh,0,160 0x4500…: what nft has no words for
 * and behind it what a `conntrack:` line says: ct direction original ct state new.
 */
import { isIcmpError } from '../../../model/icmp-error.ts'
import * as F from '../header-fields.ts'
import { readAddress, readHex, readNumber, value } from '../kernel-log/values.ts'
import type { Names } from '../names.ts'
import { finishRaw, takeRaw } from './raw.ts'
import { seedOf, symbols } from './symbols.ts'
import { hashByte, hashWord, readWord, WordTable, wordHash } from './word-table.ts'
import * as W from './words.ts'
import { FIELDS, TRANSPORTS } from './words.ts'

export const row = new Int32Array(F.COLUMNS)

/** What reading a line told besides the row. */
export const read = {
  /** Offset of four bytes in which packets differ most; -1: none is known. */
  telling: -1,
  /** Words that were understood. */
  fields: 0,
  /** Behind the last of them. */
  end: 0,
  /** Offset of the first word that was not understood, or -1. */
  unknown: -1,
  /** As UDP's header has it; -1: none is there. */
  udpLength: -1,
}

const FIRST = 1000
const PROTOCOLS = Object.keys(FIELDS).filter((name) => name !== '')
/** `iif` and the like give their column, protocols FIRST and more. */
const firstWords = new WordTable(() => [
  ...Object.entries(FIELDS['']!).map(([word, code]) => [hashWord(word), code] as const),
  ...PROTOCOLS.map((word, i) => [hashWord(word), FIRST + i] as const),
])
const secondWords = new WordTable(() =>
  PROTOCOLS.flatMap((protocol) =>
    Object.entries(FIELDS[protocol]!).map(([field, code]) => [hashWord(`${protocol} ${field}`), code] as const),
  ),
)
/** By a protocol's place: its number, and the family that its presence shows; -1: none. */
const transportOf = Int32Array.from(PROTOCOLS, (name) => TRANSPORTS[name] ?? -1)
const familyOf = Int32Array.from(PROTOCOLS, (name) =>
  name === 'ip' ? 4 : name === 'ip6' ? 6 : name === 'arp' ? 0 : -1,
)

/** Fills `row` from `bytes[start, end)`. Offsets of texts are counted from `start`. */
export function readHeaders(bytes: Uint8Array, start: number, end: number, names: Names): void {
  row.fill(0)
  row[F.FAMILY] = -1
  read.telling = -1
  read.fields = 0
  read.unknown = -1
  read.udpLength = -1
  read.end = start
  let transport = -1
  let raw = false
  isHopByHop = false
  let at = start
  while (at < end) {
    while (at < end && bytes[at]! <= 0x20) at++
    if (at === end) break
    if (bytes[at] === 0x40) {
      const behind = takeRaw(bytes, at, end)
      if (behind < 0) {
        unknownAt(at)
        at = skipWord(bytes, at, end)
      } else {
        raw = true
        read.end = at = behind
      }
      continue
    }
    const wordAt = at
    at = readWord(bytes, at, end, 0)
    let code = firstWords.get(wordHash)
    if (code < 0) {
      unknownAt(wordAt)
      continue
    }
    if (code >= FIRST) {
      const protocol = code - FIRST
      const number = transportOf[protocol]!
      if (number >= 0) transport = number
      const family = familyOf[protocol]!
      if (family >= 0) row[F.FAMILY] = family
      const fieldAt = at + 1
      at = readWord(bytes, fieldAt, end, hashByte(wordHash, 0x20))
      if (at <= fieldAt) {
        unknownAt(wordAt)
        break
      }
      code = secondWords.get(wordHash)
      // of a known protocol: one pair that says nothing here
      if (code < 0) code = W.PASS
    }
    const valueAt = at + 1
    if (valueAt >= end) {
      unknownAt(wordAt)
      break
    }
    at = readValue(code, bytes, start, valueAt, end, names)
    if (at < 0) {
      unknownAt(valueAt)
      at = skipWord(bytes, valueAt, end)
    } else {
      read.fields++
      read.end = at
    }
  }
  if (raw) finishRaw(row, isHopByHop)
  finish(transport)
}

/** IPv6's own next header is the hop-by-hop one. */
let isHopByHop = false

function unknownAt(at: number): void {
  if (read.unknown < 0) read.unknown = at
}

/** nft leaves out what follows from another word; and it words what the kernel has as one number in parts. */
function finish(transport: number): void {
  if (transport >= 0 && (row[F.PRESENT]! & (1 << F.PROTO)) === 0) set(F.PROTO, transport)
  const protocol = row[F.PROTO]
  const isError = (protocol === F.ICMP || protocol === F.ICMPV6) && isIcmpError(protocol === F.ICMPV6, row[F.TYPE]!)
  if (!isError) row[F.QUOTED] = 0
  if (protocol === F.ICMP || protocol === F.ICMPV6) {
    const type = row[F.TYPE]
    const echo = protocol === F.ICMP ? type === 0 || type === 8 : type === 128 || type === 129
    // nft reads id and sequence out of any ICMP header
    if (!echo) row[F.PRESENT]! &= ~((1 << F.ICMP_ID) | (1 << F.ICMP_SEQ))
    if (!echo) row[F.ICMP_ID] = row[F.ICMP_SEQ] = 0
  }
}

function set(column: number, number: number): void {
  row[column] = number
  row[F.PRESENT]! |= 1 << column
}

/** Where the value ends; -1 where it is none of this field. */
function readValue(code: number, bytes: Uint8Array, start: number, at: number, end: number, names: Names): number {
  switch (code) {
    case F.IN:
    case F.OUT:
      return readInterface(code, bytes, at, end, names)
    case F.SRC:
    case F.DST: {
      const behind = readAddress(row, code, bytes, at, end)
      if (value !== 0 && (behind === end || bytes[behind]! <= 0x20)) return behind
      return readOddAddress(code, bytes, at, end)
    }
    case F.MACSRC:
    case F.MACDST: {
      const behind = skipWord(bytes, at, end)
      if (behind - at !== 17 || bytes[at + 2] !== 0x3a) return -1
      set(code, ((at - start) << 12) | 17)
      return behind
    }
    case W.PASS:
      return skipValue(bytes, at, end)
    case F.FLAGS:
      return readFlags(bytes, at, end)
    case W.CT_STATE:
    case W.CT_STATUS:
      return readCtWords(code, bytes, at, end)
    default:
      return readOne(code, bytes, start, at, end)
  }
}

/** With capital letters, as people write them into what they publish; else nothing of it is taken. */
function readOddAddress(column: number, bytes: Uint8Array, at: number, end: number): number {
  row[F.PRESENT]! &= ~(column === F.SRC ? F.HAS_SRC : F.HAS_DST)
  row.fill(0, column, column + 4)
  const behind = skipWord(bytes, at, end)
  const word = bytes
    .slice(at, Math.min(behind, at + 48))
    .map((byte) => (byte >= 0x41 && byte <= 0x46 ? byte | 0x20 : byte))
  if (behind - at <= 48 && readAddress(row, column, word, 0, word.length) === word.length && value !== 0) return behind
  row[F.PRESENT]! &= ~(column === F.SRC ? F.HAS_SRC : F.HAS_DST)
  row.fill(0, column, column + 4)
  return -1
}

/** A number, or a word that stands for one. */
function readOne(code: number, bytes: Uint8Array, start: number, at: number, end: number): number {
  // `==` and `!=` stand in front of what is no plain value
  const first = bytes[at]!
  let from = at
  if (first === 0x3d && bytes[at + 1] === 0x3d) from = at + 3
  let behind = numberAt(bytes, from, end)
  if (behind < 0) {
    behind = readWord(bytes, from, end, seedOf(code === F.DPT ? F.SPT : code === W.NEXTHDR ? F.PROTO : code))
    symbolValue = symbols.get(wordHash)
    if (symbolValue < 0) return -1
  } else symbolValue = value
  if (!F.fits(code, symbolValue)) return -1
  store(code, symbolValue)
  if ((code === F.ID || code === F.SPT) && symbolValue !== 0 && from + 4 <= end && read.telling < 0)
    read.telling = from - start
  return behind
}

let symbolValue = 0

/** Decimal or 0x…, up to a blank; -1 where that is no number. */
function numberAt(bytes: Uint8Array, at: number, end: number): number {
  const hex = bytes[at] === 0x30 && bytes[at + 1] === 0x78
  const behind = hex ? readHex(bytes, at, end, 8) : readNumber(bytes, at, end)
  return behind === at || (behind < end && bytes[behind]! > 0x20) ? -1 : behind
}

/** Headers that the kernel looks behind for `meta l4proto` (net/ipv6/exthdrs_core.c, ipv6_ext_hdr). */
const isExtension = (number: number): boolean =>
  number === 0 || number === 43 || number === 44 || number === 51 || number === 60

function store(code: number, number: number): void {
  switch (code) {
    case W.DSCP:
      set(F.TOS, (row[F.TOS]! & 3) | (number << 2))
      return
    case W.ECN:
      set(F.TOS, (row[F.TOS]! & ~3) | number)
      return
    case W.NEXTHDR:
      // behind an extension header stands another one: what the packet carries is not shown
      if (!isExtension(number)) set(F.PROTO, number)
      isHopByHop = number === 0
      return
    case W.LENGTH6:
      // nft shows IPv6's payload length
      set(F.LEN, number + 40)
      return
    case W.FRAG_OFF:
      set(F.FRAG, ((number & 0x1fff) << 3) | (number & 0x2000 ? F.FRAG_MF : 0) | (number & 0x4000 ? F.FRAG_DF : 0))
      return
    case W.ICMP6_WORD:
      set(F.ICMP_ID, number >>> 16)
      set(F.ICMP_SEQ, number & 0xffff)
      return
    case W.CT_DIRECTION:
      row[F.CT]! |= number << F.CT_DIRECTION_SHIFT
      return
    case W.ETHER_TYPE:
      return
    case W.UDP_LENGTH:
      read.udpLength = number
      return
    case W.ICMP6_TYPE:
      set(F.TYPE, number)
      return
    case W.ICMP6_CODE:
      set(F.CODE, number)
      return
    default:
      set(code, number)
  }
}

/** `"eth0"`, or its index where nft did not know the name. */
function readInterface(column: number, bytes: Uint8Array, at: number, end: number, names: Names): number {
  const quoted = bytes[at] === 0x22
  const from = quoted ? at + 1 : at
  let i = from
  while (i < end && bytes[i] !== 0x22 && bytes[i]! > 0x20) i++
  if (i === from || i - from > 15 || (quoted && bytes[i] !== 0x22)) return -1
  set(column, names.number(bytes, from, i))
  return quoted ? i + 1 : i
}

/** `== syn`, `== 0x12`, `syn,ack`, `syn | ack`. */
function readFlags(bytes: Uint8Array, at: number, end: number): number {
  let i = at
  if (bytes[i] === 0x3d && bytes[i + 1] === 0x3d) i += 3
  const behind = numberAt(bytes, i, end)
  if (behind >= 0) {
    set(F.FLAGS, value)
    return behind
  }
  const last = readList(F.FLAGS, bytes, i, end)
  if (last >= 0) set(F.FLAGS, listBits)
  return last
}

function readCtWords(code: number, bytes: Uint8Array, at: number, end: number): number {
  const last = readList(code, bytes, at, end)
  if (last < 0) return last
  // words are known by their place, counted from 1; of states there is one
  if (code === W.CT_STATE) row[F.CT] = (row[F.CT]! & ~7) | Math.min(listFirst, 5)
  else row[F.CT]! |= ctBits << F.CT_STATUS_SHIFT
  return last
}

let listBits = 0
let listFirst = 0
let ctBits = 0

/** Words with `,` or ` | ` between them. */
function readList(code: number, bytes: Uint8Array, at: number, end: number): number {
  listBits = listFirst = ctBits = 0
  let i = at
  for (;;) {
    let hash = seedOf(code)
    while (i < end && bytes[i]! > 0x20 && bytes[i] !== 0x2c && bytes[i] !== 0x7c) hash = hashByte(hash, bytes[i++]!)
    const bit = symbols.get(hash)
    if (bit < 0) return -1
    listBits |= bit
    if (listFirst === 0) listFirst = bit
    ctBits |= 1 << (bit - 1)
    if (bytes[i] === 0x2c || bytes[i] === 0x7c) i++
    else if (bytes[i] === 0x20 && bytes[i + 1] === 0x7c && bytes[i + 2] === 0x20) i += 3
    else return i
  }
}

/** A value that is not asked for: a word, `"text"`, or `{ … }`. */
function skipValue(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0x3d && bytes[at + 1] === 0x3d) return skipWord(bytes, at + 3, end)
  return skipWord(bytes, at, end)
}

function skipWord(bytes: Uint8Array, at: number, end: number): number {
  let i = at
  while (i < end && bytes[i]! > 0x20) i++
  return i
}
