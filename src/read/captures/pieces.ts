/** A stream of bytes that comes in pieces cut anywhere → whole records, one after the other. */
import { plainBytes } from './plain-bytes.ts'

/**
 * Reads the record that begins at `start`. Gives its length, also where that is more than is there: then the rest of it
 * is passed over. Less than 0: so many bytes (their number, negated) are needed to tell; a reader bounds that.
 */
export type NextRecord = (bytes: Uint8Array, view: DataView, start: number, end: number) => number

export class Pieces {
  private readonly next: NextRecord
  /** The beginning of a record whose end has not come yet. */
  private rest = new Uint8Array(4096)
  private used = 0
  /** How long it has to be before it is looked at again. */
  private need = 1
  /** Of a record that is passed over. */
  private skipping = 0

  constructor(next: NextRecord) {
    this.next = next
  }

  /** Bytes of a record that did not end. */
  get left(): number {
    return this.used + this.skipping
  }

  /** Is a record passed over that was read, whose end has not come? */
  get skips(): boolean {
    return this.skipping > 0
  }

  push(given: Uint8Array): void {
    const chunk = plainBytes(given)
    let at = 0
    while (at < chunk.length && (this.used > 0 || this.skipping > 0)) {
      const wanted = this.skipping > 0 ? this.skipping : this.need - this.used
      const until = Math.min(chunk.length, at + wanted)
      if (this.skipping > 0) this.skipping -= until - at
      else {
        this.keep(chunk, at, until)
        if (this.used >= this.need) this.readRest()
      }
      at = until
    }
    if (at < chunk.length) this.read(chunk, at)
  }

  private readRest(): void {
    const { rest, used } = this
    this.used = 0
    this.read(rest.subarray(0, used), 0)
  }

  private read(bytes: Uint8Array, from: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = bytes.length
    let at = from
    while (at < end) {
      const length = this.next(bytes, view, at, end)
      if (length < 0) {
        this.need = Math.max(-length, end - at + 1)
        this.keep(bytes, at, end)
        return
      }
      at += length
    }
    this.skipping = at - end
  }

  private keep(bytes: Uint8Array, from: number, until: number): void {
    const length = this.used + until - from
    if (length > this.rest.length) {
      const bigger = new Uint8Array(Math.max(length, this.rest.length * 2))
      bigger.set(this.rest.subarray(0, this.used))
      this.rest = bigger
    }
    if (bytes.buffer === this.rest.buffer) this.rest.copyWithin(this.used, from, until)
    else this.rest.set(bytes.subarray(from, until), this.used)
    this.used = length
  }
}
