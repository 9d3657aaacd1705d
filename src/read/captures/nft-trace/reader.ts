/**
 * `nft monitor trace` (docs/formats/nft-trace.md): lines of events, each with the trace id of its packet, and before a
 * base chain's first event the packet itself. The same few lines come again and again but for the id, so each distinct
 * one is read once; and a packet's headers once for each hook in which they differ.
 */
import type { CaptureContext } from '../format.ts'
import * as F from '../header-fields.ts'
import { hashedTo, hashLine, plain } from '../kernel-log/line-hash.ts'
import { gather, MAX_RECORD } from '../kernel-log/wrapped.ts'
import { TracedLineTable } from '../traced-line-table.ts'
import { lineEnd, NEWLINE, readId, TracedReader, traceId, WAIT } from '../traced-reader.ts'
import { readEvent } from './event.ts'
import { Fragments } from './fragments.ts'
import { read, readHeaders, row } from './headers.ts'
import { type KnownLine, LatestLines } from './latest-lines.ts'
import { onceEach } from './once-each.ts'
import { readPacket } from './packet.ts'
import { readUsual, telling, udpLength, usualEnd, usualHash } from './usual.ts'
import { joinEvent, joinHeaders, otherLine } from './wrapped.ts'

/** `trac`, `e id`; `pack`, `ket:`; `conn`, `trac`, `ack:` as little-endian numbers. */
const TRAC = 0x63617274
const E_ID = 0x64692065
const PACK = 0x6b636170
const KET = 0x3a74656b
const CONN = 0x6e6e6f63
const ACK = 0x3a6b6361
const INTRODUCTION = 'trace id '.length
const BLANK = 0x20

export class NftTraceReader extends TracedReader {
  private readonly table = new TracedLineTable<KnownLine>()
  private readonly latest = new LatestLines()
  private readonly fragments = new Fragments()
  /** Where `trace id` was in the last line. */
  private offset = 0
  /** What is read is a copy, put together of several lines. */
  private copied = false
  /** The latest `conntrack:` line: it stands in front of its packet's, which may stand there twice. */
  private conntrack: { id: number; bytes: Uint8Array; usedAt: number } | undefined

  constructor(context: CaptureContext) {
    super({ ...context, sink: onceEach(context) })
  }

  protected scanLine(bytes: Uint8Array, view: DataView, lineStart: number, limit: number): number {
    let at = lineStart + this.offset
    if (
      !(
        at + 8 < limit &&
        view.getInt32(at, true) === TRAC &&
        view.getInt32(at + 4, true) === E_ID &&
        bytes[at + 8] === BLANK
      )
    ) {
      at = findTrace(bytes, view, lineStart, limit)
      if (bytes[at] === NEWLINE || at >= limit) return this.otherLine(bytes, lineStart, at)
      this.offset = at - lineStart
    }
    const message = at
    if (!this.moment.read(bytes, view, lineStart, message)) {
      // what stands there is the next line's
      this.offset = 0
      return this.scanLine(bytes, view, lineStart, limit)
    }
    at = readId(bytes, message + INTRODUCTION, limit)
    const id = traceId
    if (at < 0) return this.broken(bytes, message, limit)
    return this.event(bytes, view, at + 1, limit, id)
  }

  /** `from`: behind the id. */
  private event(bytes: Uint8Array, view: DataView, from: number, limit: number, id: number): number {
    const latest = this.latest.find(view, from, limit)
    if (latest) {
      const behind = from + latest.length + 1
      if (latest.behind !== NEWLINE) return this.packet(bytes, view, behind, limit, id, latest.point)
      this.context.sink.event(latest.point, -1, this.moment, this.line, id, latest.mark)
      return behind
    }
    // family, table and chain, and the word behind them
    let at = from
    for (let blanks = 0; at < limit; at++) if (bytes[at]! <= 0x20 && (bytes[at] === NEWLINE || ++blanks === 3)) break
    // a line may end in front of that word, and the next one begin with it
    const goesOn = at < limit && bytes[at] !== NEWLINE
    if (goesOn && at + 8 < limit && view.getInt32(at + 1, true) === PACK && view.getInt32(at + 4, true) === KET) {
      const begin = this.begin(bytes, view, from, at + 8)
      return this.packet(bytes, view, bytes[at + 8] === 0x20 ? at + 9 : at + 8, limit, id, begin.point)
    }
    if (
      goesOn &&
      at + 11 < limit &&
      view.getInt32(at + 1, true) === CONN &&
      view.getInt32(at + 5, true) === TRAC &&
      view.getInt32(at + 7, true) === ACK
    )
      return this.conntrackLine(bytes, at + 11, limit, id)
    const hash = hashLine(bytes, view, from, limit, 0)
    const end = hashedTo
    const known = this.table.find(view, from, end, hash)
    if (!known) return this.newEvent(bytes, from, end, limit, id, hash)
    this.latest.note(known)
    this.context.sink.event(known.point, -1, this.moment, this.line, id, known.mark)
    return end + 1
  }

  private newEvent(bytes: Uint8Array, from: number, end: number, limit: number, id: number, hash: number): number {
    const line = this.read(bytes, from, end)
    if (line.point >= 0) {
      this.keep(bytes, from, end, hash, line, NEWLINE)
      this.context.sink.event(line.point, -1, this.moment, this.line, id, line.mark)
      return end + 1
    }
    if (!this.copied) {
      const joined = gather(bytes, from, end, limit, this.last, joinEvent)
      if (joined === 'wait') return WAIT
      if (joined) {
        const copy = bytesOf(joined.record)
        this.tellWrapped()
        this.copied = true
        this.event(copy, new DataView(copy.buffer), 0, copy.length, id)
        this.copied = false
        this.line += joined.lines
        return joined.next
      }
    }
    this.cutHere()
    return end + 1
  }

  private begin(bytes: Uint8Array, view: DataView, start: number, end: number): KnownLine {
    const hash = hashLine(bytes, view, start, end, 0)
    const known = this.table.find(view, start, end, hash)
    if (known) {
      if (known.point >= 0) this.latest.note(known)
      return known
    }
    const line = this.read(bytes, start, end)
    this.keep(bytes, start, end, hash, line, BLANK)
    return line
  }

  private read(bytes: Uint8Array, start: number, end: number): KnownLine {
    const { point, mark } = readEvent(this.context.points, bytes, start, end)
    return { point, mark, view: undefined, length: end - start, behind: 0 }
  }

  /** Just now hashed, so it is known whether all of it is plain. */
  private keep(bytes: Uint8Array, start: number, end: number, hash: number, line: KnownLine, behind: number): void {
    const isPlain = plain
    const kept = this.table.keep(bytes, start, end, hash, line)
    if (kept && isPlain) line.view = new DataView(kept.buffer)
    line.behind = behind
  }

  /** The headers from `start` on; they are those of all events up to the next such line. */
  private packet(bytes: Uint8Array, view: DataView, start: number, limit: number, id: number, point: number): number {
    // a rule's line follows it in what is whole, and half an address or port is read as another one
    if (point < 0 || this.isUnfinished(bytes, start, limit)) return this.broken(bytes, start, limit)
    if (this.conntrack) {
      const { conntrack, line } = this
      const isIts = conntrack.id === id && (conntrack.usedAt < 0 || line === conntrack.usedAt + 1)
      if (isIts && !this.copied) {
        conntrack.usedAt = line
        return this.withConntrack(bytes, start, limit, id, point, conntrack.bytes)
      }
      if (!this.copied) this.conntrack = undefined
    }
    const { states } = this.context
    const { host } = this.moment
    let state = states.findRecent(view, start, limit)
    if (state >= 0 && states.rows[state * F.COLUMNS + F.HOST] === host) {
      this.context.sink.event(point, state, this.moment, this.line, id, -1)
      return start + states.length(state) + 1
    }
    if (!readUsual(row, bytes, view, start, limit, states.names, host))
      return this.unusual(bytes, view, start, limit, id, point)
    const end = usualEnd
    state = states.find(bytes, view, start, end, usualHash, true)
    if (state < 0 || states.rows[state * F.COLUMNS + F.HOST] !== host) {
      row[F.HOST] = host
      this.fragments.note(row, udpLength)
      const at = telling + 4 <= end - start ? telling : -1
      state = states.add(bytes, view, start, end, usualHash, row, at, this.readPacket)
    }
    this.context.sink.event(point, state, this.moment, this.line, id, -1)
    return end + 1
  }

  /** Headers that are read word by word. */
  private unusual(bytes: Uint8Array, view: DataView, start: number, limit: number, id: number, point: number): number {
    const { states } = this.context
    const { host } = this.moment
    const hash = hashLine(bytes, view, start, limit, host)
    const newline = hashedTo
    const isPlain = plain
    const end = bytes[newline - 1] === 0x0d ? newline - 1 : newline
    let state = states.find(bytes, view, start, end, hash, isPlain)
    if (state < 0 || states.rows[state * F.COLUMNS + F.HOST] !== host) {
      readHeaders(bytes, start, end, states.names)
      // nft puts a blank behind every field
      if (!this.copied && (bytes[end - 1] !== 0x20 || read.unknown >= 0)) {
        const joined = gather(bytes, start, end, limit, this.last, joinHeaders)
        if (joined === 'wait') return WAIT
        if (joined) {
          this.tellWrapped()
          this.packetCopy(bytesOf(joined.record), id, point)
          this.line += joined.lines
          return joined.next
        }
        readHeaders(bytes, start, end, states.names)
      }
      if (read.unknown >= 0)
        this.tell('unknown-words', 'a packet line has unknown words; the words before and after them are used')
      row[F.HOST] = host
      this.fragments.note(row, read.udpLength)
      const at = isPlain && read.telling >= 0 && read.telling + 4 <= end - start ? read.telling : -1
      state = states.add(bytes, view, start, end, hash, row, at, this.readPacket)
    }
    this.context.sink.event(point, state, this.moment, this.line, id, -1)
    return newline + 1
  }

  private packetCopy(copy: Uint8Array, id: number, point: number): void {
    this.copied = true
    this.packet(copy, new DataView(copy.buffer), 0, copy.length, id, point)
    this.copied = false
  }

  private withConntrack(
    bytes: Uint8Array,
    start: number,
    limit: number,
    id: number,
    point: number,
    words: Uint8Array,
  ): number {
    const newline = lineEnd(bytes, start, limit)
    const copy = new Uint8Array(newline - start + words.length + 2)
    copy.set(bytes.subarray(start, newline))
    copy[newline - start] = 0x20
    copy.set(words, newline - start + 1)
    copy[copy.length - 1] = NEWLINE
    this.packetCopy(copy, id, point)
    return newline + 1
  }

  private conntrackLine(bytes: Uint8Array, start: number, limit: number, id: number): number {
    const end = lineEnd(bytes, start, limit)
    this.conntrack = { id, bytes: bytes.slice(start, Math.min(end, start + MAX_RECORD)), usedAt: -1 }
    return end + 1
  }

  private readonly readPacket = (bytes: Uint8Array, start: number, end: number, kept: Int32Array) =>
    readPacket(bytes, start, end, this.context.states.names, kept)

  /** Neither an event nor a packet. */
  private otherLine(bytes: Uint8Array, start: number, end: number): number {
    const what = end - start < 8 ? undefined : otherLine(bytes, start, end)
    if (what === 'lost') this.lostHere()
    else if (what === 'change') this.changedHere()
    else if (what === 'rest') this.cutHere()
    return end + 1
  }

  private broken(bytes: Uint8Array, from: number, limit: number): number {
    this.cutHere()
    return lineEnd(bytes, from, limit) + 1
  }

  private tellWrapped(): void {
    this.tell('line-wrapped', 'lines of the trace are broken into several; they were joined')
  }
}

/** Where `trace id ` begins in the line from `start` on; or where the line ends. */
function findTrace(bytes: Uint8Array, view: DataView, start: number, limit: number): number {
  let at = start
  for (; at < limit && bytes[at] !== NEWLINE; at++)
    if (
      bytes[at] === 0x74 &&
      at + 8 < limit &&
      view.getInt32(at, true) === TRAC &&
      view.getInt32(at + 4, true) === E_ID &&
      bytes[at + 8] === BLANK
    )
      return at
  return at
}

const bytesOf = (record: string): Uint8Array => Uint8Array.from(`${record}\n`, (letter) => letter.charCodeAt(0))
