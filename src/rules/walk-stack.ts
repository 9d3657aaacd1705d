/**
 * In which chains of one table a packet is, and what bounds its walk: walk-table.ts enters and leaves chains here. A way
 * that comes back to a chain that it is in is none the kernel would have loaded; a chain that did nothing to a packet does
 * nothing to it the next time.
 */
import { countWords } from '../model/count-words.ts'
import type { Hook } from '../model/hook.ts'
import type { Table } from '../model/ruleset.ts'
import { LOADED_DEPTH, refusedDepth, refusedLoop } from './chain-loops.ts'
import type { PreparedChain } from './prepared-chain.ts'
import { KERNEL_STEPS, type WalkBudget } from './walk-budget.ts'

/** How a packet came into a chain, and where in it it is. */
export class WalkFrame {
  readonly chain: PreparedChain
  /** Index of the next rule. */
  index: number
  readonly hook: Hook | undefined
  /** 0 in a base chain, +1 for each jump. */
  readonly depth: number
  /** Index of the line whose rule led here. */
  readonly caller: number | undefined
  // few frames have these two: they are made when they are written
  /** Chains that were left by goto on the way from the frame below. */
  declare left?: PreparedChain[]
  /** How it was when the packet jumped in. */
  declare entry?: Entry

  constructor(chain: PreparedChain, index: number, hook: Hook | undefined, depth: number, caller: number | undefined) {
    this.chain = chain
    this.index = index
    this.hook = hook
    this.depth = depth
    this.caller = caller
  }
}

interface Entry {
  chain: PreparedChain
  state: unknown
  steps: number
  lines: number
  /** How many chains lay below. */
  below: number
  /** How many there were at most, while it was walked. */
  most: number
}

/** What is kept of a packet's way. */
export interface WalkRecord {
  /** The same for as long as nothing has changed that a condition or statement could ask for. */
  readonly state: unknown
  /** How many lines were written so far. */
  readonly length: number
  /** The lines from one to another come once more; the packet is the same at all of them. */
  repeat(from: number, to: number): void
}

export class WalkStack {
  readonly frames: WalkFrame[]
  private readonly record: WalkRecord
  private readonly budget: WalkBudget
  private readonly table: Table
  /** How many chains lead to where it is, those left by goto as well. */
  private depth: number
  /** These, once they are many. */
  private path: Set<PreparedChain> | undefined = undefined
  private jumps = 0
  private most = 0
  /** What chains did that left the packet as it was: by what it was like. */
  private known:
    | Map<PreparedChain, { state: unknown; steps: number; from: number; to: number; height: number }>
    | undefined = undefined
  /** Steps that need not be walked, for it is known what they do. */
  private saved = 0

  constructor(table: Table, frames: WalkFrame[], record: WalkRecord, budget: WalkBudget) {
    this.frames = frames
    this.record = record
    this.budget = budget
    this.depth = frames.length
    this.table = table
  }

  /** The packet goes into the frame's chain; the reason why it cannot, where that is so. */
  enter(frame: WalkFrame, by: 'jump' | 'goto'): string | undefined {
    const { frames } = this
    const from = frames[frames.length - 1]!
    if (this.leadsBack(frame.chain)) return refusedLoop([nameOf(frame)], by)
    if (this.depth >= LOADED_DEPTH && this.depth >= this.deepest) return refusedDepth(nameOf(frame))
    if (by === 'jump') {
      if (++this.jumps > this.budget.rememberAfter) {
        const known = this.known?.get(frame.chain)
        if (known && known.state === this.record.state && this.depth + known.height <= this.deepest)
          return this.again(known)
        frame.entry = this.entryOf(frame.chain)
      }
    } else if (frames.length > 1) {
      // nobody comes back to a chain that was left by goto
      frame.left = from.left ?? []
      frame.left.push(from.chain)
      if (from.entry) frame.entry = from.entry
      frames.pop()
    } else from.index = Number.POSITIVE_INFINITY
    frames.push(frame)
    this.depth++
    if (this.depth > this.most) this.most = this.depth
    this.path?.add(frame.chain)
    return undefined
  }

  /** Back to the chain that jumped; false: there is none, and what stands at the base chain's end decides. */
  leave(): boolean {
    const { frames } = this
    if (frames.length === 1) {
      frames[0]!.index = Number.POSITIVE_INFINITY
      return false
    }
    const frame = frames.pop()!
    this.depth -= 1 + (frame.left?.length ?? 0)
    if (this.path) {
      this.path.delete(frame.chain)
      for (const chain of frame.left ?? []) this.path.delete(chain)
    }
    if (frame.entry) this.remember(frame.entry)
    return true
  }

  private get deepest(): number {
    const { kind, backend } = this.table
    return kind === 'nft' || backend === 'nft' ? LOADED_DEPTH : Number.POSITIVE_INFINITY
  }

  private leadsBack(chain: PreparedChain): boolean {
    if (this.depth < SHORT) {
      for (const frame of this.frames) if (frame.chain === chain || frame.left?.includes(chain)) return true
      return false
    }
    this.path ??= new Set(this.frames.flatMap((frame) => [frame.chain, ...(frame.left ?? [])]))
    return this.path.has(chain)
  }

  private get steps(): number {
    return this.budget.steps - this.budget.left + this.saved
  }

  private entryOf(chain: PreparedChain): Entry {
    const { state, length } = this.record
    const entry = { chain, state, steps: this.steps, lines: length, below: this.depth, most: this.most }
    this.most = this.depth
    return entry
  }

  private remember({ chain, state, steps, lines, below, most }: Entry): void {
    const height = this.most - below
    this.most = Math.max(this.most, most)
    if (state !== this.record.state) return
    this.known ??= new Map()
    this.known.set(chain, { state, steps: this.steps - steps, from: lines, to: this.record.length, height })
  }

  private again({ steps, from, to, height }: { steps: number; from: number; to: number; height: number }) {
    this.saved += steps
    this.most = Math.max(this.most, this.depth + height)
    this.record.repeat(from, to)
    if (this.steps <= KERNEL_STEPS) return undefined
    return `the kernel would evaluate more than ${countWords(KERNEL_STEPS)} rules for this packet`
  }
}

const nameOf = ({ chain }: WalkFrame): string => chain.chain.name

/** Fewer chains are looked through as fast as a set is asked. */
const SHORT = 64
