/**
 * A stream of JSON objects → one after the other, whether they stand a line each, in an array, or indented. Logs are cut
 * and broken over lines on their way: where a line begins with an object in the first columns, a new row begins, whatever
 * was open. What stands between rows comes as lines of text.
 */
const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

/** Longer rows are passed over. */
const MOST_ROW = 1 << 22
/** tshark indents the objects of its array by two blanks. */
const MOST_INDENT = 2

export interface RowSink {
  /**
   * `text` is one object; `line` where it began. `whole`: its last bracket was there. `isEnd`: the capture ends in it, and rows
   * stand in front of it.
   */
  row(text: string, line: number, whole: boolean, isEnd: boolean): void
  /** A line that holds no object. */
  other(text: string, line: number): void
  tooLong(line: number): void
}

export class JsonRows {
  private readonly sink: RowSink
  private readonly decoder = new TextDecoder()
  /** The row, or other text, whose end has not come yet. */
  private kept = new Uint8Array(4096)
  private used = 0
  private depth = 0
  private inString = false
  private escaped = false
  /** Blanks since the line began, or -1 behind something else. */
  private indent = 0
  private skipping = false
  private line = 1
  private rowLine = 1
  /** So many were handed on. */
  private rows = 0

  constructor(sink: RowSink) {
    this.sink = sink
  }

  push(chunk: Uint8Array): void {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (byte === OPEN && this.indent >= 0 && (this.depth > 0 || this.skipping)) {
        // a row begins, and another one has not ended
        this.keep(chunk, from, at)
        this.flush(false)
        from = at
        this.begin()
      } else if (this.depth === 0) {
        if (byte === OPEN) {
          this.keep(chunk, from, at)
          this.flush(false)
          from = at
          this.begin()
        } else if (byte === NEWLINE) {
          this.keep(chunk, from, at)
          this.flush(false)
          from = at + 1
        }
      } else if (this.inString) {
        if (this.escaped) this.escaped = false
        else if (byte === BACKSLASH) this.escaped = true
        else if (byte === QUOTE) this.inString = false
      } else if (byte === QUOTE) this.inString = true
      else if (byte === OPEN) this.depth++
      else if (byte === CLOSE && --this.depth === 0) {
        this.keep(chunk, from, at + 1)
        this.flush(true)
        from = at + 1
      }
      if (byte === NEWLINE) {
        this.line++
        this.indent = 0
      } else if (this.indent >= 0) this.indent = byte === 0x20 && this.indent < MOST_INDENT ? this.indent + 1 : -1
    }
    this.keep(chunk, from, chunk.length)
  }

  end(): void {
    this.flush(false, true)
  }

  private begin(): void {
    this.depth = 1
    this.inString = this.escaped = this.skipping = false
    this.rowLine = this.line
  }

  private flush(whole: boolean, last = false): void {
    const { kept, used, depth } = this
    const isRow = whole || depth > 0
    this.used = this.depth = 0
    if (this.skipping) {
      this.skipping = false
      return
    }
    if (used === 0) return
    if (isRow) {
      this.sink.row(this.decoder.decode(kept.subarray(0, used)), this.rowLine, whole, last && this.rows > 0)
      this.rows++
    } else {
      const text = this.decoder.decode(kept.subarray(0, used)).trim()
      if (text !== '' && text !== '[' && text !== ']' && text !== ',') this.sink.other(text, this.line)
    }
  }

  private keep(bytes: Uint8Array, from: number, until: number): void {
    if (this.skipping || until === from) return
    const length = this.used + until - from
    if (length > MOST_ROW) {
      this.sink.tooLong(this.depth > 0 ? this.rowLine : this.line)
      this.skipping = true
      this.used = 0
      return
    }
    if (length > this.kept.length) {
      const bigger = new Uint8Array(Math.max(length, this.kept.length * 2))
      bigger.set(this.kept.subarray(0, this.used))
      this.kept = bigger
    }
    this.kept.set(bytes.subarray(from, until), this.used)
    this.used = length
  }
}
