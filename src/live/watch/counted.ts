/** What the kernel has counted, read now and then: its numbers as names and times. */
import { type Counter, openCounter } from '../../kernel/bpf/counter.ts'
import { compareClocks } from '../../kernel/bpf/pump.ts'
import { Symbols } from '../../kernel/bpf/symbols.ts'
import {
  type CountedDrops,
  type FoldedDrops,
  locationsIn,
  readCounts,
  readFolded,
} from '../../read/host/drop-count-record.ts'

/** Tuples that are told apart in the time between two looks, unless told. */
const ENTRIES = 16_384
/** Milliseconds after which clocks are compared anew. */
const CLOCK_PERIOD = 10_000

export interface CountedPiece {
  /** Since the last time. */
  drops: readonly CountedDrops[]
  /** Since the beginning. */
  folded: readonly FoldedDrops[]
  rest: number
}

export class CountedSource {
  private readonly counter: Counter
  private readonly symbols = Symbols.ofKernel()
  private readonly locations = new Map<number, string>()
  private readonly asked = new Set<number>()
  private clockOffset = compareClocks()
  private compared = performance.now()

  /** From now on nothing is missed. Throws Unavailable. */
  constructor(namespaceInode: number, entries: number = ENTRIES) {
    this.counter = openCounter(namespaceInode, entries)
  }

  /** Undefined: there is nothing new. */
  take(): CountedPiece | undefined {
    const counted = this.counter.take()
    if (!counted) return undefined
    if (performance.now() - this.compared > CLOCK_PERIOD) {
      this.clockOffset = compareClocks()
      this.compared = performance.now()
    }
    const { entries, folded, rest } = counted
    for (const keys of [entries.keys, folded.keys]) this.nameAll(locationsIn(keys))
    const names = { reasons: this.counter.reasons, locations: this.locations, clockOffset: this.clockOffset }
    return {
      drops: readCounts(entries.keys, entries.values, names),
      folded: readFolded(folded.keys, folded.values, names),
      rest,
    }
  }

  /** Drops of any namespace that were not looked at, since each interrupted another on the same CPU. */
  missed(): number {
    return this.counter.missed()
  }

  /** Nothing more is counted; what was counted can still be taken. */
  detach(): void {
    this.counter.detach()
  }

  close(): void {
    this.counter.close()
  }

  private nameAll(addresses: readonly number[]): void {
    for (const address of addresses) {
      if (this.asked.has(address)) continue
      this.asked.add(address)
      const name = this.symbols.nameOf(address)
      if (name !== undefined) this.locations.set(address, name)
    }
  }
}
