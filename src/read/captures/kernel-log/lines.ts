/** Cuts a stream of bytes into whole lines, whatever pieces it comes in. */
const NEWLINE = 0x0a
/** A line longer than this is no log's: the rest of it is passed over. */
export const MAX_LINE = 1 << 20
/** Bigger pieces are taken in parts, so that no part can hold a line that is too long. */
const MAX_PIECE = 1 << 18

/**
 * Takes whole lines, `bytes[start, end)` with a newline at the end; gives how far it got: what is behind that comes
 * again with the next line. `last`: no more lines come, and `unfinished`: the last one had no newline.
 */
export type TakeLines = (bytes: Uint8Array, start: number, end: number, last: boolean, unfinished: boolean) => number

export class Lines {
  private readonly take: TakeLines
  private readonly onOverlong: () => void
  /** The beginning of a line whose end has not come yet, and lines that wait for the next one. */
  private rest = new Uint8Array(4096)
  private used = 0
  /** Where in it the line begins whose end has not come. */
  private begun = 0
  /** Inside a line that is too long. */
  private skipping = false

  constructor(take: TakeLines, onOverlong: () => void) {
    this.take = take
    this.onOverlong = onOverlong
  }

  push(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += MAX_PIECE) this.pushPiece(chunk.subarray(from, from + MAX_PIECE))
  }

  private pushPiece(piece: Uint8Array): void {
    let from = 0
    while (this.used > 0 || this.skipping) {
      const newline = piece.indexOf(NEWLINE, from)
      const until = newline < 0 ? piece.length : newline + 1
      if (!this.skipping) this.keep(piece, from, until)
      from = until
      if (newline < 0) return
      if (this.skipping) this.skipping = false
      else this.flush(false, false)
    }
    const end = piece.lastIndexOf(NEWLINE) + 1
    if (end > from) from = this.take(piece, from, end, false, false)
    if (from === piece.length) return
    this.keep(piece, from, Math.max(from, end))
    this.begun = this.used
    this.keep(piece, Math.max(from, end), piece.length)
  }

  end(): void {
    if (this.used === 0) return
    const unfinished = this.begun < this.used
    if (unfinished) this.keep(Uint8Array.of(NEWLINE), 0, 1)
    this.flush(true, unfinished)
  }

  private flush(last: boolean, unfinished: boolean): void {
    const got = this.take(this.rest, 0, this.used, last, unfinished)
    this.rest.copyWithin(0, got, this.used)
    this.used -= got
    this.begun = this.used
  }

  private keep(bytes: Uint8Array, from: number, until: number): void {
    const length = this.used + until - from
    const line = length - this.begun - (until > from && bytes[until - 1] === NEWLINE ? 1 : 0)
    if (line > MAX_LINE) {
      // lines that waited for this one get none
      if (this.begun > 0) this.take(this.rest, 0, this.begun, true, false)
      this.used = this.begun = 0
      this.skipping = true
      this.onOverlong()
      return
    }
    if (length > this.rest.length) {
      const bigger = new Uint8Array(Math.max(length, this.rest.length * 2))
      bigger.set(this.rest.subarray(0, this.used))
      this.rest = bigger
    }
    this.rest.set(bytes.subarray(from, until), this.used)
    this.used = length
  }
}
