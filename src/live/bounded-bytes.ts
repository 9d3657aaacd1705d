/** Bytes that come in pieces of any size, copied, up to a bound; what comes behind it is counted and dropped. */

/** Of the pieces that are kept: single bytes cost no more than many. */
const LEAST = 1 << 12
const MOST = 1 << 20

export class BoundedBytes {
  /** Kept, and dropped. */
  length = 0
  dropped = 0
  private readonly bound: number
  private readonly full: Uint8Array[] = []
  private open = new Uint8Array(0)
  private used = 0

  constructor(bound: number) {
    this.bound = bound
  }

  add(bytes: Uint8Array): void {
    const taken = Math.min(bytes.length, this.bound - this.length)
    this.dropped += bytes.length - taken
    this.length += taken
    for (let at = 0; at < taken; ) {
      if (this.used === this.open.length) this.openNext()
      const piece = bytes.subarray(at, Math.min(taken, at + this.open.length - this.used))
      this.open.set(piece, this.used)
      this.used += piece.length
      at += piece.length
    }
  }

  all(): Uint8Array {
    const all = new Uint8Array(this.length)
    let at = 0
    for (const piece of [...this.full, this.open.subarray(0, this.used)]) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }

  private openNext(): void {
    if (this.used > 0) this.full.push(this.open)
    this.open = new Uint8Array(Math.min(MOST, Math.max(LEAST, this.length, 2 * this.open.length)))
    this.used = 0
  }
}
