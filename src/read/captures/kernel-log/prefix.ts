/** `raw:PREROUTING:policy:3` → trace point, each distinct text read once. */
import type { TracePoints } from '../points.ts'

/** A text after `TRACE: `, up to the blank. */
interface Entry {
  bytes: Uint8Array
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
  find(bytes: Uint8Array, start: number, end: number, hash: number): Entry {
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]
      if (entry === undefined) return this.add(bytes.slice(start, end), hash, slot)
      if (entry.hash === hash && same(entry.bytes, bytes, start, end)) return entry
    }
  }

  private add(bytes: Uint8Array, hash: number, slot: number): Entry {
    const match = TRACE_PREFIX.exec(decoder.decode(bytes))
    const entry: Entry = { bytes, hash, point: -1, glued: 0 }
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

function same(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false
  return true
}
