/**
 * `IN=eth0 OUT= MAC=… SRC=… DST=… LEN=60 … PROTO=TCP SPT=… [MARK=0x…]` → a row of numbers (header-fields.ts).
 *
 * Written by net/netfilter/nf_log_syslog.c (before 5.13 nf_log_ipv4.c, nf_log_ipv6.c, nf_log_common.c, long ago ipt_LOG.c).
 * Fields are found by their names and not by the blanks between them, as web pages and tickets lose these
 * (`LEN=84TOS=0x00`, `CODE=0ID=28976SEQ=1`); `blanksLost` tells of it. What is not known is passed over. Of a line that
 * was cut, only what stands there whole is taken.
 */
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { readEbtables } from './ebtables.ts'
import * as N from './field-names.ts'
import * as S from './finish.ts'
import * as V from './values.ts'

const decoder = new TextDecoder('latin1')

const URGP = N.letters('URGP')
const RES = N.letters('RES')
const FRAG = N.letters('FRAG')
const ID = N.letters('ID')
const MAC = N.letters('MAC')
const OPCODE = N.letters('OPCODE')
const TRACE = N.letters('TRACE')
/** `dst:src:type`, 14 bytes. */
const MAC_LENGTH = 41
/** Stands where a line was cut (end of text); the reader puts it there. */
export const CUT = 0x03

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
  /** Nothing that the kernel prints for such a packet is missing. */
  whole: false,
  /** Terminal sequences or no-break spaces stand among the fields. */
  unclean: false,
}

/** Reads `bytes[start, end)` into `row`; offsets of texts are counted from `start`. Never throws. */
export function readHeaders(bytes: Uint8Array, start: number, end: number, names: Names): void {
  read.blanksLost = read.unclean = false
  row.fill(0)
  read.telling = 0
  let recordEnd = end
  let fields = 0
  let family = -1
  let linkType = -1
  /** What was met, as bits (finish.ts). */
  let seen = 0
  let afterProtocol = false
  // the latest value, which a cut may have shortened, and where it ended; one that other text is glued to
  let latest = -1
  let latestEnd = start
  let suspect = -1
  let at = start
  while (at < end) {
    const byte = bytes[at]!
    if (byte <= 0x20) {
      if (byte === 0x1b) read.unclean = true
      else if (byte === CUT) {
        seen |= S.CUT
        if (at === latestEnd && latest >= 0) drop(latest)
      }
      at++
      continue
    }
    if (byte < 0x41 || byte > 0x5a) {
      if (byte === 0x5b) {
        // an ICMP error's quoted packet, `INCOMPLETE [8 bytes]`, or the `[12.3]` of the next record glued to this one
        if (V.isQuoted(bytes, at)) {
          const close = V.closingBracket(bytes, at, end)
          row[F.INNER] = ((at + 1 - start) << 12) | (close - at - 1)
          const closed = close < end && bytes[close] === 0x5d
          seen |= closed ? S.QUOTED : S.CUT
          at = latestEnd = closed ? close + 1 : close
          latest = -1
          continue
        }
        const behind = V.skipBytesLeft(bytes, at, end)
        if (behind > at) {
          at = behind
          latest = -1
          latestEnd = at
        } else if (fields > 0 && V.isUptime(bytes, at)) {
          suspect = gluedTo(at, latest, latestEnd)
          recordEnd = latestEnd
          break
        } else at++
        continue
      }
      if (V.isEllipsis(bytes, at, end)) {
        seen |= S.CUT
        if (at === latestEnd && latest >= 0) drop(latest)
      } else if (at === latestEnd && latest >= 0) suspect = latest
      if (byte === 0xc2 && bytes[at + 1] === 0xa0) read.unclean = true
      // what closes a bracket, a string of JSON or a quotation hides nothing behind it
      at = byte > 0x2f && byte !== 0x5d ? V.skipToBlank(bytes, at, end) : at + 1
      if (byte === 0x29 || byte === 0x5d) {
        latest = -1
        latestEnd = at
      }
      continue
    }
    const nameStart = at
    let hash = 0
    while (at < end && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) hash = (hash << 5) ^ (bytes[at++]! & 31)
    const stop = at < end ? bytes[at]! : 0x20
    if (stop === 0x3d) {
      at++
      let column = N.find(N.keyTable, hash)
      if (column < 0) {
        const word = gluedWord(bytes, nameStart, at)
        if (word > 0) at = nameStart + word
        else {
          if (nameStart === latestEnd && latest >= 0) suspect = latest
          at = V.skipToBlank(bytes, at, end)
        }
        continue
      }
      if (column === F.IN && fields > 0) {
        suspect = gluedTo(nameStart, latest, latestEnd)
        recordEnd = latestEnd
        break
      }
      fields++
      if (nameStart > start && bytes[nameStart - 1]! > 0x20 && bytes[nameStart - 1] !== 0x5b) read.blanksLost = true
      const from = at
      switch (column) {
        case F.IN:
        case F.OUT:
        case F.PHYSIN:
        case F.PHYSOUT:
          at = V.readName(bytes, at, end)
          if (bytes[at - 1] === 0xa0 && bytes[at - 2] === 0xc2) read.unclean = true
          if ((row[F.PRESENT]! & (1 << column)) === 0 && V.value > 0) {
            row[column] = names.number(bytes, from, at)
            row[F.PRESENT]! |= 1 << column
          }
          break
        case F.SRC:
        case F.DST:
          at = V.readAddress(row, column, bytes, at, end)
          // ARP's addresses are IPv4's too
          if (V.value > 0 && family !== 0) family = V.value
          break
        case F.MAC:
        case F.MACSRC:
        case F.MACDST:
          // the whole header, as nearly always; else byte by byte
          if (column === F.MAC && isWholeMac(bytes, at, end)) at += MAC_LENGTH
          else while (at < end && V.isMacByte(bytes[at]!)) at++
          // behind ARP it is the ARP header's
          if (family !== 0) {
            row[column] = ((from - start) << 12) | (at - from)
            row[F.PRESENT]! |= 1 << column
          }
          if (at === from) at = V.readName(bytes, at, end)
          break
        case F.PROTO:
          at = V.readProtocol(bytes, at, end)
          afterProtocol = true
          if (V.value < 0) break
          row[F.PROTO] = V.value
          row[F.PRESENT]! |= 1 << F.PROTO
          break
        case N.PASS:
          at = V.skipValue(bytes, at, end)
          if (at > from)
            seen |= hash === URGP ? S.URGENT_POINTER : hash === RES ? S.RESERVED : hash === OPCODE ? S.OPCODE : 0
          break
        case N.MACPROTO:
          at = V.readHex(bytes, at, end, 4)
          linkType = V.value
          break
        case N.TOS:
        case N.PREC:
          at = V.readHex(bytes, at, end, 2)
          row[F.TOS]! |= V.value
          if (column === N.PREC && at > from) row[F.PRESENT]! |= 1 << F.TOS
          break
        case F.MARK:
          at = V.readHex(bytes, at, end, 8)
          row[F.MARK] = V.value
          if (at > from) row[F.PRESENT]! |= 1 << F.MARK
          else seen |= S.CUT
          break
        default:
          if (afterProtocol && (row[F.PROTO] === F.ICMP || row[F.PROTO] === F.ICMPV6)) {
            if (column === F.ID) column = F.ICMP_ID
            else if (column === F.SEQ) column = F.ICMP_SEQ
          }
          if (column === F.ID || column === F.SEQ || column === F.ICMP_SEQ) read.telling = at - start
          at = V.readNumber(bytes, at, end)
          if (at === from || !F.fits(column, V.value)) at = V.skipToBlank(bytes, at, end)
          else if ((row[F.PRESENT]! & (1 << column)) === 0) {
            // the first: UDP prints its own LEN a second time
            row[column] = V.value
            row[F.PRESENT]! |= 1 << column
          } else if (column === F.LEN) seen |= S.SECOND_LENGTH
      }
      latest = column
      latestEnd = at
      continue
    }
    if (stop === 0x3a) {
      at++
      if (hash === FRAG) {
        // in units of 8 bytes (IPv4); IPv6 prints bytes, and the fragment's ID:0000abcd behind it
        at = V.readNumber(bytes, at, end)
        const unit = row[F.PRESENT]! & (1 << F.FLOW) ? 1 : 8
        row[F.FRAG] = (row[F.FRAG]! & ~0xfffff) | ((V.value * unit) & 0xfffff)
        row[F.PRESENT]! |= 1 << F.FRAG
        latest = F.FRAG
      } else if (hash === ID) {
        at = V.readHex(bytes, at, end, 8)
        row[F.ID] = V.value
        row[F.PRESENT]! |= 1 << F.ID
        latest = F.ID
      } else if (hash === TRACE && fields > 0) {
        suspect = gluedTo(nameStart, latest, latestEnd)
        recordEnd = latestEnd
        break
      } else at = V.skipToBlank(bytes, at, end)
      latestEnd = at
      continue
    }
    const word = N.find(N.wordTable, hash)
    if (word < 0) {
      if (hash === MAC && stop === 0x20 && readEbtables(row, bytes, start, nameStart, end)) {
        read.fields = fields + 2
        read.end = end
        read.whole = true
        return
      }
      const glued = gluedWord(bytes, nameStart, at)
      if (glued > 0) {
        at = nameStart + glued
        continue
      }
      if (nameStart === latestEnd && latest >= 0) suspect = latest
      // `MAR`: what the line was cut off from is not known
      if (at === end) seen |= S.CUT
      else if (bytes[at] !== 0x5b && !V.isEllipsis(bytes, at, end)) at = V.skipToBlank(bytes, at, end)
      continue
    }
    if (word < 0x10000) {
      row[F.FLAGS]! |= word
      row[F.PRESENT]! |= 1 << F.FLAGS
    } else if (word === N.WORDS.DF) row[F.FRAG]! |= F.FRAG_DF
    else if (word === N.WORDS.MF) {
      row[F.FRAG]! |= F.FRAG_MF
      row[F.PRESENT]! |= 1 << F.FRAG
    } else if (word === N.WORDS.ARP) family = 0
    else if (word === N.WORDS.OPT) {
      at = readOptions(bytes, start, at, end, afterProtocol)
      if (at === end && bytes[at - 1]! !== 0x29) seen |= S.CUT
    } else if (word === N.WORDS.INCOMPLETE) {
      // behind FRAG: it says that more fragments follow, behind PROTO= that the packet ends early
      if (!afterProtocol && row[F.PRESENT]! & (1 << F.FRAG)) row[F.FRAG]! |= F.FRAG_MF
      else seen |= S.INCOMPLETE
    } else if (word === N.WORDS.ESP && !afterProtocol) {
      row[F.PROTO] = F.ESP
      row[F.PRESENT]! |= 1 << F.PROTO
    }
    latest = -1
    latestEnd = at
  }
  read.end = recordEnd
  read.fields = fields
  read.whole = S.finish(row, bytes, start, family, linkType, seen)
  if (!read.whole && suspect >= 0) drop(suspect)
}

const isWholeMac = (bytes: Uint8Array, at: number, end: number): boolean =>
  at + MAC_LENGTH < end &&
  bytes[at + MAC_LENGTH] === 0x20 &&
  bytes[at + 2] === 0x3a &&
  bytes[at + 20] === 0x3a &&
  bytes[at + 38] === 0x3a &&
  // a line that is cut there may have the next one glued to it
  V.isMacByte(bytes[at + MAC_LENGTH - 1]!)

/** Another record begins at `at`: was the latest value cut off? Names may have the next line's first word at their end. */
const gluedTo = (at: number, latest: number, latestEnd: number): number =>
  at === latestEnd || (latest >= F.IN && latest <= F.PHYSOUT) ? latest : -1

/** Forgets a value that may have been longer. */
function drop(column: number): void {
  if (column === F.SRC) row[F.PRESENT]! &= ~F.HAS_SRC
  else if (column === F.DST) row[F.PRESENT]! &= ~F.HAS_DST
  else if (column === N.TOS || column === N.PREC) row[F.PRESENT]! &= ~(1 << F.TOS)
  else if (column < F.INNER) row[F.PRESENT]! &= ~(1 << column)
  if (column < F.COLUMNS) row[column] = 0
}

/** `SYNURGP=0`, `DFPROTO=TCP`: a bare word without its blank; reads it and gives its length, or 0. */
function gluedWord(bytes: Uint8Array, from: number, to: number): number {
  const text = decoder.decode(bytes.subarray(from, Math.min(to, from + 16)))
  const word = /^(FIN|SYN|RST|PSH|ACK|URG|ECE|CWR|AE|DF|MF|CE)./.exec(text)?.[1]
  if (word === undefined) return 0
  read.blanksLost = true
  if (word === 'DF') row[F.FRAG]! |= F.FRAG_DF
  else if (word === 'MF') row[F.FRAG]! |= F.FRAG_MF
  else if (word !== 'CE') {
    row[F.FLAGS]! |= F.TCP_FLAGS[word]!
    row[F.PRESENT]! |= 1 << F.FLAGS
  }
  return word.length
}

/** `OPT (0204…)`, from behind OPT: TCP's behind PROTO=, else IP's, which nobody asks for. Gives where it ends. */
function readOptions(bytes: Uint8Array, start: number, at: number, end: number, afterProtocol: boolean): number {
  let i = at
  while (i < end && bytes[i]! <= 0x20) i++
  if (i === end || bytes[i] !== 0x28) return i
  const from = ++i
  while (i < end && V.isMacByte(bytes[i]!)) i++
  if (i === end || bytes[i] !== 0x29) return i
  if (afterProtocol && V.isMacByte(bytes[from]!)) {
    row[F.OPT] = ((from - start) << 12) | (i - from)
    row[F.PRESENT]! |= 1 << F.OPT
  }
  return i + 1
}
