/**
 * The usual `packet:` line: TCP or UDP over IPv4, just as nft prints it (src/netlink.c, trace_print_packet), field behind
 * field. This reads it in a fraction of the time that looking words up takes. For whatever is not exactly so it gives
 * up, and headers.ts reads the line; test/read/captures holds the two to the same rows.
 *
 * It is one loop over a table: V8 compiles that sooner than a function for each kind of field, and calls none.
 */
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { seedOf, symbols } from './symbols.ts'
import * as W from './words.ts'

// what stands behind a name
/** `eth0"` */
const NAME = 0
const MAC = 1
const ADDRESS = 2
const DECIMAL = 3
// a word that stands for a number, or that number as 0x…
const WORD = 4
const DSCP = 5
const FLAGS = 6

/** Values that are read and left go where PRESENT is written last. */
const NOWHERE = F.PRESENT

/** Name, kind and column in the order in which nft prints them; only the addresses have to be there. */
const USUAL: readonly (readonly [string, number, number, number?])[] = [
  ['iif "', NAME, F.IN],
  ['oif "', NAME, F.OUT],
  ['ether saddr ', MAC, F.MACSRC],
  ['ether daddr ', MAC, F.MACDST],
  ['ip saddr ', ADDRESS, F.SRC],
  ['ip daddr ', ADDRESS, F.DST],
  ['ip dscp ', DSCP, F.TOS, W.DSCP],
  ['ip ecn ', WORD, F.TOS, W.ECN],
  ['ip ttl ', DECIMAL, F.TTL],
  ['ip id ', DECIMAL, F.ID],
  ['ip protocol ', WORD, F.PROTO, F.PROTO],
  ['ip length ', DECIMAL, F.LEN],
  ['tcp sport ', DECIMAL, F.SPT],
  ['tcp dport ', DECIMAL, F.DPT],
  ['tcp flags ', FLAGS, F.FLAGS, F.FLAGS],
  ['tcp window ', DECIMAL, F.WINDOW],
  ['udp sport ', DECIMAL, F.SPT],
  ['udp dport ', DECIMAL, F.DPT],
  ['udp length ', DECIMAL, NOWHERE],
]

/** Four letters from `from` on as they stand in memory, little-endian. */
const word = (text: string, from: number) =>
  [...text.slice(from, from + 4)].reduce((sum, letter, i) => sum | (letter.charCodeAt(0) << (8 * i)), 0)

// a name is its first four letters, those behind them and its last four, which may be in part the same ones
const FIRST = Int32Array.from(USUAL, ([text]) => word(text, 0))
const SECOND_AT = Int32Array.from(USUAL, ([text]) => Math.min(4, text.length - 4))
const SECOND = Int32Array.from(USUAL, ([text], i) => word(text, SECOND_AT[i]!))
const LAST = Int32Array.from(USUAL, ([text]) => word(text, text.length - 4))
const LENGTH = Int32Array.from(USUAL, ([text]) => text.length)
const KIND = Int32Array.from(USUAL, ([, kind]) => kind)
const COLUMN = Int32Array.from(USUAL, ([, , column]) => column)
const SEED = Int32Array.from(USUAL, ([, , , code]) => (code === undefined ? 0 : seedOf(code)))
/** What the presence of a field says: its bit; and a transport protocol, which `ip protocol` may tell again. */
const BIT = Int32Array.from(USUAL, ([, , column]) =>
  column === NOWHERE ? 0 : column === F.SRC ? F.HAS_SRC : column === F.DST ? F.HAS_DST : 1 << column,
)
const TRANSPORT = Int32Array.from(USUAL, ([text]) =>
  text.startsWith('tcp') ? F.TCP : text.startsWith('udp') ? F.UDP : 0,
)

const MULTIPLIER = 0x01000193
/** Of the line's hash. */
const MIXER = 0x9e3779b1 | 0
const NEWLINE = 0x0a
const MAC_LENGTH = 17
/** A byte of less, or beyond ASCII, sets one of the high bits. */
const LETTERS = 0x21212121
const HIGH_BITS = 0x80808080

/** 1 for letters, digits, and - . @ _ : what interfaces are called; the rest is not usual. */
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[A-Za-z0-9.@_-]/.test(String.fromCharCode(byte))),
)
/** A lower-case hexadecimal digit's value; more than 15 for what is none. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte))
  return value < 0 ? 0x80 : value
})

/** Offset of four bytes in which packets differ most, from the beginning; -1: none is known. */
export let telling = -1

/** As UDP's header has it; -1: none is there. */
export let udpLength = -1

/** Where the line's newline is. */
export let usualEnd = 0
/** Of what the line says: 30 bits, the same for the same bytes and seed. */
export let usualHash = 0

/**
 * Fills `row` and says true; or says false, and `row` holds anything. Reads from `start` to a newline before `limit`. What
 * it takes is plain: ASCII, none NUL.
 */
export function readUsual(
  row: Int32Array,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  limit: number,
  names: Names,
  seed: number,
): boolean {
  row.fill(0)
  telling = -1
  let at = start
  let present = 0
  let sum = seed
  let transport = 0
  for (let field = 0; field < FIRST.length; field++) {
    const value = at + LENGTH[field]!
    if (
      value >= limit ||
      view.getInt32(at, true) !== FIRST[field] ||
      view.getInt32(at + SECOND_AT[field]!, true) !== SECOND[field] ||
      view.getInt32(value - 4, true) !== LAST[field]
    )
      continue
    const column = COLUMN[field]!
    const kind = KIND[field]!
    let number = 0
    at = value
    switch (kind) {
      case NAME:
        while (IN_NAMES[bytes[at]!] === 1) at++
        if (bytes[at] !== 0x22 || at === value || at - value > 15) return false
        row[column] = number = names.number(bytes, value, at++)
        break
      case MAC:
        if (value + MAC_LENGTH >= limit || bytes[value + 2] !== 0x3a || !isWhole(view, value)) return false
        row[column] = ((value - start) << 12) | MAC_LENGTH
        // the byte that is left out is a colon
        number = Math.imul(view.getInt32(value, true), MIXER) ^ view.getInt32(value + 4, true)
        number = Math.imul(number, MIXER) ^ view.getInt32(value + 9, true)
        number = Math.imul(number, MIXER) ^ view.getInt32(value + 13, true)
        at += MAC_LENGTH
        break
      case ADDRESS:
        for (let part = 0; part < 4; part++) {
          const from = at
          let byte = 0
          for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30)
            byte = byte * 10 + digit
          if (at === from || at - from > 3 || byte > 255) return false
          if (part < 3 && bytes[at++] !== 0x2e) return false
          number = (number << 8) | byte
        }
        row[column] = number
        break
      case DECIMAL:
        for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30)
          number = number * 10 + digit
        if (at === value || at - value > 10) return false
        if (number > 0xffff && (number > 0xffffffff || !F.fits(column, number))) return false
        row[column] = number | 0
        if ((column === F.ID || column === F.SPT) && (number | 0) !== 0 && telling < 0) telling = value - start
        break
      default: {
        if (kind === FLAGS) {
          if (bytes[at] !== 0x3d || bytes[at + 1] !== 0x3d || bytes[at + 2] !== 0x20) return false
          at += 3
        }
        const from = at
        if (bytes[at] === 0x30 && bytes[at + 1] === 0x78) {
          at += 2
          for (let digit = HEX[bytes[at]!]!; digit < 16; digit = HEX[bytes[++at]!]!) number = (number << 4) | digit
          if (at === from + 2 || at > from + 10) return false
        } else {
          let letters = SEED[field]!
          for (let byte = bytes[at]!; byte > 0x20; byte = bytes[++at]!) letters = Math.imul(letters ^ byte, MULTIPLIER)
          number = symbols.get(letters)
          // a plain number, or several words
          if (number < 0) return false
        }
        if (kind === DSCP) row[column] = number << 2
        else if (column === F.TOS) row[column]! |= number
        else row[column] = number
      }
    }
    if (bytes[at++] !== 0x20) return false
    sum = Math.imul(sum ^ number, MIXER)
    sum ^= sum >>> 15
    present |= BIT[field]!
    if (TRANSPORT[field] !== 0) transport = TRANSPORT[field]!
  }
  if (at >= limit || bytes[at] !== NEWLINE || (present & BOTH) !== BOTH) return false
  if (transport !== 0 && (present & (1 << F.PROTO)) === 0) {
    row[F.PROTO] = transport
    present |= 1 << F.PROTO
  }
  udpLength = transport === F.UDP ? row[NOWHERE]! : -1
  row[F.PRESENT] = present
  row[F.FAMILY] = 4
  usualEnd = at
  // fields that are not there
  usualHash = Math.imul(sum ^ present, MIXER) >>> 2
  return true
}

const BOTH = F.HAS_SRC | F.HAS_DST

/** No blank in it; the digits themselves are read when somebody asks for them. */
function isWhole(view: DataView, at: number): boolean {
  const [a, b] = [view.getInt32(at, true), view.getInt32(at + 4, true)]
  const [c, d] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)]
  const below = (a - LETTERS) | (b - LETTERS) | (c - LETTERS) | (d - LETTERS)
  return ((below | a | b | c | d) & HIGH_BITS) === 0 && view.getUint8(at + 16) > 0x20
}
