/** Lines of a trace and what they mean: each distinct one is read once, as far as there is room to keep it. */

/** What one line says besides whose it is. */
export interface Meaning {
  /** The trace point; -1: the line is none that is used. */
  point: number
  /** The packet's mark behind the event; -1: not shown. */
  mark: number
}

interface Entry<T> {
  words: Int32Array
  length: number
  hash: number
  meaning: T
}

/** Bytes of lines kept; what comes behind is read each time. */
const ROOM = 1 << 25

export class TracedLineTable<T = Meaning> {
  private slots: (Entry<T> | undefined)[] = new Array(1024)
  private count = 0
  private bytes = 0

  /** The meaning of `bytes[start, end)`, or undefined. `hash` is any good one, the same for the same bytes. */
  find(view: DataView, start: number, end: number, hash: number): T | undefined {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]
      if (entry === undefined) return undefined
      if (entry.hash === hash && entry.length === end - start && same(entry.words, view, start, end))
        return entry.meaning
    }
  }

  /** Gives the bytes it keeps, with zeros behind them; undefined where there is no room. */
  keep(bytes: Uint8Array, start: number, end: number, hash: number, meaning: T): Int32Array | undefined {
    if (this.bytes > ROOM) return undefined
    this.bytes += end - start + 64
    const padded = new Uint8Array((end - start + 3) & ~3)
    padded.set(bytes.subarray(start, end))
    const words = new Int32Array(padded.buffer)
    this.put({ words, length: end - start, hash, meaning })
    if (++this.count * 2 > this.slots.length) {
      const old = this.slots
      this.slots = new Array(old.length * 2)
      for (const entry of old) if (entry) this.put(entry)
    }
    return words
  }

  private put(entry: Entry<T>): void {
    const mask = this.slots.length - 1
    let slot = entry.hash & mask
    while (this.slots[slot]) slot = (slot + 1) & mask
    this.slots[slot] = entry
  }
}

function same(words: Int32Array, view: DataView, start: number, end: number): boolean {
  let i = 0
  let at = start
  for (; at + 4 <= end; at += 4) if (words[i++] !== view.getInt32(at, true)) return false
  let last = 0
  for (let k = end - 1; k >= at; k--) last = (last << 8) | view.getUint8(k)
  return at === end || words[i] === last
}
