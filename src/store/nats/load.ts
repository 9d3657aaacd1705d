/**
 * Messages of a broker → a store. Any number of loaders share a stream: each message goes to one of them, and is acknowledged
 * once it is stored; what was not acknowledged goes to another one. That a message is stored twice changes nothing.
 */
import type { Consumer, JsMsg } from '@nats-io/jetstream'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { Batch } from '../batch.ts'
import { type Store, StoreAway } from '../store.ts'
import { wordsOf } from '../writing.ts'
import { Away, Broker, STILL_WORKING } from './broker.ts'
import { loadNats } from './clients.ts'
import { type Counts, countsOf, countsText, NOTHING, rowsOf, sum } from './counts.ts'
import { decode, type Lost, OtherVersion, Unreadable } from './message.ts'
import type { BrokerAddress } from './url.ts'

/** Rows that are stored together, more or less; a batch of a host has 10,000 at most. */
const MOST_ROWS = 20_000
/** Messages that are asked for at once: at first, and where they have few rows. Others would wait here for nothing. */
const FIRST_TAKEN = 4
const MOST_TAKEN = 256
/** Milliseconds: by then fewer messages are stored, too. */
const SOON = 1000
/** Milliseconds between two calls for a broker that is away. */
const PAUSE = 500
/** Milliseconds: whoever waits for the end of a load does not wait longer for a broker. */
const PATIENCE = 60_000

export interface LoadOptions {
  /** Ends when all messages are stored, by this loader or others. */
  untilEmpty: boolean
  /** Ends behind what is being stored. */
  ending: AbortSignal
  tell(message: string): void
}

export interface Loaded {
  messages: number
  stored: Counts
  /** What hosts have lost. */
  lost: Counts
  /** Messages of which nothing could be made. */
  unreadable: number
}

/** `open`: gives the store. Throws UserError; what was not stored then stays with the broker. */
export async function load(address: BrokerAddress, open: () => Promise<Store>, options: LoadOptions): Promise<Loaded> {
  // before a store is made
  loadNats()
  const store = await opened(open, options)
  const loaded: Loaded = { messages: 0, stored: NOTHING, lost: NOTHING, unreadable: 0 }
  if (!store) return loaded
  try {
    const loader = new Loader(address, store, options, loaded)
    await loader.run()
    return loader.loaded
  } finally {
    await store.close()
  }
}

/** A server that is away may come, as the broker may; undefined: the end was asked for. Throws UserError. */
async function opened(open: () => Promise<Store>, options: LoadOptions): Promise<Store | undefined> {
  const began = performance.now()
  for (let told = false; !options.ending.aborted; told = true) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error
      if (options.untilEmpty && performance.now() - began > PATIENCE) throw error
      if (!told) options.tell(`${error.message} Waiting for it.`)
    }
    await pause(PAUSE, options.ending)
  }
  return undefined
}

class Loader {
  loaded: Loaded
  private readonly address: BrokerAddress
  private readonly store: Store
  private readonly options: LoadOptions
  private taken = FIRST_TAKEN

  constructor(address: BrokerAddress, store: Store, options: LoadOptions, loaded: Loaded) {
    this.loaded = loaded
    this.address = address
    this.store = store
    this.options = options
  }

  async run(): Promise<void> {
    let awaySince: number | undefined
    for (;;) {
      let broker: Broker | undefined
      try {
        broker = await Broker.connect(this.address)
        const consumer = await broker.consumer()
        awaySince = undefined
        await this.takeAll(broker, consumer)
        return
      } catch (error) {
        if (!(error instanceof Away)) throw error
        awaySince = this.waitOn(error, awaySince)
      } finally {
        await broker?.close()
      }
      await pause(PAUSE, this.options.ending)
      if (this.options.ending.aborted) return
    }
  }

  /** Since when the broker is away. Throws UserError where that is too long. */
  private waitOn(error: Away, since: number | undefined): number {
    const { address, options } = this
    if (since === undefined) options.tell(`${address.name} is away (${printable(error.message)}): waiting for it.`)
    const began = since ?? performance.now()
    if (options.untilEmpty && performance.now() - began > PATIENCE)
      throw new UserError(`${address.name}: ${printable(error.message)}.`)
    return began
  }

  /** Until the end. Throws Away. */
  private async takeAll(broker: Broker, consumer: Consumer): Promise<void> {
    const { ending, untilEmpty } = this.options
    let isTidy = false
    while (!ending.aborted) {
      const messages = await take(consumer, broker, this.taken)
      if (messages.length > 0) {
        const before = rowsOf(this.loaded.stored)
        await this.storeAll(messages)
        const rows = Math.ceil((rowsOf(this.loaded.stored) - before) / messages.length)
        if (rows > 0) this.taken = Math.min(Math.max(Math.floor(MOST_ROWS / rows), 1), MOST_TAKEN)
      }
      await broker.flush()
      if (messages.length > 0) continue
      if (!isTidy) await broker.tidy(consumer)
      isTidy = true
      if (untilEmpty && (await isEmpty(consumer, broker))) return
    }
  }

  private async storeAll(messages: readonly JsMsg[]): Promise<void> {
    const left = new Set(messages)
    const timer = setInterval(() => {
      for (const one of left) one.working()
    }, STILL_WORKING)
    try {
      const group = new Map<JsMsg, Batch>()
      for (const message of messages) {
        if (this.options.ending.aborted) break
        const batch = await this.read(message)
        if (batch) group.set(message, batch)
        else left.delete(message)
        if (rowsIn(group) >= MOST_ROWS) await this.storeGroup(group, left)
      }
      await this.storeGroup(group, left)
    } finally {
      clearInterval(timer)
      // others may have them at once
      for (const one of left) one.nak()
    }
  }

  private async storeGroup(group: Map<JsMsg, Batch>, left: Set<JsMsg>): Promise<void> {
    if (group.size === 0) return
    await this.store.write(...group.values()).catch((error) => {
      throw wordsOf(error)
    })
    for (const [message, batch] of group) {
      message.ack()
      left.delete(message)
      const { messages, stored } = this.loaded
      this.loaded = { ...this.loaded, messages: messages + 1, stored: sum(stored, countsOf(batch)) }
    }
    group.clear()
  }

  /** Undefined: there is nothing to be stored. Throws UserError where another nfwhy is needed. */
  private async read(message: JsMsg): Promise<Batch | undefined> {
    try {
      const content = await decode(message.data)
      if (content instanceof Batch) return content
      this.hostLost(content)
      message.ack()
    } catch (error) {
      if (error instanceof OtherVersion)
        throw new UserError(
          `${this.address.name}: message ${message.seq} has ${printable(error.message)}, which this nfwhy does not know.`,
          'Load with a newer nfwhy: what is not loaded stays with the broker.',
        )
      if (!(error instanceof Unreadable)) throw error
      this.loaded = { ...this.loaded, unreadable: this.loaded.unreadable + 1 }
      this.options.tell(`Message ${message.seq} cannot be read: ${printable(error.message)}. It is removed.`)
      message.term()
    }
    return undefined
  }

  private hostLost({ host, counts }: Lost): void {
    this.loaded = { ...this.loaded, lost: sum(this.loaded.lost, counts) }
    this.options.tell(`Host ${printable(host)} has lost ${countsText(counts)}: they did not fit into its spool.`)
  }
}

const rowsIn = (group: ReadonlyMap<JsMsg, Batch>): number =>
  [...group.values()].reduce((all, batch) => all + rowsOf(countsOf(batch)), 0)

/** Those that are there, or come soon. Throws Away. */
async function take(consumer: Consumer, broker: Broker, most: number): Promise<JsMsg[]> {
  const messages: JsMsg[] = []
  const fetched = async () => {
    for await (const one of await consumer.fetch({ max_messages: most, expires: SOON })) messages.push(one)
  }
  try {
    await broker.within(fetched())
  } catch (error) {
    throw new Away((error as Error).message)
  }
  if (broker.connection.isClosed()) throw new Away('the connection is closed')
  return messages
}

/** Nothing waits, and nothing is being stored by another one, who may be gone. Throws Away. */
async function isEmpty(consumer: Consumer, broker: Broker): Promise<boolean> {
  try {
    const { num_pending, num_ack_pending } = await broker.within(consumer.info())
    return num_pending === 0 && num_ack_pending === 0
  } catch (error) {
    throw new Away((error as Error).message)
  }
}

/** Milliseconds; shorter where the end is asked for. */
function pause(milliseconds: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      ending.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    ending.addEventListener('abort', done)
  })
}
