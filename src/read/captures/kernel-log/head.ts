/**
 * When and where a line was logged. Lines that follow each other have the same wrapping but for the digits of their
 * clocks, so it is compared byte by byte and read anew only where something else has changed.
 */
import type { Names } from '../names.ts'
import { noStamp, type Stamp, type Timestamp } from '../stamp.ts'
import type { Span } from './cursor.ts'
import { BEGINNING, readWrapping, type Wrapping } from './wrapping.ts'

const decoder = new TextDecoder('latin1')
const NEWLINE = 0x0a

// what a byte of a wrapping is: the same in every line, or a digit of a number that differs from line to line
const FIXED = 0
const UPTIME = 1
const FRACTION = 2
const COUNT = 3

/** More decimal digits are no exact number. */
const MOST_DIGITS = 15

export class Head implements Timestamp {
  stamp: Stamp = noStamp
  clock = Number.NaN
  /** The host's number among the names. */
  host = 0
  /** Bytes beyond ASCII are written as \xd0. */
  escaped = false
  private readonly names: Names
  /** The last wrapping. */
  private bytes = new Uint8Array(0)
  private words = new DataView(this.bytes.buffer)
  /** What each byte of it is, and what a digit is worth in its number. */
  private kinds = new Uint8Array(0)
  private weights = new Float64Array(0)
  /** Those numbers, whole: of the clock since boot, and of the wall clock's fraction of a second. */
  private uptime = 0
  private fraction = 0
  /** What makes microseconds of the digits: one of the two is 1. */
  private uptimeFactor = 1
  private fractionFactor = 1
  private fractionDivisor = 1
  private known = false

  constructor(names: Names) {
    this.names = names
  }

  /**
   * Reads `bytes[start, end)`, what stands in front of `TRACE:`; says false, and reads nothing, where a line ends in it.
   * `glued`: the line's first record stood before it.
   */
  read(bytes: Uint8Array, view: DataView, start: number, end: number, glued: boolean): boolean {
    if (this.known && end - start === this.bytes.length && this.again(bytes, view, start)) return true
    if (bytes.subarray(start, end).includes(NEWLINE)) return false
    let from = glued ? wrappingStart(bytes, start, end) : start
    let wrapping = readWrapping(decoder.decode(bytes.subarray(from, end)), false)
    // what is left should be nothing; but a line may begin in the middle of one that was cut
    const other = from + wrapping.length < end ? wrappingStart(bytes, from + wrapping.length, end) : from
    if (other > from + wrapping.length) {
      from = other
      wrapping = readWrapping(decoder.decode(bytes.subarray(from, end)), false)
    }
    if (!glued || !tellsNothing(wrapping)) this.keep(bytes, from, wrapping, end - from)
    return true
  }

  /** Reads the wrapping of a LOG line whose `IN=` is at `end`; says where its prefix begins. */
  readLog(bytes: Uint8Array, view: DataView, start: number, end: number, glued: boolean): number {
    const behind = start + this.bytes.length
    if (this.bytes.length > 0 && behind <= end && !this.couldGoOn(bytes, behind) && this.again(bytes, view, start))
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

  /** Does the last wrapping stand here again, but for digits of its clocks? Then takes these over. */
  private again(bytes: Uint8Array, view: DataView, start: number): boolean {
    const { bytes: known, kinds, weights } = this
    let { uptime, fraction } = this
    let same = true
    for (let i = this.sameWords(view, start); i < known.length; i++) {
      const byte = bytes[start + i]!
      const before = known[i]!
      if (byte === before) continue
      const kind = kinds[i]!
      same = kind !== FIXED && byte >= 0x30 && byte <= 0x39
      if (!same) break
      known[i] = byte
      if (kind === UPTIME) uptime += (byte - before) * weights[i]!
      else if (kind === FRACTION) fraction += (byte - before) * weights[i]!
    }
    this.uptime = uptime
    this.fraction = fraction
    if (!same) return false
    if (this.stamp.uptime) {
      // a clock with more than six decimals is told to the microsecond, as where it is read anew
      this.clock = this.uptimeFactor < 1 ? Math.floor(this.uptime * this.uptimeFactor) : this.uptime * this.uptimeFactor
      if (this.stamp.micros !== undefined) this.stamp = { ...this.stamp, micros: this.micros(this.fraction) }
    } else if (this.stamp.digits > 0) this.clock = this.stamp.base + this.micros(this.fraction)
    return true
  }

  /** How many of the first bytes are the last wrapping's, looked at four at a time. */
  private sameWords(view: DataView, start: number): number {
    let i = 0
    while (i + 4 <= this.bytes.length && view.getInt32(start + i, true) === this.words.getInt32(i, true)) i += 4
    return i
  }

  private micros(fraction: number): number {
    return Math.floor((fraction * this.fractionFactor) / this.fractionDivisor)
  }

  private keep(bytes: Uint8Array, start: number, wrapping: Wrapping, length: number): void {
    const { uptime, fraction, count } = wrapping
    this.bytes = bytes.slice(start, start + length)
    this.words = new DataView(this.bytes.buffer)
    this.kinds = new Uint8Array(length)
    this.weights = new Float64Array(length)
    this.known = true
    this.stamp = wrapping.stamp
    this.clock = wrapping.clock
    this.escaped = wrapping.escaped
    if (count) this.number(count, COUNT)
    if (fraction) {
      const digits = fraction[1] - fraction[0]
      this.fractionFactor = 10 ** Math.max(0, 6 - digits)
      this.fractionDivisor = 10 ** Math.max(0, digits - 6)
      this.fraction = this.number(fraction, FRACTION)
    }
    if (uptime) {
      // `12.345678`; /dev/kmsg has whole microseconds
      const point = wrapping.escaped ? -1 : this.bytes.indexOf(0x2e, uptime[0])
      this.uptimeFactor = point < 0 ? 1 : 10 ** (6 - (uptime[1] - point - 1))
      this.uptime = this.number(uptime, UPTIME)
    }
    const host = Uint8Array.from(wrapping.stamp.host, (letter) => letter.charCodeAt(0))
    this.host = this.names.number(host, 0, host.length)
  }

  /** The digits there, whatever stands between them, as one number; each is followed from line to line. */
  private number([from, to]: Span, kind: number): number {
    let value = 0
    let weight = 1
    for (let at = to - 1; at >= from; at--) {
      const digit = this.bytes[at]! - 0x30
      if (digit < 0 || digit > 9) continue
      value += digit * weight
      this.kinds[at] = kind
      this.weights[at] = weight
      weight *= 10
    }
    if (weight > 10 ** MOST_DIGITS) this.kinds.fill(FIXED, from, to)
    return value
  }
}

function wrappingStart(bytes: Uint8Array, start: number, end: number): number {
  const found = decoder.decode(bytes.subarray(start, Math.min(end, start + 200))).search(BEGINNING)
  return found > 0 ? start + found : start
}

const tellsNothing = ({ stamp }: Wrapping): boolean => stamp.host === '' && !stamp.uptime && Number.isNaN(stamp.base)
