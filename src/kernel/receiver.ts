/**
 * Trace events straight from the kernel: a thread of its own receives them (receiver-thread.ts), as nothing that this
 * one does may keep it from that. They come as a pcap file, the same that a saved one has: of link type NETLINK for nft's
 * events (docs/formats/nft-netlink.md), of link type NFLOG for records of a group (docs/formats/nflog-pcap.md).
 */
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { Control } from './control.ts'
import type { FromThread, ToThread } from './receiver-messages.ts'
import type { RulesetChange } from './source.ts'
import { startProblem, Unavailable } from './unavailable.ts'

export interface ReceiveOptions {
  what: 'nft-trace' | 'nflog'
  /** Path of the packets' network namespace, as /run/netns/NAME or /proc/PID/ns/net; absent: this process's. */
  namespace?: string
  /** Of NFLOG; 0 is that of TRACE. */
  group?: number
  /** Of the kernel's buffer; 64 MB unless told. */
  bufferBytes?: number
  /**
   * How much is held for a reader that lags behind; 256 MB unless told. Then nothing more is received, and the kernel's
   * buffer fills.
   */
  holdBytes?: number
}

export interface Receiver {
  /**
   * From now on nothing is missed. `bufferBytes` is what the kernel gave, which is twice of what was asked for, as it
   * counts what it keeps around each message. Rejected with Unavailable where that cannot be done here.
   */
  readonly ready: Promise<{ bufferBytes: number }>
  /**
   * For one reader. Ends after `stop`, behind all that was received; whoever leaves off reading stops it. An empty one says
   * that in IDLE_TICK milliseconds nothing came; it comes again while that goes on, for two seconds.
   */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Of nft-trace: whenever the ruleset of nf_tables was changed. */
  onRulesetChange(callback: (change: RulesetChange) => void): void
  /** Messages that the kernel could not deliver so far; of NFLOG at least so many. */
  lost(): number
  /** Bytes that were received so far, and the part that was not yet asked for. */
  received(): number
  unread(): number
  /** What has come and was not asked for, and is not asked for any more: `chunks` end. */
  abandon(): Abandoned
  /** What the kernel has ready still comes; resolved when the thread is done with it. */
  stop(): Promise<void>
}

export interface Abandoned {
  chunks: readonly Uint8Array[]
  /** In all of them: datagrams of the kernel's, of which each of nft-trace is one event, and one of NFLOG may be several. */
  messages: number
}

const DEFAULT_BUFFER = 1 << 26
const DEFAULT_HOLD = 1 << 28

/** `script`: the built thread. */
export function receive(options: ReceiveOptions, script: string = besideUs()): Receiver {
  return new ThreadReceiver(options, script)
}

const besideUs = (): string => fileURLToPath(new URL('./receiver.cjs', import.meta.url))

interface Come {
  chunk: Uint8Array
  messages: number
}

const NOTHING_NEW: Come = { chunk: new Uint8Array(0), messages: 0 }

class ThreadReceiver implements Receiver {
  readonly ready: Promise<{ bufferBytes: number }>
  readonly chunks: AsyncIterable<Uint8Array>
  private readonly control = new Control()
  private readonly done: Promise<void>
  private readonly callbacks: ((change: RulesetChange) => void)[] = []
  /** Come, and not yet asked for. */
  private waiting: Come[] = []
  /** Of these. */
  private taken = 0
  private ended = false
  private failure: Error | undefined
  private abandoned = false
  private wake = () => {}

  constructor(options: ReceiveOptions, script: string) {
    const { what, namespace, group = 0, bufferBytes = DEFAULT_BUFFER, holdBytes = DEFAULT_HOLD } = options
    // most commands need no threads, and Node starts faster without
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const { memory } = this.control
    const inside = namespace === undefined ? {} : { namespace }
    const asked: ToThread = { what, group, bufferBytes, holdBytes, memory, ...inside }
    const worker = new Worker(script, { workerData: asked, name: `nfwhy ${what}` })
    this.done = new Promise((resolve) => worker.once('exit', () => resolve()))
    this.ready = this.listen(worker)
    // it may be that only the chunks are looked at
    this.ready.catch(() => {})
    this.chunks = this.read()
  }

  private listen(worker: Worker): Promise<{ bufferBytes: number }> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.failure ??= error
        reject(error)
        this.wake()
      }
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'chunk') this.add(message)
        else if (message.kind === 'idleTick') this.add(NOTHING_NEW)
        else if (message.kind === 'ready') resolve({ bufferBytes: message.bufferBytes })
        else if (message.kind === 'change') for (const callback of this.callbacks) callback(message.change)
        else if (message.kind === 'failed') fail(errorOf(message))
      })
      worker.on('error', (error) => fail(startProblem(error)))
      worker.on('exit', () => {
        this.ended = true
        reject(new Error('the receiving thread ended before it was ready'))
        this.wake()
      })
    })
  }

  private add(come: Come): void {
    if (!this.abandoned) this.waiting.push(come)
    else if (come !== NOTHING_NEW) this.control.take(come.chunk.length)
    this.wake()
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    try {
      while (!this.abandoned) {
        const come = this.next()
        if (come) {
          if (come !== NOTHING_NEW) this.control.take(come.chunk.length)
          yield come.chunk
          continue
        }
        if (this.failure) throw this.failure
        if (this.ended) return
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
      }
    } finally {
      this.abandon()
      this.control.stop()
    }
  }

  /** A list that is emptied from its front would be moved for each. */
  private next(): Come | undefined {
    if (this.taken === this.waiting.length) {
      this.waiting = []
      this.taken = 0
      return undefined
    }
    const come = this.waiting[this.taken]!
    this.waiting[this.taken++] = NOTHING_NEW
    return come
  }

  abandon(): Abandoned {
    this.abandoned = true
    const left = this.waiting.slice(this.taken).filter((come) => come !== NOTHING_NEW)
    this.waiting = []
    this.taken = 0
    for (const { chunk } of left) this.control.take(chunk.length)
    this.wake()
    return { chunks: left.map(({ chunk }) => chunk), messages: left.reduce((sum, { messages }) => sum + messages, 0) }
  }

  onRulesetChange(callback: (change: RulesetChange) => void): void {
    this.callbacks.push(callback)
  }

  lost(): number {
    return this.control.lost
  }

  received(): number {
    return this.control.sent
  }

  unread(): number {
    return this.control.underWay
  }

  stop(): Promise<void> {
    this.control.stop()
    return this.done
  }
}

const errorOf = ({ message, reason }: { message: string; reason?: Unavailable['reason'] }): Error =>
  reason === undefined ? new Error(message) : new Unavailable(reason, message)
