/** Empties the kernel's queue of drops, piece by piece. */
import { locationOf, RECORD } from '../../read/host/kernel-drop-record.ts'
import type { Control } from '../control.ts'
import type { FromDropThread } from './messages.ts'
import type { Symbols } from './symbols.ts'
import type { Tap } from './tap.ts'

/** Taken at once, at most. */
export const BATCH = 2048
/** Milliseconds after which clocks are compared anew: one of them is corrected all the time. */
const CLOCK_PERIOD = 10_000

type Post = (message: FromDropThread, transfer?: ArrayBuffer[]) => void

export class Pump {
  private readonly tap: Tap
  private readonly symbols: Symbols
  private readonly control: Control
  private readonly post: Post
  private readonly batch = new Uint8Array(new ArrayBuffer(BATCH * RECORD))
  private readonly view = new DataView(this.batch.buffer)
  /** Addresses whose names were told. */
  private readonly told = new Set<number>()
  private clockOffset = compareClocks()
  private compared = performance.now()
  private missed = 0

  constructor(tap: Tap, symbols: Symbols, control: Control, post: Post) {
    this.tap = tap
    this.symbols = symbols
    this.control = control
    this.post = post
  }

  get stopping(): boolean {
    return this.control.stopping
  }

  /** How many drops there were. */
  take(): number {
    const { tap, control, batch } = this
    if (performance.now() - this.compared > CLOCK_PERIOD) {
      this.clockOffset = compareClocks()
      this.compared = performance.now()
    }
    const taken = tap.take(batch)
    if (taken === 0) return 0
    const records = batch.slice(0, taken)
    const { clockOffset } = this
    this.post({ kind: 'drops', records, locations: this.newNames(taken), clockOffset }, [records.buffer])
    control.lost = tap.lost()
    const missed = tap.missed()
    if (missed !== this.missed) this.post({ kind: 'missed', missed })
    this.missed = missed
    control.send(taken)
    return taken / RECORD
  }

  private newNames(length: number): Map<number, string> {
    const names = new Map<number, string>()
    for (let at = 0; at < length; at += RECORD) {
      const address = locationOf(this.view, at)
      if (this.told.has(address)) continue
      this.told.add(address)
      const name = this.symbols.nameOf(address)
      if (name !== undefined) names.set(address, name)
    }
    return names
  }
}

/** CLOCK_REALTIME less CLOCK_MONOTONIC, in microseconds, as exact as the moment is known at which a millisecond begins. */
export function compareClocks(): number {
  const start = Date.now()
  let now = start
  while (now === start) now = Date.now()
  return now * 1000 - Number(process.hrtime.bigint() / 1000n)
}
