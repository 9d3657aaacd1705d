/**
 * The latest lines that began as the one at hand does, each found without a hash of the whole line and without looking
 * for its end. Most lines of a trace are among a few dozen.
 */
import { SHORTEST, samePlain } from '../same-plain.ts'
import type { Meaning } from '../traced-line-table.ts'

export interface KnownLine extends Meaning {
  /** Its bytes, where they are all plain: ASCII, none NUL; else undefined. */
  view: DataView | undefined
  length: number
  /** The byte that has to stand behind them: a newline, or the blank behind `packet:`. */
  behind: number
}

/** Lines are told apart by as many bytes: family, table, chain and often what comes then. */
const BEGINNING = 32
const PLACES = 256
const MULTIPLIER = 0x9e3779b1 | 0

export class LatestLines {
  private readonly lines: (KnownLine | undefined)[] = new Array(PLACES).fill(undefined)
  /** Where the line that was last looked for would be. */
  private place = 0

  /** The known line that stands at `start`, or undefined. */
  find(view: DataView, start: number, limit: number): KnownLine | undefined {
    if (start + BEGINNING > limit) {
      this.place = -1
      return undefined
    }
    let a = 0
    let b = 0
    for (let at = start; at < start + BEGINNING; at += 8) {
      a = (Math.imul(a, MULTIPLIER) + view.getInt32(at, true)) | 0
      b = (Math.imul(b, MULTIPLIER) + view.getInt32(at + 4, true)) | 0
    }
    this.place = Math.imul(a ^ (a >>> 15) ^ b ^ (b >>> 13), MULTIPLIER) >>> 24
    const line = this.lines[this.place]
    if (line === undefined) return undefined
    const end = start + line.length
    if (end >= limit || view.getUint8(end) !== line.behind) return undefined
    return samePlain(line.view!, 0, view, start, line.length) ? line : undefined
  }

  /** The line that was looked for and not found. */
  note(line: KnownLine): void {
    if (this.place >= 0 && line.view !== undefined && line.length >= SHORTEST) this.lines[this.place] = line
  }
}
