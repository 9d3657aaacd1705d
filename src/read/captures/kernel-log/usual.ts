/**
 * The usual line: TCP over IPv4, just as the kernel prints it (nf_log_syslog.c), field behind field. Most lines of most
 * captures are such, and this reads them in a third of the time that looking for names takes. For whatever is not
 * exactly so it gives up, and headers.ts reads the line; test/read/captures holds the two to the same rows.
 */
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'

/** Four letters as they stand in memory, little-endian. */
const word = (four: string) =>
  four.charCodeAt(0) | (four.charCodeAt(1) << 8) | (four.charCodeAt(2) << 16) | (four.charCodeAt(3) << 24)

const OUT = word('OUT=')
const MAC = word('MAC=')
const SRC = word('SRC=')
const DST = word('DST=')
const LEN = word('LEN=')
const TOS = word('TOS=')
const PREC = word('PREC')
const TTL = word('TTL=')
const PROTO = word('PROT')
const TCP = word('TCP ')
const SPT = word('SPT=')
const DPT = word('DPT=')
const SEQ = word('SEQ=')
const ACK = word('ACK=')
const WINDOW = word('WIND')
const RES = word('RES=')
const URGP = word('URGP')
const OPT = word('OPT ')
const MARK = word('MARK')

/** In the order in which the kernel prints them. */
const FLAGS = Int32Array.of(
  word('CWR '),
  word('ECE '),
  word('URG '),
  word('ACK '),
  word('PSH '),
  word('RST '),
  word('SYN '),
  word('FIN '),
)

const PRESENT = [
  F.IN,
  F.OUT,
  F.PROTO,
  F.LEN,
  F.TOS,
  F.TTL,
  F.ID,
  F.SPT,
  F.DPT,
  F.SEQ,
  F.ACK,
  F.WINDOW,
  F.FLAGS,
  F.MARK,
].reduce((bits, column) => bits | (1 << column), F.HAS_SRC | F.HAS_DST)

/** Where the reading stands; -1: the line is not usual. */
let at = 0
/** Offset of TCP's sequence number from the beginning. */
export let telling = 0

/**
 * Fills `row` and says true; or says false, and `row` holds anything. `bytes[start, end)` are a line without its end, and
 * something stands behind it. `bare`: loggers take the blank away that the kernel puts behind the last field, so a
 * line without it may be whole.
 */
export function readUsual(
  row: Int32Array,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  names: Names,
  bare: boolean,
): boolean {
  let stop = end
  while (stop > start && (bytes[stop - 1] === 0x20 || bytes[stop - 1] === 0x0d)) stop--
  if (stop - start < 120 || (bytes[stop] !== 0x20 && !bare)) return false
  at = start
  if (bytes[at] === 0x20) at++
  if (bytes[at] !== 0x49 || bytes[at + 1] !== 0x4e || bytes[at + 2] !== 0x3d) return false
  row.fill(0)
  at += 3
  row[F.IN] = name(bytes, stop, names)
  if (!expect(view, OUT, stop)) return false
  row[F.OUT] = name(bytes, stop, names)
  let present = PRESENT
  if (at > 0 && at + 46 < stop && view.getInt32(at, true) === MAC) {
    // 14 bytes; what else stands there is not usual
    if (!isMac(bytes, at + 4)) return false
    row[F.MAC] = ((at + 4 - start) << 12) | 41
    present |= 1 << F.MAC
    at += 46
  }
  if (!expect(view, SRC, stop)) return false
  row[F.SRC] = address(bytes)
  if (!expect(view, DST, stop)) return false
  row[F.DST] = address(bytes)
  if (!expect(view, LEN, stop)) return false
  row[F.LEN] = decimal(bytes)
  if (!expect(view, TOS, stop)) return false
  const tos = twoHex(bytes)
  if (!expect(view, PREC, stop) || bytes[at++] !== 0x3d) return false
  row[F.TOS] = tos | twoHex(bytes)
  if (!expect(view, TTL, stop)) return false
  row[F.TTL] = decimal(bytes)
  if (at < 0 || at + 60 > stop || bytes[at] !== 0x49 || bytes[at + 1] !== 0x44 || bytes[at + 2] !== 0x3d) return false
  at += 3
  row[F.ID] = decimal(bytes)
  if (at > 0 && bytes[at] === 0x44 && bytes[at + 1] === 0x46 && bytes[at + 2] === 0x20) {
    row[F.FRAG] = F.FRAG_DF
    at += 3
  }
  if (!expect(view, PROTO, stop) || bytes[at] !== 0x4f || bytes[at + 1] !== 0x3d) return false
  at += 2
  if (!expect(view, TCP, stop)) return false
  row[F.PROTO] = F.TCP
  if (!expect(view, SPT, stop)) return false
  row[F.SPT] = decimal(bytes)
  if (!expect(view, DPT, stop)) return false
  row[F.DPT] = decimal(bytes)
  if (!expect(view, SEQ, stop)) return false
  telling = at - start
  row[F.SEQ] = decimal(bytes)
  if (!expect(view, ACK, stop)) return false
  row[F.ACK] = decimal(bytes)
  if (!expect(view, WINDOW, stop) || bytes[at] !== 0x4f || bytes[at + 1] !== 0x57 || bytes[at + 2] !== 0x3d)
    return false
  at += 3
  row[F.WINDOW] = decimal(bytes)
  if (!expect(view, RES, stop)) return false
  twoHex(bytes)
  for (let i = 0; i < FLAGS.length; i++)
    if (at > 0 && at + 4 <= stop && view.getInt32(at, true) === FLAGS[i]) {
      row[F.FLAGS]! |= 0x80 >> i
      at += 4
    }
  if (!expect(view, URGP, stop) || bytes[at++] !== 0x3d) return false
  decimal(bytes)
  if (at > 0 && at + 6 < stop && view.getInt32(at, true) === OPT) {
    if (bytes[at + 4] !== 0x28) return false
    let close = at + 5
    while (close < stop && isHex(bytes[close]!)) close++
    if (bytes[close] !== 0x29 || !isEnd(bytes[close + 1]!) || close === at + 5) return false
    row[F.OPT] = ((at + 5 - start) << 12) | (close - at - 5)
    present |= 1 << F.OPT
    at = close + 2
  }
  if (at > 0 && at + 7 < stop && view.getInt32(at, true) === MARK) {
    if (bytes[at + 4] !== 0x3d || bytes[at + 5] !== 0x30 || bytes[at + 6] !== 0x78) return false
    let i = at + 7
    let mark = 0
    for (; i < stop && isHex(bytes[i]!) && (bytes[i]! < 0x41 || bytes[i]! > 0x46); i++)
      mark = (mark << 4) | hexValue(bytes[i]!)
    if (i === at + 7 || i - at > 15 || !isEnd(bytes[i]!)) return false
    row[F.MARK] = mark
    at = i + 1
  }
  row[F.PRESENT] = present
  row[F.FAMILY] = 4
  return at === stop + 1
}

/** Moves over four letters; false where others stand there, or the reading has failed before. */
function expect(view: DataView, letters: number, stop: number): boolean {
  if (at < 0 || at + 5 > stop || view.getInt32(at, true) !== letters) return false
  at += 4
  return true
}

/** Each moves over its value and the one blank behind it. */
function name(bytes: Uint8Array, stop: number, names: Names): number {
  const from = at
  let i = at
  // letters, digits, and - . @ _ : what interfaces are called; the rest is not usual
  while (i < stop && isNameByte(bytes[i]!)) i++
  at = bytes[i] === 0x20 && i - from <= 15 ? i + 1 : -1
  return at < 0 ? 0 : names.number(bytes, from, i)
}

function decimal(bytes: Uint8Array): number {
  if (at < 0) return 0
  let value = 0
  let i = at
  for (let byte = bytes[i]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++i]!) value = value * 10 + (byte - 0x30)
  at = i > at && i - at <= 10 && isEnd(bytes[i]!) ? i + 1 : -1
  return value | 0
}

function address(bytes: Uint8Array): number {
  let value = 0
  let i = at
  for (let part = 0; part < 4; part++) {
    const from = i
    let number = 0
    for (let byte = bytes[i]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++i]!) number = number * 10 + (byte - 0x30)
    if (i === from || i - from > 3 || number > 255 || bytes[i++] !== (part < 3 ? 0x2e : 0x20)) {
      at = -1
      return 0
    }
    value = (value << 8) | number
  }
  at = i
  return value
}

/** `0x1C` */
function twoHex(bytes: Uint8Array): number {
  const usual = at > 0 && bytes[at] === 0x30 && bytes[at + 1] === 0x78 && isHex(bytes[at + 2]!) && isHex(bytes[at + 3]!)
  if (!usual || bytes[at + 4] !== 0x20) {
    at = -1
    return 0
  }
  at += 5
  return (hexValue(bytes[at - 3]!) << 4) | hexValue(bytes[at - 2]!)
}

/** Behind a field: its blank, or the end of the line. */
const isEnd = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d

const isHex = (byte: number) =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)

const hexValue = (byte: number) => (byte <= 0x39 ? byte - 0x30 : (byte & 0x5f) - 0x37)

const isNameByte = (byte: number) =>
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x30 && byte <= 0x39) ||
  byte === 0x2d ||
  byte === 0x2e ||
  byte === 0x40 ||
  byte === 0x5f

/** 14 times two digits, and a blank; the digits themselves are read when somebody asks for them. */
function isMac(bytes: Uint8Array, from: number): boolean {
  for (let i = from + 2; i < from + 41; i += 3) if (bytes[i] !== 0x3a) return false
  return bytes[from + 41] === 0x20 && isHex(bytes[from + 40]!)
}
