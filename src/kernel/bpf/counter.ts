/** The program that counts drops, loaded and attached: what it has counted is taken whenever there is time. */
import { KEY, VALUE } from '../../read/host/drop-count-record.ts'
import type { Entries } from './bpf.ts'
import { countProgram } from './count-program.ts'
import { loadAt } from './tap.ts'

/** Kinds of drops that are told apart without addresses and ports, when there is no more room for these. */
const MOST_FOLDED = 4096
/** Bytes of a number in the kernel's maps. */
const NUMBER = 8

export interface Counted {
  /** Since it was taken the last time (src/read/host/drop-count-record.ts). */
  entries: Entries
  /** What there was no room for, by keys without addresses; since the beginning. */
  folded: Entries
  /** What even these had no room for; since the beginning. */
  rest: number
}

export interface Counter {
  /** By number, as in keys. */
  reasons: ReadonlyMap<number, string>
  /** May last some milliseconds. Undefined: nothing was dropped since the last time, and nothing is left of before. */
  take(): Counted | undefined
  /**
   * Drops of any namespace that the program did not see, since one of them interrupted another on the same CPU; 0 on
   * kernels before 5.12.
   */
  missed(): number
  /** Nothing more is counted; what was counted can still be taken. */
  detach(): void
  close(): void
}

/**
 * `entries`: different packets (by reason, place and tuple) that are told apart until the next `take`; each takes 0.6 kB.
 * Throws Unavailable, with the reason. Ends by itself when the process ends.
 */
export function openCounter(namespaceInode: number, entries: number): Counter {
  return loadAt((bpf, layout, keep) => {
    const table = () => keep(bpf.createHash(KEY, VALUE, entries))
    const tables = [table(), table()] as const
    const [inUse, rest] = [keep(bpf.createCounter()), keep(bpf.createCounter())]
    const folded = keep(bpf.createHash(KEY, NUMBER, MOST_FOLDED))
    const program = keep(
      bpf.loadTracepointProgram(countProgram(layout, namespaceInode, { inUse, tables, folded, rest })),
    )
    let current = 0
    const flip = (): number => {
      const before = tables[current]!
      current = 1 - current
      bpf.writeCounter(inUse, current)
      return before
    }
    const take = (): Counted | undefined => {
      if (tables.every((one) => bpf.isEmpty(one, KEY))) return undefined
      const idle = tables[1 - current]!
      const full = flip()
      // where programs cannot be waited for, the table that has been idle since the last time is read, and this one the next
      const entries = bpf.takeAll(bpf.waitForPrograms() ? full : idle, KEY, VALUE)
      return { entries, folded: bpf.readAll(folded, KEY, NUMBER), rest: bpf.readCounter(rest) }
    }
    return { program, tap: { reasons: layout.reasons, take, missed: () => bpf.missed(program) } }
  })
}
