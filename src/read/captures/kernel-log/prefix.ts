/** `raw:PREROUTING:policy:3` → trace point, each distinct text read once. */
import type { TracePoints } from '../points.ts'

/** A text after `TRACE: `, up to the blank. */
interface Entry {
  /** Four bytes each, little-endian, the last filled up with zeros. */
  words: Int32Array
  length: number
  hash: number
  /** The trace point, or -1: not what xt_TRACE prints. */
  point: number
  /** Bytes at the end that belong to the fields behind it (`policy:2IN=tap0`: 7). */
  glued: number
}

const decoder = new TextDecoder('latin1')
const TRACE_PREFIX = /^([^:\s]+):([^\s]+?):(rule|return|policy):(\d+)(?!\d)(.*)$/

export class PrefixTable {
  private readonly points: TracePoints
  private slots: (Entry | undefined)[] = new Array(1024)
  private count = 0

  constructor(points: TracePoints) {
    this.points = points
  }

  /** `hash` is over `bytes[start, end)`; any good one, the same for the same bytes. */
  find(bytes: Uint8Array, view: DataView, start: number, end: number, hash: number): Entry {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]
      if (entry === undefined) return this.add(bytes.slice(start, end), hash, slot)
      if (entry.hash === hash && entry.length === end - start && same(entry.words, view, start, end)) return entry
    }
  }

  private add(bytes: Uint8Array, hash: number, slot: number): Entry {
    const match = TRACE_PREFIX.exec(decoder.decode(bytes))
    const padded = new Uint8Array((bytes.length + 3) & ~3)
    padded.set(bytes)
    const words = new Int32Array(padded.buffer)
    const entry: Entry = { words, length: bytes.length, hash, point: -1, glued: 0 }
    if (match) {
      const [, table, chain, type, number, glued] = match
      entry.glued = glued!.length
      entry.point = this.points.number({
        type: type as 'rule' | 'return' | 'policy',
        table: table!,
        chain: chain!,
        ruleNumber: Number(number),
      })
    }
    // texts that glued fields make endless are read each time instead of kept
    if (this.count > 1 << 17) return entry
    this.slots[slot] = entry
    if (++this.count * 2 > this.slots.length) this.grow()
    return entry
  }

  private grow(): void {
    const old = this.slots
    const mask = old.length * 2 - 1
    this.slots = new Array(mask + 1)
    for (const entry of old) {
      if (!entry) continue
      let slot = entry.hash & mask
      while (this.slots[slot]) slot = (slot + 1) & mask
      this.slots[slot] = entry
    }
  }
}

function same(words: Int32Array, view: DataView, start: number, end: number): boolean {
  let i = 0
  let at = start
  for (; at + 4 <= end; at += 4) if (words[i++] !== view.getInt32(at, true)) return false
  return at === end || words[i] === lastWord(view, at, end)
}

/** The one to three bytes before `end` as a number. */
export function lastWord(view: DataView, at: number, end: number): number {
  let word = 0
  for (let i = end - 1; i >= at; i--) word = (word << 8) | view.getUint8(i)
  return word
}
