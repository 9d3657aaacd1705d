/**
 * The kernel log: lines of netfilter's TRACE and LOG targets among everything else, in any wrapping (wrapping.ts).
 *
 * This is the hot path: hundreds of megabytes pass here. Per line it finds the prefix, hashes the rest four bytes at a
 * time while it looks for the line's end, and asks whether a packet with these very bytes is already known.
 */
import type { CaptureContext, CaptureReader, CaptureStats } from '../format.ts'
import * as F from '../header-fields.ts'
import { noStamp, type Stamp } from '../stamp.ts'
import { read, readHeaders, row } from './headers.ts'
import { readPacket } from './packet.ts'
import { lastWord, PrefixTable } from './prefix.ts'
import { readWrapping, wrappingEnd } from './wrapping.ts'

/** A line longer than this is no log's: the rest of it is passed over. */
const MAX_LINE = 1 << 20
const NEWLINE = 0x0a
/** `RACE` as a little-endian number. */
const RACE = 0x45434152
const MULTIPLIER = 0x9e3779b1 | 0

const decoder = new TextDecoder('latin1')
const encoder = new TextEncoder()

export class KernelLogReader implements CaptureReader {
  readonly stats: CaptureStats = { bytes: 0, skipped: 0 }
  private readonly context: CaptureContext
  private readonly prefixes: PrefixTable
  private line = 0
  /** The beginning of a line whose end has not come yet. */
  private rest: Uint8Array = new Uint8Array(0)
  private overlong = false
  private readonly told = new Set<string>()

  // the last wrapping and what it said, for the next line is like it
  private head: Uint8Array = new Uint8Array(0)
  private headOffset = 0
  private stamp: Stamp = noStamp
  private clock = Number.NaN
  private host = 0

  constructor(context: CaptureContext) {
    this.context = context
    this.prefixes = new PrefixTable(context.points)
  }

  push(given: Uint8Array): void {
    // Node's Buffer is a Uint8Array whose slice() does not copy
    const chunk = new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
    this.stats.bytes += chunk.length
    let from = 0
    if (this.rest.length > 0 || this.overlong) {
      const newline = chunk.indexOf(NEWLINE)
      const until = newline < 0 ? chunk.length : newline + 1
      if (!this.overlong) this.rest = concat(this.rest, chunk.subarray(0, until))
      if (newline < 0) {
        this.checkLength()
        return
      }
      if (this.overlong) this.overlong = false
      else this.scan(this.rest, 0, this.rest.length)
      this.rest = new Uint8Array(0)
      from = until
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end > from) this.scan(chunk, from, end)
    if (end < chunk.length) {
      this.rest = chunk.slice(Math.max(end, from))
      this.checkLength()
    }
  }

  end(): void {
    if (this.rest.length > 0) this.push(Uint8Array.of(NEWLINE))
  }

  private checkLength(): void {
    if (this.rest.length <= MAX_LINE) return
    this.tell('line-too-long', 'a line of more than 1 MB is no log line; it was passed over', this.line + 1)
    this.stats.skipped++
    this.line++
    this.rest = new Uint8Array(0)
    this.overlong = true
  }

  /** Whole lines: `bytes[end - 1]` is a newline. */
  private scan(bytes: Uint8Array, start: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = start
    while (at < end) {
      this.line++
      at = this.scanLine(bytes, view, at, end)
    }
  }

  /** Reads one line; says where the next begins. */
  private scanLine(bytes: Uint8Array, view: DataView, lineStart: number, end: number): number {
    let at = lineStart + this.headOffset
    if (!(at + 6 < end && bytes[at] === 0x54 && bytes[lineStart] !== 0x7b && view.getInt32(at + 1, true) === RACE)) {
      at = findRecord(bytes, view, lineStart, end)
      if (bytes[at] === NEWLINE) return at + 1
      if (bytes[lineStart] === 0x7b) return this.json(bytes, lineStart, end)
      if (bytes[at] !== 0x54) return this.logLine(bytes, lineStart, lineStart, end)
    }
    const message = at
    at += 6
    // fields may be aligned by hand; between `TRACE:` and the table there is one blank
    while (bytes[at] === 0x20) at++
    const prefixStart = at
    let hash = 0
    for (; at + 4 <= end; at += 4) {
      const four = view.getInt32(at, true)
      // is one of the four a blank or less?
      if (((four - 0x21212121) & ~four & 0x80808080) !== 0) break
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ four, MULTIPLIER)
    }
    const lastStart = at
    while (bytes[at]! > 0x20) at++
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ lastWord(view, lastStart, at), MULTIPLIER)
    hash ^= hash >>> 15
    const prefix = this.prefixes.find(bytes, view, prefixStart, at, hash)
    this.readHead(bytes, lineStart, message)
    if (prefix.point < 0) return this.logLine(bytes, lineStart, message, end)
    this.headOffset = message - lineStart
    return this.event(bytes, view, at - prefix.glued, end, prefix.point)
  }

  /** The fields from `start` on are the packet's: hash to the line's end, look the state up, hand the event on. */
  private event(bytes: Uint8Array, view: DataView, start: number, limit: number, point: number): number {
    const { states, sink } = this.context
    let state = states.findRecent(view, start, limit)
    if (state >= 0 && states.rows[state * F.COLUMNS + F.HOST] === this.host) {
      sink.event(point, state, this.stamp, this.clock, this.line)
      return start + states.length(state) + 1
    }
    let at = start
    let hash = this.host
    for (; at + 4 <= limit; at += 4) {
      const four = view.getInt32(at, true)
      // is one of the four a newline?
      const zero = four ^ 0x0a0a0a0a
      if (((zero - 0x01010101) & ~zero & 0x80808080) !== 0) break
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ four, MULTIPLIER)
    }
    for (let byte = bytes[at]!; byte !== NEWLINE; byte = bytes[++at]!)
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ byte, MULTIPLIER)
    hash = (hash ^ (hash >>> 15)) & 0x3fffffff
    state = states.find(bytes, start, at, hash)
    if (state >= 0 && states.rows[state * F.COLUMNS + F.HOST] === this.host) {
      sink.event(point, state, this.stamp, this.clock, this.line)
      return at + 1
    }
    readHeaders(bytes, start, at, states.names)
    if (read.fields === 0) {
      this.skip('not-a-packet', 'a TRACE line without a packet was passed over')
      return at + 1
    }
    if (read.blanksLost)
      this.tell('blanks-lost', 'blanks between fields are missing; fields were told apart by their names', this.line)
    row[F.HOST] = this.host
    const stop = read.end
    if (stop < at) {
      this.tell('lines-glued', 'two log lines stand in one; they were taken apart', this.line)
      state = states.add(bytes, start, stop, hash, row, read.telling, this.packet)
      sink.event(point, state, this.stamp, this.clock, this.line)
      return this.scanLine(bytes, view, stop, limit)
    }
    state = states.add(bytes, start, at, hash, row, read.telling, this.packet)
    sink.event(point, state, this.stamp, this.clock, this.line)
    return at + 1
  }

  private readonly packet = (bytes: Uint8Array, start: number, end: number) =>
    readPacket(bytes, start, end, this.context.states.names)

  /** A line of LOG, or of some other program: it has `IN=` but no trace prefix. */
  private logLine(bytes: Uint8Array, lineStart: number, message: number, end: number): number {
    const stop = bytes.indexOf(NEWLINE, lineStart)
    const line = decoder.decode(bytes.subarray(lineStart, stop))
    const fields = /IN=\S{0,64}\s{0,8}(?:OUT=|PHYS|MAC)/.exec(line)
    if (!fields) {
      if (/\b(SRC|DST|SPT|DPT)=\S{1,64} .*=/.test(line)) this.skip('cut-line', 'a part of a log line was passed over')
      return stop + 1
    }
    const from = Math.min(message > lineStart ? message - lineStart : wrappingEnd(line), fields.index)
    this.readHead(bytes, lineStart, lineStart + from)
    const point = this.context.points.number({ type: 'log', prefix: line.slice(from, fields.index) })
    return this.event(
      bytes,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      lineStart + fields.index,
      end,
      point,
    )
  }

  /** journalctl -o json: one object a line. */
  private json(bytes: Uint8Array, start: number, end: number): number {
    const stop = bytes.indexOf(NEWLINE, start)
    let entry: Record<string, unknown>
    try {
      entry = JSON.parse(new TextDecoder().decode(bytes.subarray(start, stop)))
    } catch {
      this.skip('cut-line', 'a line of JSON is broken; it was passed over')
      return stop + 1
    }
    // a message that is not UTF-8 comes as a list of bytes
    const message = Array.isArray(entry.MESSAGE) ? decoder.decode(Uint8Array.from(entry.MESSAGE)) : entry.MESSAGE
    if (typeof message !== 'string') return stop + 1
    const micros = Number(entry.__REALTIME_TIMESTAMP ?? entry._SOURCE_REALTIME_TIMESTAMP)
    const time = Number.isFinite(micros) && micros > 0 ? `${isoMicros(micros)} ` : ''
    const record = `${time}${String(entry._HOSTNAME ?? '-')} kernel: ${message.replaceAll('\n', ' ')}\n`
    const line = Uint8Array.from(record, (char) => Math.min(char.charCodeAt(0), 0xff))
    if (/TRACE: |IN=/.test(message)) this.scanLine(line, new DataView(line.buffer), 0, line.length)
    return Math.min(stop + 1, end)
  }

  /** Reads the wrapping unless it is the last one's again, but for the time since boot or the second's fraction. */
  private readHead(bytes: Uint8Array, start: number, end: number): void {
    const { head } = this
    if (
      bytes[start] === 0x5b &&
      this.stamp.uptime &&
      this.stamp.second === undefined &&
      this.readUptime(bytes, start, end)
    )
      return
    if (head.length === end - start) {
      let i = 0
      while (i < head.length && bytes[start + i] === head[i]) i++
      if (i === head.length) return
    }
    this.head = bytes.slice(start, end)
    const { stamp, clock } = readWrapping(decoder.decode(this.head))
    this.stamp = stamp
    this.clock = clock
    this.host = stamp.host === '' ? 0 : this.hostNumber(stamp.host)
  }

  /** `[   12.345678] ` and nothing else. */
  private readUptime(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start + 1
    while (bytes[at] === 0x20) at++
    let value = 0
    for (let byte = bytes[at]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!) value = value * 10 + byte - 0x30
    if (bytes[at++] !== 0x2e) return false
    let digits = 0
    for (let byte = bytes[at]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!, digits++)
      value = value * 10 + byte - 0x30
    if (digits !== 6 || bytes[at] !== 0x5d || at + 2 < end) return false
    this.clock = value
    return true
  }

  private hostNumber(host: string): number {
    const bytes = encoder.encode(host)
    return this.context.states.names.number(bytes, 0, bytes.length)
  }

  private skip(code: string, message: string): void {
    this.stats.skipped++
    this.tell(code, message, this.line)
  }

  /** Each kind once, with the first line it was met in: a broken log has thousands. */
  private tell(code: string, message: string, line: number): void {
    if (this.told.has(code)) return
    this.told.add(code)
    this.context.report(code, message, line)
  }
}

/** Where `TRACE: ` or `IN=` begins in the line from `at` on, or where the line ends. */
function findRecord(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start
  for (; at + 5 < end; at++) {
    const byte = bytes[at]!
    if (byte === NEWLINE) return at
    if (byte === 0x54 && view.getInt32(at + 1, true) === RACE && bytes[at + 5] === 0x3a) return at
    if (byte === 0x49 && bytes[at + 1] === 0x4e && bytes[at + 2] === 0x3d) return at
  }
  while (bytes[at] !== NEWLINE) at++
  return at
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** Microseconds since 1970 as ISO 8601 in UTC. */
function isoMicros(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(Math.floor(micros % 1e6)).padStart(6, '0')}Z`
}
