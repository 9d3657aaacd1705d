/** What the readers of both monitors share: whole lines out of pieces, and telling what could not be used. */
import { once, type Report } from '../../model/diagnostic.ts'
import type { CaptureContext, CaptureReader } from './format.ts'
import { Lines } from './kernel-log/lines.ts'
import { plainBytes } from './plain-bytes.ts'
import { TracedMoment } from './traced-moment.ts'

export const NEWLINE = 0x0a
/** What scanLine says when it wants the next line first. */
export const WAIT = -1

/**
 * Lines behind the monitor's word of a loss in which events may be missing. The kernel drops what comes behind all that the
 * monitor has not read yet: of its 32 MB (nft, src/mnl.c: NFTABLES_NLEVENT_BUFSIZ, which the kernel doubles) each message
 * takes 768 bytes at least.
 */
const LOSS_BEHIND = 50_000

export abstract class TracedReader implements CaptureReader {
  readonly stats = { bytes: 0, skipped: 0, lost: 0 }
  protected readonly context: CaptureContext
  protected readonly moment: TracedMoment
  protected line = 0
  /** Nothing comes behind the lines at hand; and the very last has no newline. */
  protected last = false
  private unfinished = false
  private readonly lines: Lines
  /** Up to this line events may be missing. */
  private losingUntil = Number.POSITIVE_INFINITY
  private readonly report: Report

  constructor(context: CaptureContext) {
    this.context = context
    this.report = once(context.report)
    this.moment = new TracedMoment(context.states.names)
    this.lines = new Lines(
      (bytes, start, end, last, unfinished) => this.scan(bytes, start, end, last, unfinished),
      () => {
        this.line++
        this.skip('line-too-long', 'a line of more than 1 MB is no trace; it was skipped')
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

  /** Reads the line at `lineStart`; says where the next one begins, or WAIT. */
  protected abstract scanLine(bytes: Uint8Array, view: DataView, lineStart: number, limit: number): number

  /** Whole lines: `bytes[end - 1]` is a newline. Says where the first line begins that has to wait for the next. */
  private scan(bytes: Uint8Array, start: number, end: number, last: boolean, unfinished: boolean): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.last = last
    this.unfinished = unfinished
    let at = start
    while (at < end) {
      if (++this.line > this.losingUntil) this.lossIsOver()
      const next = this.scanLine(bytes, view, at, end)
      if (next === WAIT) {
        this.line--
        return at
      }
      at = next
    }
    return at
  }

  /** The capture ends in the midst of the line that `from` is in, or may. */
  protected isUnfinished(bytes: Uint8Array, from: number, limit: number): boolean {
    return this.unfinished && lineEnd(bytes, from, limit) + 1 === limit
  }

  protected lostHere(): void {
    this.stats.lost++
    this.context.sink.lost?.(this.line, true)
    this.losingUntil = this.line + LOSS_BEHIND
    this.tell('events-lost', 'the monitor reports lost events here: it was slower than the kernel')
  }

  private lossIsOver(): void {
    this.context.sink.lost?.(this.line)
    this.losingUntil = Number.POSITIVE_INFINITY
  }

  protected changedHere(): void {
    this.skip('ruleset-change', 'rules were changed during this capture; the lines about this are skipped')
  }

  protected cutHere(): void {
    this.skip('cut-line', 'an incomplete line of the trace was skipped')
  }

  protected skip(code: string, message: string): void {
    this.stats.skipped++
    this.tell(code, message)
  }

  /** Each kind once, with the first line it was met in. */
  protected tell(code: string, message: string): void {
    this.report(code, message, this.line)
  }
}

export const lineEnd = (bytes: Uint8Array, from: number, limit: number): number => {
  const newline = bytes.subarray(from, limit).indexOf(NEWLINE)
  return newline < 0 ? limit : from + newline
}

/** What was read last by readId: the id, as an unsigned number. */
export let traceId = 0

/** A lower-case hexadecimal digit's value; more than 15 for what is none. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte))
  return value < 0 ? 16 : value
})

/** Up to eight hex digits with a blank behind them: says where the blank is; -1 where that is no id. */
export function readId(bytes: Uint8Array, from: number, limit: number): number {
  let id = 0
  let at = from
  for (let digit = HEX[bytes[at]!]!; digit < 16 && at < limit; digit = HEX[bytes[++at]!]!) id = (id << 4) | digit
  traceId = id >>> 0
  return at === from || at - from > 8 || bytes[at] !== 0x20 ? -1 : at
}
