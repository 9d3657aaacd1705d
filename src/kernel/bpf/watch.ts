/** Which packets the kernel drops in one network namespace, and why it says it does; told by a thread of its own. */
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import type { Drop } from '../../model/host.ts'
import { DropRecords, RECORD } from '../../read/host/kernel-drop-record.ts'
import { Control } from '../control.ts'
import { startProblem, Unavailable } from '../unavailable.ts'
import type { FromDropThread, ToDropThread } from './messages.ts'

export interface DropOptions {
  /** Of the network namespace: of /proc/PID/ns/net or /run/netns/NAME. */
  namespaceInode: number
  /** How many drops may wait in the kernel, of 160 bytes each; 65,536 unless told. */
  entries?: number
  /** How much is held for a reader that lags behind; 128 MB unless told. Then nothing is taken, and the kernel's queue fills. */
  holdBytes?: number
}

export interface DropWatch {
  /**
   * From now on no drop is missed. Rejected with Unavailable where this kernel has no reasons, or does not let this
   * process know them; the message says which.
   */
  readonly ready: Promise<void>
  /** Called with drops as they come, in time as far as CPUs agree on that. */
  onDrops(callback: (drops: Drop[]) => void): void
  /**
   * Resolved when all that the kernel had told at this moment has been handed to the callbacks. Whoever explains journeys
   * waits for it, as a packet's trace may come before the drop that ends it.
   */
  caughtUp(): Promise<void>
  /** Drops that the kernel had no room for so far. */
  lost(): number
  /**
   * Drops that were not looked at, since each of them interrupted another on the same CPU; of all namespaces, so at most
   * so many are missing.
   */
  missed(): number
  /**
   * What the kernel has ready still comes; resolved when all of it was handed to the callbacks, rejected where the thread
   * failed. `within`: milliseconds that this has at the end; what it does not do for is counted as lost.
   */
  stop(within?: number): Promise<void>
}

const DEFAULT_ENTRIES = 65_536
const DEFAULT_HOLD = 1 << 27
/** Milliseconds. */
const SLICE = 10

type Queued = Extract<FromDropThread, { kind: 'drops' | 'caught-up' | 'missed' }>

/** `script`: the built thread. */
export function watchDrops(options: DropOptions, script: string = besideUs()): DropWatch {
  return new ThreadWatch(options, script)
}

const besideUs = (): string => fileURLToPath(new URL('./drops.cjs', import.meta.url))

class ThreadWatch implements DropWatch {
  readonly ready: Promise<void>
  private readonly control = new Control()
  private readonly done: Promise<void>
  private readonly callbacks: ((drops: Drop[]) => void)[] = []
  private readonly turns = new Int32Array(new SharedArrayBuffer(4))
  private readonly waiting: { turn: number; resolve: () => void }[] = []
  private ended = false
  private readonly reader = new DropRecords()
  private readonly locations = new Map<number, string>()
  private reasons: ReadonlyMap<number, string> = new Map()
  private interrupted = 0
  private queued: Queued[] = []
  private working: NodeJS.Immediate | undefined
  /** Drops that there was no time for at the end. */
  private unread = 0
  /** Called when nothing is queued any more. */
  private rest = () => {}
  private failure: Error | undefined

  constructor({ namespaceInode, entries = DEFAULT_ENTRIES, holdBytes = DEFAULT_HOLD }: DropOptions, script: string) {
    // most commands need no threads, and Node starts faster without
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const { memory } = this.control
    const workerData: ToDropThread = { namespaceInode, entries, holdBytes, memory, turns: this.turns.buffer }
    const worker = new Worker(script, { workerData, name: 'nfwhy drops' })
    this.done = new Promise((resolve) => worker.once('exit', () => resolve()))
    this.ready = this.listen(worker)
    // whoever goes without drops may not ask
    this.ready.catch(() => {})
  }

  private listen(worker: Worker): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.failure = error
        reject(error)
      }
      worker.on('message', (message: FromDropThread) => {
        if (message.kind === 'failed') fail(errorOf(message))
        else if (message.kind !== 'ready') this.queue(message)
        else {
          this.reasons = message.reasons
          resolve()
        }
      })
      worker.on('error', (error) => fail(startProblem(error)))
      worker.on('exit', () => {
        this.ended = true
        if (this.queued.length === 0) this.answer(Number.POSITIVE_INFINITY)
        reject(new Error('the thread that watches drops ended before it was ready'))
      })
    })
  }

  /** One after the other, with a look at all else that goes on in between: a thousand messages may come in one turn. */
  private queue(message: Queued): void {
    this.queued.push(message)
    this.working ??= setImmediate(this.work)
  }

  private readonly work = (): void => {
    const until = performance.now() + SLICE
    let at = 0
    do {
      const message = this.queued[at++]!
      if (message.kind === 'drops') this.hand(message)
      else if (message.kind === 'caught-up') this.answer(message.turn)
      else this.interrupted = message.missed
    } while (at < this.queued.length && performance.now() < until)
    this.queued = this.queued.slice(at)
    this.working = this.queued.length > 0 ? setImmediate(this.work) : undefined
    if (this.working) return
    if (this.ended) this.answer(Number.POSITIVE_INFINITY)
    this.rest()
  }

  private hand({ records, locations, clockOffset }: Extract<FromDropThread, { kind: 'drops' }>): void {
    for (const [address, name] of locations) this.locations.set(address, name)
    const drops = this.reader.read(records, { reasons: this.reasons, locations: this.locations, clockOffset })
    this.control.take(records.length)
    for (const callback of this.callbacks) callback(drops)
  }

  onDrops(callback: (drops: Drop[]) => void): void {
    this.callbacks.push(callback)
  }

  caughtUp(): Promise<void> {
    if (this.ended && !this.working) return Promise.resolve()
    const turn = Atomics.add(this.turns, 0, 1) + 1
    Atomics.notify(this.turns, 0)
    return new Promise((resolve) => this.waiting.push({ turn, resolve }))
  }

  private readonly leaveRest = (): void => {
    for (const message of this.queued) if (message.kind === 'drops') this.unread += message.records.length / RECORD
    this.queued = []
    if (this.working) clearImmediate(this.working)
    this.working = undefined
    this.answer(Number.POSITIVE_INFINITY)
    this.rest()
  }

  private answer(turn: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.turn <= turn) this.waiting.shift()!.resolve()
  }

  lost(): number {
    return this.control.lost + this.unread
  }

  missed(): number {
    return this.interrupted
  }

  async stop(within = Number.POSITIVE_INFINITY): Promise<void> {
    this.control.stop()
    await this.done
    if (this.working) {
      const late = within === Number.POSITIVE_INFINITY ? undefined : setTimeout(this.leaveRest, within)
      await new Promise<void>((resolve) => {
        this.rest = resolve
      })
      clearTimeout(late)
    }
    if (this.failure) throw this.failure
  }
}

const errorOf = ({ message, reason }: Extract<FromDropThread, { kind: 'failed' }>): Error =>
  reason === undefined ? new Error(message) : new Unavailable(reason, message)
