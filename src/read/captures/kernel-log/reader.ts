/**
 * The kernel log: lines of netfilter's TRACE and LOG targets among everything else, in any wrapping (wrapping.ts).
 *
 * This is the hot path: hundreds of megabytes pass here. Per line it finds the prefix, hashes the rest four bytes at a
 * time while it looks for the line's end, and asks whether a packet with these very bytes is already known.
 */
import { once, type Report } from '../../../model/diagnostic.ts'
import type { CaptureContext, CaptureReader } from '../format.ts'
import * as F from '../header-fields.ts'
import { plainBytes } from '../plain-bytes.ts'
import type { ReadPacket } from '../states.ts'
import { behindBlank, cleaned, findRecord, goesOn, isUnclean, tailSeen } from './find.ts'
import { Head } from './head.ts'
import { CUT, read, readHeaders, row } from './headers.ts'
import { isJson, lineOfJson } from './json.ts'
import { hashedTo, hashLine, plain } from './line-hash.ts'
import { Lines } from './lines.ts'
import { tellsOfLoss } from './lost-lines.ts'
import { onceEach } from './once-each.ts'
import { packetOf } from './packet.ts'
import { lastWord, PrefixTable, RULE, readLogPrefix, readTrace, TWO_LINES } from './prefix.ts'
import { readUsual, telling } from './usual.ts'
import { WholeReader } from './whole.ts'
import { gather, joinHead, joinWrapped, MAX_RECORD } from './wrapped.ts'

/** Table, chain, number; and fields up to the first blank, where the blanks between are lost. */
const MAX_PREFIX = 512
const NEWLINE = 0x0a
/** `TRAC`, `ACE:` as little-endian numbers. */
const TRAC = 0x43415254
const ACE = 0x3a454341
const MULTIPLIER = 0x9e3779b1 | 0
/** What scanLine says when it wants the next line first. */
const WAIT = -1

const decoder = new TextDecoder('latin1')

/** Reads a log, whichever line of it stands first. */
export const openKernelLog = (context: CaptureContext): CaptureReader =>
  new WholeReader(new KernelLogReader(context), context.report)

export class KernelLogReader implements CaptureReader {
  readonly stats = { bytes: 0, skipped: 0, lost: 0 }
  private readonly context: CaptureContext
  private readonly traces: PrefixTable
  private readonly logs: PrefixTable
  private readonly head: Head
  private readonly lines: Lines
  private line = 0
  /** Where `TRACE:` was in the last line, for in the next it is at the same place. */
  private headOffset = 0
  /** Behind a record of the same line. */
  private glued = false
  /** Nothing comes behind the lines at hand; and the very last has no newline. */
  private last = false
  private unfinished = false
  /** What is read is a copy, put together of several lines or freed of what is not the kernel's. */
  private copied = false
  /** Hosts whose lines end in a blank, as the kernel prints them: what lacks it was cut. */
  private readonly blankEnds = new Set<number>()
  private readonly report: Report

  constructor(context: CaptureContext) {
    const { points, states } = context
    this.context = { ...context, sink: onceEach(context) }
    this.report = once(context.report)
    this.head = new Head(states.names)
    this.traces = new PrefixTable((bytes) => readTrace(points, bytes, this.head.escaped))
    this.logs = new PrefixTable((bytes) => readLogPrefix(points, bytes, this.head.escaped))
    this.lines = new Lines(
      (bytes, start, end, last, unfinished) => this.scan(bytes, start, end, last, unfinished),
      () => {
        this.line++
        this.skip('line-too-long', 'a line of more than 1 MB is no log line; it was skipped')
      },
    )
  }

  push(given: Uint8Array): void {
    const chunk = plainBytes(given)
    this.stats.bytes += chunk.length
    this.lines.push(chunk)
  }

  end(): void {
    this.lines.end()
  }

  /** Whole lines: `bytes[end - 1]` is a newline. Says where the first line begins that has to wait for the next. */
  private scan(bytes: Uint8Array, start: number, end: number, last: boolean, unfinished: boolean): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.last = last
    this.unfinished = unfinished
    let at = start
    while (at < end) {
      if (!this.glued) this.line++
      const next = this.scanLine(bytes, view, at, end)
      if (next === WAIT) {
        if (!this.glued) this.line--
        return at
      }
      this.glued = bytes[next - 1] !== NEWLINE
      at = next
    }
    return at
  }

  /** Reads one record; says where the next line begins, or the next record of this one. */
  private scanLine(bytes: Uint8Array, view: DataView, lineStart: number, end: number): number {
    let at = lineStart + this.headOffset
    const expected =
      at + 6 < end &&
      view.getInt32(at, true) === TRAC &&
      view.getInt32(at + 2, true) === ACE &&
      bytes[lineStart] !== 0x7b
    if (!expected) {
      at = findRecord(bytes, view, lineStart, end)
      if (bytes[at] === NEWLINE) return this.otherLine(bytes, view, lineStart, at)
      if (isJson(bytes, lineStart)) return this.json(bytes, lineStart, end)
      if (bytes[at] !== 0x54) return this.logLine(bytes, view, lineStart, at, end)
    }
    const message = at
    at += 6
    // fields may be aligned by hand; between `TRACE:` and the table there is one blank
    while (bytes[at] === 0x20) at++
    const prefixStart = at
    const most = at + MAX_PREFIX < end ? at + MAX_PREFIX : end
    let hash = 0
    let last = 0
    for (; at + 4 <= most; at += 4) {
      const four = view.getInt32(at, true)
      // is one of the four a blank or less?
      const ends = (four - 0x21212121) & ~four & 0x80808080
      if (ends !== 0) {
        const rest = (31 - Math.clz32(ends & -ends)) >> 3
        last = four & ~(-1 << (rest << 3))
        at += rest
        break
      }
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ four, MULTIPLIER)
    }
    if (bytes[at]! > 0x20) {
      // the last bytes that there are
      const from = at
      while (at < most && bytes[at]! > 0x20) at++
      last = lastWord(view, from, at)
    }
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ last, MULTIPLIER)
    hash ^= hash >>> 15
    if (!this.head.read(bytes, view, lineStart, message, this.glued)) {
      // what was expected here is the next line's
      this.headOffset = 0
      return this.scanLine(bytes, view, lineStart, end)
    }
    const prefix = this.traces.find(bytes, view, prefixStart, at, hash)
    if (prefix.point < 0 || bytes[at] === NEWLINE) {
      const next = this.copied ? undefined : this.brokenHead(bytes, lineStart, message, end)
      if (next !== undefined) return next
      if (prefix.point < 0) return this.noTrace(bytes, view, lineStart, message, end)
    }
    this.headOffset = message - lineStart
    return this.event(bytes, view, at - prefix.glued, end, prefix.point)
  }

  /** The fields from `start` on are the packet's: hash to the line's end, look the state up, hand the event on. */
  private event(bytes: Uint8Array, view: DataView, start: number, limit: number, point: number): number {
    const { states, sink } = this.context
    const { head } = this
    let state = states.findRecent(view, start, limit)
    if (state >= 0 && states.rows[state * F.COLUMNS + F.HOST] === head.host) {
      sink.event(point, state, head, this.line)
      return start + states.length(state) + 1
    }
    const hash = hashLine(bytes, view, start, Math.min(limit, start + MAX_RECORD), head.host)
    const at = hashedTo
    state = states.find(bytes, view, start, at, hash, plain)
    if (state >= 0 && states.rows[state * F.COLUMNS + F.HOST] === head.host) {
      sink.event(point, state, head, this.line)
      return at + 1
    }
    if (bytes[at] === NEWLINE && this.isUsual(bytes, view, start, at, limit)) {
      row[F.HOST] = head.host
      state = states.add(bytes, view, start, at, hash, row, plain ? telling : -1, this.packet)
      sink.event(point, state, head, this.line)
      return at + 1
    }
    return this.newState(bytes, start, at, limit, point, hash)
  }

  /** Nothing is missing, nothing is glued to it, and it does not go on in the next line: most lines by far. */
  private isUsual(bytes: Uint8Array, view: DataView, start: number, end: number, limit: number): boolean {
    const { host } = this.head
    const blank = bytes[end - 1]! <= 0x20
    const blanksUsual = this.blankEnds.has(host)
    if (!blank && (blanksUsual || end + 1 >= limit || goesOn(bytes, end + 1))) return false
    if (!readUsual(row, bytes, view, start, end, this.context.states.names, !blank)) return false
    if (blank && !blanksUsual) this.blankEnds.add(host)
    return true
  }

  /** A packet's headers that are not among the known ones; the line ends at `end`. */
  private newState(bytes: Uint8Array, start: number, end: number, limit: number, point: number, hash: number): number {
    const { states, sink } = this.context
    readHeaders(bytes, start, end, states.names)
    const next = end < limit && bytes[end] === NEWLINE ? end + 1 : end
    if (read.unclean) {
      this.scanCopy(cleaned(bytes, start, end), (copy, view) => this.event(copy, view, 0, copy.length, point))
      return next
    }
    if (read.end === end && !this.copied) {
      const joined = this.joinNext(bytes, start, end, limit)
      if (joined === 'wait') return WAIT
      if (joined) {
        this.tell('line-wrapped', 'log lines are broken into several; they were joined')
        this.scanCopy(joined.record, (copy, view) => this.event(copy, view, 0, copy.length, point))
        this.line += joined.lines
        return joined.next
      }
    }
    if (read.fields === 0) {
      this.skip('not-a-packet', 'a TRACE line without a packet was skipped')
      return next
    }
    const glued = read.end < end
    let source = bytes
    let from = start
    let to = glued ? behindBlank(bytes, read.end) : end
    const isCut = this.isCut(bytes, to, glued, next === limit)
    if (isCut) {
      source = new Uint8Array(to - start + 1)
      source.set(bytes.subarray(start, to))
      source[to - start] = CUT
      from = 0
      to = source.length
      readHeaders(source, from, to, states.names)
    }
    if (this.unfinished && next === limit && this.line > 1 && states.isRest(row)) {
      this.skip('line-cut', 'the last line ends before the addresses and ports of its packet; it was skipped')
      return next
    }
    if (isCut) this.tell('line-cut', 'a log line is truncated; its complete fields are used')
    if (glued) this.tell('lines-glued', 'two log lines stand in one; they were taken apart')
    if (read.blanksLost)
      this.tell('blanks-lost', 'blanks between fields are missing; fields were separated by their names')
    row[F.HOST] = this.head.host
    const place = plain && read.telling + 4 <= to - from ? read.telling : -1
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
    const state = states.add(source, view, from, to, hash, row, place, this.packet)
    sink.event(point, state, this.head, this.line)
    return glued ? start + (to - from) - (source === bytes ? 0 : 1) : next
  }

  private readonly packet: ReadPacket = (bytes, start, _end, row) =>
    packetOf(bytes, start, row, this.context.states.names)

  /** Is the end of a record missing? The kernel puts a blank behind every field of an IP packet. */
  private isCut(bytes: Uint8Array, end: number, glued: boolean, latestLine: boolean): boolean {
    // IPv6 ends behind ESP's bracket
    if (bytes[end - 1] === 0x29 && !read.whole) return false
    if (glued) return !read.whole && bytes[end - 1] !== 0x20
    const family = row[F.FAMILY]
    if (family === 0 || family === 7) return false
    let byte = bytes[end - 1]!
    if (byte === 0x0d) byte = bytes[end - 2]!
    if (byte <= 0x20) {
      if (read.whole) this.blankEnds.add(this.head.host)
      return false
    }
    return this.blankEnds.has(this.head.host) || (this.unfinished && latestLine && !read.whole)
  }

  /** The lines behind a record that was broken, put to it; nothing where they are no part of it. */
  private joinNext(
    bytes: Uint8Array,
    start: number,
    end: number,
    limit: number,
  ): { record: Uint8Array; next: number; lines: number } | 'wait' | undefined {
    // what is whole and ends as the kernel ends it goes on nowhere
    if (read.whole && (bytes[end - 1]! <= 0x20 || row[F.FAMILY] === 0 || row[F.FAMILY] === 7)) return undefined
    if (read.whole && end + 1 < limit && !goesOn(bytes, end + 1)) return undefined
    const joined = gather(bytes, start, end, limit, this.last, joinWrapped)
    if (joined === undefined || joined === 'wait') return joined
    return { ...joined, record: Uint8Array.from(`${joined.record}\n`, (letter) => letter.charCodeAt(0)) }
  }

  /** A line that ends before the packet's first field, with those behind it that are its rest; undefined where there are none. */
  private brokenHead(bytes: Uint8Array, lineStart: number, message: number, limit: number): number | undefined {
    const end = lineEnd(bytes, message, Math.min(limit, message + MAX_RECORD))
    if (bytes[end] !== NEWLINE) return undefined
    let inHead = true
    const joined = gather(bytes, message, end, limit, this.last, (begun, line) => {
      const head = inHead ? joinHead(begun, line) : undefined
      if (!inHead) return joinWrapped(begun, line)
      inHead = head?.more === true
      return head?.head
    })
    if (joined === 'wait') return WAIT
    if (joined === undefined) return undefined
    this.tell('line-wrapped', 'log lines are broken into several; they were joined')
    const front = decoder.decode(bytes.subarray(lineStart, message))
    this.scanWhole(Uint8Array.from(`${front}${joined.record}\n`, (letter) => letter.charCodeAt(0)))
    this.line += joined.lines
    return joined.next
  }

  /** Reads what is no part of the stream's bytes: no line comes behind it. */
  private scanCopy(copy: Uint8Array, scan: (copy: Uint8Array, view: DataView) => void): void {
    const { headOffset, glued, copied } = this
    this.copied = true
    scan(copy, new DataView(copy.buffer))
    this.headOffset = headOffset
    this.glued = glued
    this.copied = copied
  }

  private scanWhole(line: Uint8Array): void {
    this.scanCopy(line, (copy, view) => {
      this.glued = false
      this.headOffset = 0
      for (let at = 0; at < copy.length; this.glued = copy[at - 1] !== NEWLINE)
        at = this.scanLine(copy, view, at, copy.length)
    })
  }

  /** A line of LOG: its prefix is what stands between the wrapping and `IN=`, which is at `at`. */
  private logLine(bytes: Uint8Array, view: DataView, lineStart: number, at: number, end: number): number {
    // where nothing is wrong the line's end is not looked for: a glued line would be searched again for each record
    if (isUnclean(bytes, lineStart, at)) {
      const stop = lineEnd(bytes, at, end)
      this.scanWhole(cleaned(bytes, lineStart, stop))
      return stop + 1
    }
    const from = this.head.readLog(bytes, view, lineStart, at, this.glued)
    let hash = 0
    for (let i = from; i < at; i++) hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ bytes[i]!, MULTIPLIER)
    hash ^= hash >>> 15
    const { point, glued } = this.logs.find(bytes, view, from, at, hash)
    if (point >= 0) return this.event(bytes, view, at, end, point)
    if (point !== RULE) this.skip('cut-line', 'a part of a log line was skipped')
    return point === TWO_LINES ? at - glued : lineEnd(bytes, at, end) + 1
  }

  /** `TRACE:` and then nothing that xt_TRACE prints: coloured by grep or dmesg, a user's own prefix, cut, or prose. */
  private noTrace(bytes: Uint8Array, view: DataView, lineStart: number, message: number, end: number): number {
    const near = lineEnd(bytes, message, Math.min(end, message + MAX_PREFIX))
    if (isUnclean(bytes, lineStart, near)) {
      const stop = lineEnd(bytes, message, end)
      this.scanWhole(cleaned(bytes, lineStart, stop))
      return stop + 1
    }
    const at = findRecord(bytes, view, message + 6, end)
    if (bytes[at] === 0x49) return this.logLine(bytes, view, lineStart, at, end)
    const text = decoder.decode(bytes.subarray(message + 6, Math.min(near, message + 80)))
    if (/^ *(raw|mangle|nat|filter|security):/.test(text)) this.skip('cut-line', 'a part of a log line was skipped')
    return bytes[at] === NEWLINE ? at + 1 : at
  }

  /** Neither TRACE nor LOG: another program's, or the rest of a line whose beginning is missing. */
  private otherLine(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    if (tellsOfLoss(bytes, view, start, end)) {
      this.stats.lost++
      this.context.sink.lost?.(this.line)
      this.tell('events-lost', 'the log says that lines are missing here')
    }
    if (tailSeen) {
      const text = decoder.decode(bytes.subarray(start, Math.min(end, start + MAX_RECORD)))
      if (/\b(?:SRC|DST|SPT|DPT|PROTO)=\S+ .*\b[A-Z]{2,8}=/.test(text))
        this.skip('cut-line', 'a part of a log line was skipped')
    }
    return end + 1
  }

  private json(bytes: Uint8Array, start: number, end: number): number {
    const stop = lineEnd(bytes, start, end)
    const line = lineOfJson(bytes, start, stop)
    if (line) this.scanWhole(line)
    else this.skip('cut-line', 'a line of JSON is broken or has no message; it was skipped')
    return stop + 1
  }

  private skip(code: string, message: string): void {
    this.stats.skipped++
    this.tell(code, message)
  }

  /** Each kind once, with the first line it was met in: a broken log has thousands. */
  private tell(code: string, message: string): void {
    this.report(code, message, this.line)
  }
}

const lineEnd = (bytes: Uint8Array, from: number, end: number): number => {
  // only up to `end`: the newline may be far behind it
  const newline = bytes.subarray(from, end).indexOf(NEWLINE)
  return newline < 0 ? end : from + newline
}
