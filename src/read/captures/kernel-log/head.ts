/**
 * When and where a line was logged. Lines that follow each other have the same wrapping but for the digits of their
 * clocks, so it is compared byte by byte and read anew only where something else has changed.
 */
import type { Names } from '../names.ts'
import { type Moment, noStamp, type Stamp } from '../stamp.ts'
import type { Span } from './cursor.ts'
import { BEGINNING, readWrapping, type Wrapping } from './wrapping.ts'

const decoder = new TextDecoder('latin1')

// what the digits of a wrapping are that differ from line to line
const UPTIME = 1
const FRACTION = 2
const COUNT = 3
/** Numbers kept of each: from, to, what it is, and its value. */
const PIECE = 4

/** So many decimal digits fit a whole number of 32 bits, which is much faster than one with a fraction. */
const MOST_DIGITS = 9
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits)

export class Head implements Moment {
  stamp: Stamp = noStamp
  clock = Number.NaN
  /** The host's number among the names. */
  host = 0
  /** Bytes beyond ASCII are written as \xd0. */
  escaped = false
  private readonly names: Names
  /** The last wrapping. */
  private bytes = new Uint8Array(0)
  /** Its digits that differ from line to line, in order, MOST_DIGITS at a time; PIECE numbers each. */
  private variable = new Int32Array(0)
  /** What makes microseconds of the digits: one of the two is 1. */
  private uptimeFactor = 1
  private fractionFactor = 1
  private fractionDivisor = 1
  private known = false

  constructor(names: Names) {
    this.names = names
  }

  /** Reads `bytes[start, end)`, what stands in front of `TRACE:`. `glued`: the line's first record stood before it. */
  read(bytes: Uint8Array, start: number, end: number, glued: boolean): void {
    if (this.known && end - start === this.bytes.length && this.again(bytes, start)) return
    let from = glued ? wrappingStart(bytes, start, end) : start
    let wrapping = readWrapping(decoder.decode(bytes.subarray(from, end)), false)
    // what is left should be nothing; but a line may begin in the middle of one that was cut
    const other = from + wrapping.length < end ? wrappingStart(bytes, from + wrapping.length, end) : from
    if (other > from + wrapping.length) {
      from = other
      wrapping = readWrapping(decoder.decode(bytes.subarray(from, end)), false)
    }
    if (glued && tellsNothing(wrapping)) return
    this.keep(bytes, from, wrapping, end - from)
  }

  /** Reads the wrapping of a LOG line whose `IN=` is at `end`; says where its prefix begins. */
  readLog(bytes: Uint8Array, start: number, end: number, glued: boolean): number {
    const behind = start + this.bytes.length
    if (this.bytes.length > 0 && behind <= end && !this.couldGoOn(bytes, behind) && this.again(bytes, start))
      return behind
    const from = glued ? wrappingStart(bytes, start, end) : start
    const wrapping = readWrapping(decoder.decode(bytes.subarray(from, end)), true)
    if (!glued || !tellsNothing(wrapping)) this.keep(bytes, from, wrapping, wrapping.length)
    return from + wrapping.length
  }

  /** Are the next bytes more of a wrapping: `[12.3]` behind `kernel: `? */
  private couldGoOn(bytes: Uint8Array, at: number): boolean {
    return bytes[at] === 0x5b && (bytes[at + 1] === 0x20 || (bytes[at + 1]! >= 0x30 && bytes[at + 1]! <= 0x39))
  }

  /** Does the last wrapping stand here again, but for its clocks? Then takes these over. */
  private again(bytes: Uint8Array, start: number): boolean {
    const known = this.bytes
    const { variable } = this
    let at = 0
    let uptime = 0
    let fraction = 0
    for (let i = 0; i < variable.length; i += PIECE) {
      const from = variable[i]!
      const to = variable[i + 1]!
      for (; at < from; at++) if (bytes[start + at] !== known[at]) return false
      const kind = variable[i + 2]!
      let number = variable[i + 3]!
      // seconds are mostly those of the line before
      let same = uptime === 0
      for (let k = from; same && k < to; k++) same = bytes[start + k] === known[k]
      if (same) at = to
      else {
        number = 0
        for (; at < to; at++) {
          const byte = bytes[start + at]!
          if (byte >= 0x30 && byte <= 0x39) number = Math.imul(number, 10) + byte - 0x30
          // `[   12.345678]` is filled up with blanks
          else if (byte !== 0x20 || kind !== UPTIME || number > 0 || uptime > 0) return false
          known[at] = byte
        }
        variable[i + 3] = number
      }
      // the clock's microseconds go on with the number that its seconds began
      if (kind === UPTIME) uptime = uptime * POWERS[to - from]! + number
      else if (kind === FRACTION) fraction = number
    }
    for (; at < known.length; at++) if (bytes[start + at] !== known[at]) return false
    if (this.stamp.uptime) {
      this.clock = uptime * this.uptimeFactor
      if (this.stamp.micros !== undefined) this.stamp = { ...this.stamp, micros: this.micros(fraction) }
    } else if (this.stamp.digits > 0) this.clock = this.stamp.base + this.micros(fraction)
    return true
  }

  private micros(fraction: number): number {
    return Math.floor((fraction * this.fractionFactor) / this.fractionDivisor)
  }

  private keep(bytes: Uint8Array, start: number, wrapping: Wrapping, length: number): void {
    const { uptime, fraction, count } = wrapping
    this.bytes = bytes.slice(start, start + length)
    this.known = fraction === undefined || fraction[1] - fraction[0] <= MOST_DIGITS
    this.stamp = wrapping.stamp
    this.clock = wrapping.clock
    this.escaped = wrapping.escaped
    const variable: number[] = []
    if (count) variable.push(...this.pieces(count, COUNT))
    // the wall clock stands in front of the clock since boot
    if (fraction) {
      const digits = fraction[1] - fraction[0]
      this.fractionFactor = 10 ** Math.max(0, 6 - digits)
      this.fractionDivisor = 10 ** Math.max(0, digits - 6)
      variable.push(...this.pieces(fraction, FRACTION))
    }
    if (uptime) variable.push(...this.uptimeParts(uptime, wrapping.escaped))
    this.variable = Int32Array.from(variable)
    const host = Uint8Array.from(wrapping.stamp.host, (letter) => letter.charCodeAt(0))
    this.host = this.names.number(host, 0, host.length)
  }

  /** `12.345678` with the blanks in front of it, which are places for more digits; /dev/kmsg has whole microseconds. */
  private uptimeParts([from, to]: Span, whole: boolean): number[] {
    this.uptimeFactor = 1
    if (whole) return this.pieces([from, to], UPTIME)
    const point = this.bytes.indexOf(0x2e, from)
    let first = from
    while (first > 0 && this.bytes[first - 1] === 0x20) first--
    this.uptimeFactor = 10 ** (6 - (to - point - 1))
    return [...this.pieces([first, point], UPTIME), ...this.pieces([point + 1, to], UPTIME)]
  }

  private pieces([from, to]: Span, kind: number): number[] {
    const list: number[] = []
    for (let at = from; at < to; at += MOST_DIGITS) {
      const end = Math.min(to, at + MOST_DIGITS)
      list.push(at, end, kind, Number(decoder.decode(this.bytes.subarray(at, end))))
    }
    return list
  }
}

function wrappingStart(bytes: Uint8Array, start: number, end: number): number {
  const found = decoder.decode(bytes.subarray(start, Math.min(end, start + 200))).search(BEGINNING)
  return found > 0 ? start + found : start
}

const tellsNothing = ({ stamp }: Wrapping): boolean => stamp.host === '' && !stamp.uptime && Number.isNaN(stamp.base)
