/**
 * The usual line: TCP over IPv4, just as the kernel prints it (nf_log_syslog.c), field behind field. Most lines of most
 * captures are such, and this reads them in a fraction of the time that looking for names takes. For whatever is not
 * exactly so it gives up, and headers.ts reads the line; test/read/captures holds the two to the same rows.
 *
 * It is one loop over a table: V8 compiles that sooner than a function for each kind of field, and calls none.
 */
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'

// what stands behind a name
const NAME = 0
const MAC = 1
/** One of an address' four numbers. */
const OCTET = 2
const DECIMAL = 3
/** `0x1C` */
const BYTE = 4
// nothing: in place of the column there is a bit, of FRAG or of FLAGS
const WORD = 5
const FLAG = 6
const OPTIONS = 7
const MARK = 8

/** Values that are read and left go where PRESENT is written last. */
const NOWHERE = F.PRESENT

/** Name, kind and column in the order in which the kernel prints them; those that may be missing are marked. */
const USUAL: readonly (readonly [string, number, number, 'optional'?])[] = [
  ['IN=', NAME, F.IN],
  ['OUT=', NAME, F.OUT],
  ['MAC=', MAC, F.MAC, 'optional'],
  ...address('SRC=', F.SRC),
  ...address(' DST=', F.DST),
  [' LEN=', DECIMAL, F.LEN],
  ['TOS=', BYTE, F.TOS],
  ['PREC=', BYTE, F.TOS],
  ['TTL=', DECIMAL, F.TTL],
  ['ID=', DECIMAL, F.ID],
  ['DF ', WORD, F.FRAG_DF, 'optional'],
  ['PROTO=', WORD, 0],
  ['TCP ', WORD, 0],
  ['SPT=', DECIMAL, F.SPT],
  ['DPT=', DECIMAL, F.DPT],
  ['SEQ=', DECIMAL, F.SEQ],
  ['ACK=', DECIMAL, F.ACK],
  ['WINDOW=', DECIMAL, F.WINDOW],
  ['RES=', BYTE, NOWHERE],
  ['CWR ', FLAG, 0x80, 'optional'],
  ['ECE ', FLAG, 0x40, 'optional'],
  ['URG ', FLAG, 0x20, 'optional'],
  ['ACK ', FLAG, 0x10, 'optional'],
  ['PSH ', FLAG, 8, 'optional'],
  ['RST ', FLAG, 4, 'optional'],
  ['SYN ', FLAG, 2, 'optional'],
  ['FIN ', FLAG, 1, 'optional'],
  ['URGP=', DECIMAL, NOWHERE],
  ['OPT (', OPTIONS, F.OPT, 'optional'],
  ['MARK=0x', MARK, F.MARK, 'optional'],
]

function address(name: string, column: number): (typeof USUAL)[number][] {
  return [name, '.', '.', '.'].map((text) => [text, OCTET, column])
}

/** Up to four letters from `from` on as they stand in memory, little-endian. */
const word = (text: string, from: number) =>
  [...text.slice(from, from + 4)].reduce((sum, letter, i) => sum | (letter.charCodeAt(0) << (8 * i)), 0)

// a name is its first four letters and its last four
const FIRST = Int32Array.from(USUAL, ([text]) => word(text, 0))
const LAST = Int32Array.from(USUAL, ([text]) => word(text, Math.max(0, text.length - 4)))
const LENGTH = Int32Array.from(USUAL, ([text]) => text.length)
/** Which of the first four bytes are the name's. */
const MASK = Int32Array.from(USUAL, ([text]) => (text.length < 4 ? ~(-1 << (8 * text.length)) : -1))
const KIND = Int32Array.from(USUAL, ([, kind]) => kind)
const COLUMN = Int32Array.from(USUAL, ([, , column]) => column)
const OPTIONAL = Int32Array.from(USUAL, ([, , , optional]) => (optional ? 1 : 0))
const SEQ = USUAL.findIndex(([text]) => text === 'SEQ=')

const PRESENT = USUAL.reduce(
  (bits, [, kind, column]) =>
    column !== NOWHERE && (kind === NAME || kind === DECIMAL || kind === BYTE) ? bits | (1 << column) : bits,
  F.HAS_SRC | F.HAS_DST | (1 << F.PROTO) | (1 << F.FLAGS) | (1 << F.MARK),
)
/** 14 bytes; what else stands there is not usual. */
const MAC_LENGTH = 41

/** A hexadecimal digit's value, of any case; high bits for what is none. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return value < 0 ? 0x1000 : value
})
/** 1 for letters, digits, and - . @ _ : what interfaces are called; the rest is not usual. */
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[A-Za-z0-9.@_-]/.test(String.fromCharCode(byte))),
)

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
  row.fill(0)
  let at = bytes[start] === 0x20 ? start + 1 : start
  let present = PRESENT
  for (let field = 0; field < FIRST.length; field++) {
    const value = at + LENGTH[field]!
    const mask = MASK[field]!
    if (
      value >= stop ||
      (view.getInt32(at, true) & mask) !== FIRST[field] ||
      (LENGTH[field]! > 4 && view.getInt32(value - 4, true) !== LAST[field])
    ) {
      if (OPTIONAL[field] === 0) return false
      continue
    }
    const column = COLUMN[field]!
    const kind = KIND[field]!
    let number = 0
    at = value
    if (kind === OCTET || kind === DECIMAL)
      for (let byte = bytes[at]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!)
        number = number * 10 + (byte - 0x30)
    switch (kind) {
      case NAME:
        while (IN_NAMES[bytes[at]!] === 1) at++
        if (bytes[at] !== 0x20 || at - value > 15) return false
        row[column] = names.number(bytes, value, at++)
        break
      case MAC:
        if (!isMac(bytes, value)) return false
        row[column] = ((value - start) << 12) | MAC_LENGTH
        present |= 1 << column
        at += MAC_LENGTH + 1
        break
      case OCTET:
        // what stands behind it is the next name's
        if (at === value || at - value > 3 || number > 255) return false
        row[column] = (row[column]! << 8) | number
        break
      case DECIMAL:
        if (at === value || at - value > 10 || !isEnd(bytes[at]!)) return false
        if (number > 0xffff && (number > 0xffffffff || !F.fits(column, number))) return false
        row[column] = number | 0
        if (field === SEQ) telling = value - start
        at++
        break
      case BYTE:
        if (bytes[at] !== 0x30 || bytes[at + 1] !== 0x78 || bytes[at + 4] !== 0x20) return false
        number = (HEX[bytes[at + 2]!]! << 4) | HEX[bytes[at + 3]!]!
        if (number > 0xff) return false
        row[column]! |= number
        at += 5
        break
      case WORD:
        row[F.FRAG]! |= column
        break
      case FLAG:
        row[F.FLAGS]! |= column
        break
      case OPTIONS:
        while (HEX[bytes[at]!]! < 16) at++
        if (bytes[at] !== 0x29 || !isEnd(bytes[at + 1]!) || at === value) return false
        row[column] = ((value - start) << 12) | (at - value)
        present |= 1 << column
        at += 2
        break
      case MARK:
        // lower case
        for (let digit = HEX[bytes[at]!]!; digit < 16 && (bytes[at]! & 0x60) !== 0x40; digit = HEX[bytes[++at]!]!)
          number = (number << 4) | digit
        if (at === value || at - value > 8 || !isEnd(bytes[at]!)) return false
        row[column] = number
        at++
    }
  }
  row[F.PRESENT] = present
  row[F.FAMILY] = 4
  row[F.PROTO] = F.TCP
  return at === stop + 1
}

/** Behind a field: its blank, or the end of the line. */
const isEnd = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d

/** 14 times two digits, and a blank; the digits themselves are read when somebody asks for them. */
function isMac(bytes: Uint8Array, from: number): boolean {
  for (let i = from + 2; i < from + MAC_LENGTH; i += 3) if (bytes[i] !== 0x3a) return false
  return bytes[from + MAC_LENGTH] === 0x20 && HEX[bytes[from + MAC_LENGTH - 1]!]! < 16
}
