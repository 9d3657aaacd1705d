/** When batches are stored: each later than the one before. */
export class StoredClock {
  private last = 0

  /** Microseconds since 1970. */
  next(): number {
    this.last = Math.max(this.last + 1, Date.now() * 1000)
    return this.last
  }
}
