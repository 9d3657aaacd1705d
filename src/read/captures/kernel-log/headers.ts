/**
 * `IN=eth0 OUT= MAC=… SRC=… DST=… LEN=60 … PROTO=TCP SPT=… [MARK=0x…]` → a row of numbers (header-fields.ts).
 *
 * Written by net/netfilter/nf_log_syslog.c (before 5.13 nf_log_ipv4.c, nf_log_ipv6.c, nf_log_common.c, long ago ipt_LOG.c).
 * Fields are found by their names and not by the blanks between them, as web pages and tickets lose these
 * (`LEN=84TOS=0x00`, `CODE=0ID=28976SEQ=1`); `blanksLost` tells of it. What is not known is passed over.
 */
import { parseAddress } from '../../../model/address.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'

const decoder = new TextDecoder('latin1')

/** Field names, each with its column; several names may fill one. A name's hash is its letters, 5 bits each, 32 bits kept. */
const KEYS: Readonly<Record<string, number>> = {
  IN: F.IN,
  OUT: F.OUT,
  PHYSIN: F.PHYSIN,
  PHYSOUT: F.PHYSOUT,
  MAC: F.MAC,
  MACSRC: F.MACSRC,
  MACDST: F.MACDST,
  SRC: F.SRC,
  DST: F.DST,
  IPSRC: F.SRC,
  IPDST: F.DST,
  LEN: F.LEN,
  TOS: F.TOS,
  TC: F.TOS,
  TTL: F.TTL,
  HOPLIMIT: F.TTL,
  ID: F.ID,
  PROTO: F.PROTO,
  SPT: F.SPT,
  DPT: F.DPT,
  SEQ: F.SEQ,
  ACK: F.ACK,
  WINDOW: F.WINDOW,
  TYPE: F.TYPE,
  CODE: F.CODE,
  MARK: F.MARK,
  UID: F.UID,
  GID: F.GID,
  VID: F.VLAN,
  FLOWLBL: F.FLOW,
}

/** Names whose values are read and left: they say nothing that a journey needs. */
const PASSED = [
  'PREC',
  'RES',
  'URGP',
  'MACPROTO',
  'VPROTO',
  'HTYPE',
  'PTYPE',
  'OPCODE',
  'SPI',
  'MTU',
  'GATEWAY',
  'PARAMETER',
]

const WORDS: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
  AE: 0x100,
}

const letters = (name: string) => [...name].reduce((hash, letter) => (hash << 5) ^ (letter.charCodeAt(0) & 31), 0)
const URGP = letters('URGP')
const FRAG = letters('FRAG')
const TRACE = letters('TRACE')
/** A spare bit of PRESENT while a line is read: TCP's last fixed field was there. */
const TCP_WHOLE = 1
const slotOf = (hash: number) => (hash ^ (hash >>> 9) ^ (hash >>> 18)) & 1023
/** `dst:src:type`, 14 bytes. */
const MAC_LENGTH = 41
const PASS = 100
/** A name with `=`, or a bare word: hash in, column or flag out; built once so that the hot loop only looks up. */
function lookup(entries: [string, number][]): { hashes: Int32Array; values: Int32Array } {
  const hashes = new Int32Array(1024)
  const values = new Int32Array(1024).fill(-1)
  for (const [name, value] of entries) {
    let slot = slotOf(letters(name))
    while (values[slot]! >= 0) slot = (slot + 1) & 1023
    hashes[slot] = letters(name)
    values[slot] = value
  }
  return { hashes, values }
}
const keyTable = lookup([...Object.entries(KEYS), ...PASSED.map((name): [string, number] => [name, PASS])])
const wordTable = lookup([
  ...Object.entries(WORDS),
  ['DF', 0x10000],
  ['MF', 0x20000],
  ['CE', 0x30000],
  ['ARP', 0x40000],
  ['OPT', 0x50000],
])

function find(table: typeof keyTable, hash: number): number {
  let slot = slotOf(hash)
  while (table.values[slot]! >= 0) {
    if (table.hashes[slot] === hash) return table.values[slot]!
    slot = (slot + 1) & 1023
  }
  return -1
}

const PROTOCOLS: [string, number][] = [
  ['TCP', F.TCP],
  ['UDPLITE', 136],
  ['UDP', F.UDP],
  ['ICMPv6', F.ICMPV6],
  ['ICMP', F.ICMP],
  ['ESP', 50],
  ['AH', 51],
  ['SCTP', 132],
  ['DCCP', 33],
  ['GRE', 47],
  ['IGMP', 2],
]

/** The row that readHeaders fills; copied by whoever wants to keep it. */
export const row = new Int32Array(F.COLUMNS)

/** Told by the last readHeaders besides the row. */
export const read = {
  /** Blanks between fields were missing. */
  blanksLost: false,
  /** Where the fields ended: the line's end, or where another record begins (lines glued together). */
  end: 0,
  /** Offset from `start` of a number that hardly another packet has: TCP's or ICMP's sequence number, else the IP ID. */
  telling: 0,
  /** Names found, to tell a netfilter line from prose. */
  fields: 0,
}

let at = 0

/** Reads `bytes[start, end)` into `row`; offsets of texts are counted from `start`. Never throws. */
export function readHeaders(bytes: Uint8Array, start: number, end: number, names: Names): void {
  row.fill(0)
  row[F.FAMILY] = -1
  read.blanksLost = false
  read.fields = 0
  read.telling = 0
  read.end = end
  let family = -1
  let afterProtocol = false
  let lengths = 0
  at = start
  while (at < end) {
    const byte = bytes[at]!
    if (byte === 0x20 || byte === 0x0d || byte === 0x09) {
      at++
      continue
    }
    if (byte < 0x41 || byte > 0x5a) {
      // an ICMP error's quoted packet, or the `[12.3]` of the next record glued to this one
      if (byte === 0x5b && at + 1 < end) {
        if (afterProtocol && bytes[at + 1]! >= 0x41) {
          readInner(bytes, start, end)
          continue
        }
        if (read.fields > 3) {
          read.end = at
          break
        }
      }
      skipToBlank(bytes, end)
      continue
    }
    const nameStart = at
    let hash = 0
    let i = at
    while (i < end && bytes[i]! >= 0x41 && bytes[i]! <= 0x5a) hash = (hash << 5) ^ (bytes[i++]! & 31)
    at = i
    const stop = at < end ? bytes[at]! : 0x20
    if (stop === 0x3d) {
      at++
      let column = find(keyTable, hash)
      if (column < 0) {
        if (!splitGluedWord(bytes, nameStart)) skipToBlank(bytes, end)
        continue
      }
      read.fields++
      if (
        nameStart > start &&
        bytes[nameStart - 1] !== 0x20 &&
        bytes[nameStart - 1] !== 0x09 &&
        bytes[nameStart - 1] !== 0x5b
      )
        read.blanksLost = true
      switch (column) {
        case F.IN:
        case F.OUT:
        case F.PHYSIN:
        case F.PHYSOUT: {
          const from = at
          skipName(bytes, end)
          if ((row[F.PRESENT]! & (1 << column)) === 0) {
            row[column] = names.number(bytes, from, at)
            row[F.PRESENT]! |= 1 << column
          }
          break
        }
        case F.SRC:
        case F.DST:
          family = readAddress(bytes, end, column, family)
          break
        case F.MAC:
        case F.MACSRC:
        case F.MACDST: {
          const from = at
          // the whole header, as nearly always; else byte by byte
          if (column === F.MAC && at + MAC_LENGTH < end && bytes[at + MAC_LENGTH] === 0x20 && bytes[at + 2] === 0x3a)
            at += MAC_LENGTH
          else while (at < end && isMacByte(bytes[at]!)) at++
          if (at < end && bytes[at] !== 0x20 && at === from) skipToBlank(bytes, end)
          row[column] = ((from - start) << 12) | (at - from)
          row[F.PRESENT]! |= 1 << column
          break
        }
        case F.PROTO:
          row[F.PROTO] = readProtocol(bytes, end)
          row[F.PRESENT]! |= 1 << F.PROTO
          afterProtocol = true
          break
        case PASS:
          if (hash === URGP) row[F.PRESENT]! |= TCP_WHOLE
          if (at < end && bytes[at] !== 0x20) {
            number(bytes, end)
            while (at < end && isMacByte(bytes[at]!)) at++
          }
          break
        default: {
          if (afterProtocol && (row[F.PROTO] === F.ICMP || row[F.PROTO] === F.ICMPV6)) {
            if (column === F.ID) column = F.ICMP_ID
            else if (column === F.SEQ) column = F.ICMP_SEQ
          }
          if (column === F.LEN) lengths++
          else if (column === F.ID || column === F.SEQ || column === F.ICMP_SEQ) read.telling = at - start
          const from = at
          const value = number(bytes, end)
          if (at === from) skipToBlank(bytes, end)
          else if ((row[F.PRESENT]! & (1 << column)) === 0) {
            // the first: UDP prints its own LEN a second time
            row[column] = value
            row[F.PRESENT]! |= 1 << column
          }
        }
      }
      continue
    }
    if (stop === 0x3a) {
      // FRAG:185 in units of 8 bytes (IPv4); IPv6 prints bytes, and the fragment's ID:0000abcd
      at++
      if (hash === FRAG) {
        const value = number(bytes, end)
        row[F.FRAG] = (row[F.FRAG]! & ~0xfffff) | ((family === 6 ? value : value * 8) & 0xfffff)
        row[F.PRESENT]! |= 1 << F.FRAG
      } else if (hash === TRACE && read.fields > 3) {
        read.end = nameStart
        break
      } else skipToBlank(bytes, end)
      continue
    }
    const word = find(wordTable, hash)
    if (word < 0) {
      if (!splitGluedWord(bytes, nameStart)) skipToBlank(bytes, end)
    } else if (word < 0x10000) {
      row[F.FLAGS]! |= word
      row[F.PRESENT]! |= 1 << F.FLAGS
    } else if (word === 0x10000) row[F.FRAG]! |= F.FRAG_DF
    else if (word === 0x20000) {
      row[F.FRAG]! |= F.FRAG_MF
      row[F.PRESENT]! |= 1 << F.FRAG
    } else if (word === 0x40000) family = 0
    else if (word === 0x50000) readOptions(bytes, start, end, afterProtocol)
  }
  if (family < 0 && (row[F.PRESENT]! & (1 << F.PROTO)) !== 0) family = row[F.PROTO] === F.ICMPV6 ? 6 : 4
  row[F.FAMILY] = family
  // the kernel leaves MARK= out when the mark is 0; so does a line that was cut, but then something before it is missing too
  if (!(row[F.PRESENT]! & (1 << F.MARK)) && isWhole(lengths)) row[F.PRESENT]! |= 1 << F.MARK
  row[F.PRESENT]! &= ~TCP_WHOLE
  // a TRACE or LOG line with a TCP header and no flag word is a null packet; the header was there when WINDOW was
  if ((row[F.PRESENT]! & (1 << F.WINDOW)) !== 0) row[F.PRESENT]! |= 1 << F.FLAGS
}

/** Does the transport header's last field stand there? */
function isWhole(lengths: number): boolean {
  const has = (column: number) => (row[F.PRESENT]! & (1 << column)) !== 0
  if (!has(F.PROTO)) return false
  if ((row[F.FRAG]! & 0xfffff) > 0) return true
  switch (row[F.PROTO]) {
    case F.TCP:
      return (row[F.PRESENT]! & TCP_WHOLE) !== 0
    case F.UDP:
    case 136:
      return lengths > 1
    case F.ICMP:
    case F.ICMPV6:
      return has(F.CODE)
    default:
      return true
  }
}

const isMacByte = (byte: number) =>
  (byte >= 0x30 && byte <= 0x3a) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46)

/** `SYNURGP=0`, `DFPROTO=TCP`: a bare word without its blank; reads it and goes on behind it. */
function splitGluedWord(bytes: Uint8Array, from: number): boolean {
  const text = decoder.decode(bytes.subarray(from, at))
  const word = /^(FIN|SYN|RST|PSH|ACK|URG|ECE|CWR|AE|DF|MF|CE)./.exec(text)?.[1]
  if (word === undefined) return false
  read.blanksLost = true
  at = from + word.length
  if (word === 'DF') row[F.FRAG]! |= F.FRAG_DF
  else if (word === 'MF') row[F.FRAG]! |= F.FRAG_MF
  else if (word !== 'CE') {
    row[F.FLAGS]! |= WORDS[word]!
    row[F.PRESENT]! |= 1 << F.FLAGS
  }
  return true
}

// loops count in a variable of their own: one that the whole module shares is slow to read and write
function skipToBlank(bytes: Uint8Array, end: number): void {
  let i = at
  while (i < end && bytes[i] !== 0x20) i++
  at = i
}

/** An interface name ends at a blank, or where the next field's name begins (`IN=eth0OUT=`). */
function skipName(bytes: Uint8Array, end: number): void {
  const from = at
  let i = at
  while (i < end && bytes[i] !== 0x20 && bytes[i] !== 0x3d) i++
  at = i
  if (i >= end || bytes[i] !== 0x3d) return
  const text = decoder.decode(bytes.subarray(from, at))
  const glued = /(OUT|PHYSIN|PHYSOUT|MAC|MACSRC|SRC)$/.exec(text)
  if (glued) at = from + glued.index
  else skipToBlank(bytes, end)
}

/** Decimal, or hex behind 0x; stops at the first other byte. More than 32 bits wrap. */
function number(bytes: Uint8Array, end: number): number {
  let value = 0
  if (bytes[at] === 0x30 && at + 1 < end && bytes[at + 1] === 0x78) {
    at += 2
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte >= 0x30 && byte <= 0x39) value = (value << 4) | (byte - 0x30)
      else if (byte >= 0x61 && byte <= 0x66) value = (value << 4) | (byte - 0x57)
      else if (byte >= 0x41 && byte <= 0x46 && !wordBegins(bytes, end)) value = (value << 4) | (byte - 0x37)
      else break
    }
    return value | 0
  }
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 0x30 || byte > 0x39) break
    value = value * 10 + (byte - 0x30)
  }
  at = i
  return value | 0
}

/** In `TOS=0x00DF`: is the D a hex digit or the next word? The kernel prints lower-case hex except TOS, PREC and RES. */
function wordBegins(bytes: Uint8Array, end: number): boolean {
  return at + 2 < end && bytes[at + 2]! > 0x46 && bytes[at + 2]! <= 0x5a
}

function readAddress(bytes: Uint8Array, end: number, column: number, family: number): number {
  const from = at
  let dots = 0
  let colons = 0
  let value = 0
  let part = 0
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (byte >= 0x30 && byte <= 0x39) part = part * 10 + (byte - 0x30)
    else if (byte === 0x2e) {
      value = (value << 8) | part
      part = 0
      dots++
    } else if (byte === 0x3a) colons++
    else if (!((byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46 && colons > 0))) break
  }
  at = i
  const bit = column === F.SRC ? F.HAS_SRC : F.HAS_DST
  if (colons === 0 && dots === 3) {
    row[column] = (value << 8) | part
    row[F.PRESENT]! |= bit
    return 4
  }
  const address = colons > 1 ? parseAddress(decoder.decode(bytes.subarray(from, at))) : undefined
  if (address) {
    for (let i = 0; i < 4; i++)
      row[column + i] =
        (address[4 * i]! << 24) | (address[4 * i + 1]! << 16) | (address[4 * i + 2]! << 8) | address[4 * i + 3]!
    row[F.PRESENT]! |= bit
    return 6
  }
  // masked by whoever published it (`SRC=xxx`)
  skipToBlank(bytes, end)
  return family
}

function readProtocol(bytes: Uint8Array, end: number): number {
  if (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) return number(bytes, end)
  for (const [name, value] of PROTOCOLS) {
    let i = 0
    while (i < name.length && bytes[at + i] === name.charCodeAt(i)) i++
    if (i === name.length && at + i <= end) {
      at += i
      return value
    }
  }
  skipToBlank(bytes, end)
  return 255
}

/** `OPT (0204…)`: TCP's behind PROTO=, else IP's, which nobody asks for. */
function readOptions(bytes: Uint8Array, start: number, end: number, afterProtocol: boolean): void {
  while (at < end && bytes[at] === 0x20) at++
  if (bytes[at] !== 0x28) return
  const from = ++at
  let i = at
  while (i < end && bytes[i] !== 0x29 && bytes[i]! > 0x20) i++
  at = i
  if (afterProtocol) {
    row[F.OPT] = ((from - start) << 12) | (at - from)
    row[F.PRESENT]! |= 1 << F.OPT
  }
  if (bytes[at] === 0x29) at++
}

/** `[SRC=… DST=… ]`, nested brackets and all. */
function readInner(bytes: Uint8Array, start: number, end: number): void {
  const from = at + 1
  let depth = 0
  for (; at < end; at++) {
    if (bytes[at] === 0x5b) depth++
    else if (bytes[at] === 0x5d && --depth === 0) break
  }
  row[F.INNER] = ((from - start) << 12) | (at - from)
  row[F.PRESENT]! |= 1 << F.INNER
  if (at < end) at++
}
