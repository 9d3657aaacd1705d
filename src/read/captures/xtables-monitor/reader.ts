/**
 * `xtables-monitor --trace` (docs/formats/xtables-monitor.md): a `PACKET:` line in front of a chain's first event, and
 * ` TRACE:` lines; both begin with the number of a family and the trace id. With -e also ` EVENT:` lines, for changes of
 * the ruleset.
 */
import * as F from '../header-fields.ts'
import { hashedTo, hashLine, plain } from '../kernel-log/line-hash.ts'
import { TracedLineTable } from '../traced-line-table.ts'
import { lineEnd, NEWLINE, readId, TracedReader, traceId } from '../traced-reader.ts'
import { type Event, readEvent } from './event.ts'
import { readHeaders, readPacket, row } from './packet.ts'

/** `PACK`, `ET: `, `TRAC`, `CE: ` as little-endian numbers. */
const PACK = 0x4b434150
const ET = 0x203a5445
const TRAC = 0x43415254
const CE = 0x203a4543

const decoder = new TextDecoder('latin1')

export class XtablesMonitorReader extends TracedReader {
  /** Lines of each family: the same words are another rule there. */
  private readonly tables = new Map<number, TracedLineTable<Event>>()
  /** Of the latest PACKET line, until its TRACE line comes: its state is held. */
  private waiting: { id: number; state: number; mark: number } | undefined

  override end(): void {
    super.end()
    this.forget()
  }

  protected scanLine(bytes: Uint8Array, view: DataView, lineStart: number, limit: number): number {
    const at = findLine(bytes, view, lineStart, limit)
    if (bytes[at] === NEWLINE || at >= limit) return this.otherLine(bytes, lineStart, at)
    const isPacket = view.getInt32(at, true) === PACK
    let from = at + (isPacket ? 'PACKET: '.length : 'TRACE: '.length)
    let family = 0
    for (; from < limit && bytes[from]! >= 0x30 && bytes[from]! <= 0x39; from++)
      family = family * 10 + (bytes[from]! - 0x30)
    const behind = bytes[from] === 0x20 && family < 256 ? readId(bytes, from + 1, limit) : -1
    if (behind < 0) {
      this.cutHere()
      return lineEnd(bytes, at, limit) + 1
    }
    this.moment.read(bytes, view, lineStart, at)
    return isPacket
      ? this.packet(bytes, view, behind + 1, limit, traceId)
      : this.event(bytes, view, behind + 1, limit, family, traceId)
  }

  private event(bytes: Uint8Array, view: DataView, from: number, limit: number, family: number, id: number): number {
    let table = this.tables.get(family)
    if (!table) {
      table = new TracedLineTable()
      this.tables.set(family, table)
    }
    const hash = hashLine(bytes, view, from, limit, 0)
    const end = hashedTo
    let event = table.find(view, from, end, hash)
    if (!event) {
      event = readEvent(this.context.points, family, bytes, from, end)
      if (event.point >= 0) table.keep(bytes, from, end, hash, event)
    }
    if (event.point < 0 || event.begin < 0) {
      this.cutHere()
      return end + 1
    }
    const { sink } = this.context
    const { waiting } = this
    if (waiting?.id === id) {
      sink.event(event.begin, waiting.state, this.moment, this.line, id, -1)
      sink.event(event.point, -1, this.moment, this.line, id, waiting.mark)
      this.context.states.release(waiting.state)
      this.waiting = undefined
    } else sink.event(event.point, -1, this.moment, this.line, id, -1)
    return end + 1
  }

  private packet(bytes: Uint8Array, view: DataView, start: number, limit: number, id: number): number {
    this.forget()
    const { states } = this.context
    const { host } = this.moment
    const hash = hashLine(bytes, view, start, limit, host)
    const newline = hashedTo
    const isPlain = plain
    const end = bytes[newline - 1] === 0x0d ? newline - 1 : newline
    const { mark, fields, telling } = readHeaders(bytes, start, end, states.names)
    if (fields === 0) {
      this.cutHere()
      return newline + 1
    }
    let state = states.find(bytes, view, start, end, hash, isPlain)
    if (state < 0 || states.rows[state * F.COLUMNS + F.HOST] !== host) {
      row[F.HOST] = host
      const place = isPlain && telling >= 0 && telling + 4 <= end - start ? telling : -1
      state = states.add(bytes, view, start, end, hash, row, place, this.readPacket)
    }
    states.retain(state)
    this.waiting = { id, state, mark }
    return newline + 1
  }

  /** A PACKET line whose TRACE line is missing. */
  private forget(): void {
    if (!this.waiting) return
    this.context.states.release(this.waiting.state)
    this.waiting = undefined
    this.cutHere()
  }

  private readonly readPacket = (bytes: Uint8Array, start: number, end: number) =>
    readPacket(bytes, start, end, this.context.states.names)

  private otherLine(bytes: Uint8Array, start: number, end: number): number {
    const text = decoder.decode(bytes.subarray(start, Math.min(end, start + 200)))
    if (/No buffer space available/.test(text)) this.lostHere()
    else if (/\bEVENT: |\bNEWGEN: GENID/.test(text)) this.changedHere()
    else if (/\bSRC=\S+ DST=\S|:(?:rule:0x|policy:[A-Z]|return:)/.test(text)) this.cutHere()
    return end + 1
  }
}

/** Where `PACKET: ` or `TRACE: ` begins in the line from `start` on; or where the line ends. */
function findLine(bytes: Uint8Array, view: DataView, start: number, limit: number): number {
  let at = start
  for (; at < limit; at++) {
    const byte = bytes[at]
    if (byte === NEWLINE) return at
    if ((byte !== 0x50 && byte !== 0x54) || at + 8 > limit) continue
    const four = view.getInt32(at, true)
    if (four === PACK && view.getInt32(at + 4, true) === ET) return at
    if (four === TRAC && view.getInt32(at + 3, true) === CE) return at
  }
  return at
}
