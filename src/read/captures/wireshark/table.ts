/**
 * Tables of Wireshark: File → Export Packet Dissections → As CSV, with the columns of the user's window, and `tshark -T
 * fields -E header=y` with any separator and quotes. Without the line of titles only what shows itself is taken: the
 * prefix, the time, and the first two addresses.
 */
import type { CaptureContext, CaptureReader, CaptureStats } from '../format.ts'
import { Lines } from '../kernel-log/lines.ts'
import { plainBytes } from '../plain-bytes.ts'
import { type Columns, readTitles, splitLine, withQuote } from './columns.ts'
import { fieldOfTitle } from './fields.ts'
import { WiresharkRow } from './row.ts'
import { guessColumns } from './untitled.ts'

const NEWLINE = 0x0a

export class WiresharkTableReader implements CaptureReader {
  readonly stats: CaptureStats = { bytes: 0, skipped: 0 }
  private readonly row: WiresharkRow
  private readonly lines: Lines
  private readonly decoder = new TextDecoder()
  private columns: Columns | undefined
  /** The titles have been read, and no line below them yet. */
  private fresh = false
  private line = 0

  constructor(context: CaptureContext) {
    this.row = new WiresharkRow(context, this.stats)
    this.lines = new Lines(
      (bytes, start, end, last, unfinished) => this.take(bytes, start, end, last && unfinished),
      () => {
        this.line++
        this.row.skip('line-too-long', 'a line of more than 1 MB was skipped', this.line)
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
    this.row.close()
  }

  /** `unfinished`: the last line has no newline. */
  private take(bytes: Uint8Array, start: number, end: number, unfinished: boolean): number {
    for (let at = start; at < end; ) {
      const newline = bytes.indexOf(NEWLINE, at)
      this.line++
      const text = this.decoder.decode(bytes.subarray(at, newline))
      at = newline + 1
      this.read(text.endsWith('\r') ? text.slice(0, -1) : text, unfinished && at === end)
    }
    return end
  }

  private read(line: string, unfinished: boolean): void {
    if (line === '') return
    const titles = this.columns && !couldBeTitles(line) ? undefined : readTitles(line, fieldOfTitle)
    if (titles) {
      this.columns = titles
      this.fresh = true
      return
    }
    if (!this.columns) this.guess(line)
    if (!this.columns) return
    if (this.fresh) this.columns = withQuote(this.columns, line)
    this.fresh = false
    const { fields, separator, quote } = this.columns
    const values = splitLine(line, separator, quote)
    // the last value that is there may be half of one
    if (unfinished && values.length < fields.length && this.line > 2) {
      this.row.skip('row-cut', 'the last line ends before its last column; it was skipped', this.line)
      return
    }
    this.row.begin()
    for (let i = 0; i < values.length; i++) {
      const field = fields[i]
      if (field !== undefined) this.row.take(field, values[i]!)
    }
    this.row.end(this.line)
  }

  private guess(line: string): void {
    this.columns = guessColumns(line)
    const message = 'the table has no header line (-E header=y): nfwhy uses only the prefix, the time and the addresses'
    if (this.columns) this.row.tell('no-titles', message, this.line)
    else if (line.includes('TRACE:')) this.row.skip('not-a-packet', 'a line without a prefix was skipped', this.line)
  }
}

/** Two tables may stand behind each other. */
const couldBeTitles = (line: string): boolean =>
  /nflog\.(?:prefix|tlv)|\bPrefix\b/.test(line) && !line.includes('TRACE:')
