/**
 * A store that hands batches to a broker. Each is a file of the spool first, and leaves it when the broker has it: it makes no
 * difference whether the broker is there, and who is killed leaves what the next one sends.
 */
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { printable } from '../../model/printable.ts'
import type { Batch } from '../batch.ts'
import { folderProblem } from '../folders.ts'
import type { Store } from '../store.ts'
import { StoredClock } from '../stored.ts'
import { Away, Broker, TooLarge } from './broker.ts'
import { countsText, rowsOf } from './counts.ts'
import { decode, encodeBatch, encodeLost, idOf, type Message } from './message.ts'
import { apart, halves } from './split.ts'
import { Spool } from './spool.ts'
import type { Spooled } from './spool-folder.ts'
import type { BrokerAddress } from './url.ts'

/** Messages that are on their way to the broker at once. */
const MOST_SENT = 8
/** Messages that wait while the broker is there: beyond it whoever makes them waits as well. */
const MOST_WAITING = 32
/** Bytes: what a broker takes unless it says otherwise. */
const USUAL = 1000 * 1024
/** Milliseconds between two calls for a broker that is away. */
const LONGEST_PAUSE = 5000
const SHORTEST_PAUSE = 100
/** Milliseconds: what is left at the end is tried for so long. */
const PATIENCE = 5000

/** Throws UserError where the broker says no; one that is away may come later. `tell`: what a person has to know. */
export async function openPublisher(address: BrokerAddress, tell: (message: string) => void): Promise<Store> {
  const folder = address.spool.folder ?? ownFolder(address)
  let broker: Broker | undefined
  try {
    broker = await Broker.connect(address)
  } catch (error) {
    if (!(error instanceof Away)) throw error
    tell(`${address.name} does not answer (${printable(error.message)}). What is stored waits in ${printable(folder)}.`)
  }
  try {
    return new Publisher(address, folder, new Spool(folder, address.spool.most), broker, tell)
  } catch (error) {
    await broker?.close()
    throw spoolProblem(folder, error)
  }
}

/** Where services and users keep their state. */
function ownFolder({ host, port, stream }: BrokerAddress): string {
  const state = process.getuid?.() === 0 ? '/var/lib' : (process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'))
  return join(state, 'nfwhy/spool', `${host}_${port}_${stream}`)
}

class Publisher implements Store {
  private readonly address: BrokerAddress
  private readonly folder: string
  private readonly spool: Spool
  private readonly tell: (message: string) => void
  private readonly clock = new StoredClock()
  private broker: Broker | undefined
  /** Bytes of a message, at most. */
  private most: number
  private endsAt = Number.POSITIVE_INFINITY
  private readonly working: Promise<void>
  /** Whoever waits until something has changed. */
  private waiting: (() => void)[] = []
  private failed: unknown
  /** Messages that the broker has taken, and why it took no more. */
  private sent = 0
  private reason = 'it does not answer'
  private telling = false
  private hasTold = false
  /** Rows that an earlier run lost, and told. */
  private readonly lostBefore: number

  constructor(
    address: BrokerAddress,
    folder: string,
    spool: Spool,
    broker: Broker | undefined,
    tell: (message: string) => void,
  ) {
    this.address = address
    this.folder = folder
    this.spool = spool
    this.lostBefore = rowsOf(spool.lost)
    this.tell = tell
    this.most = broker?.most ?? USUAL
    this.working = this.work(broker)
  }

  async write(...batches: Batch[]): Promise<void> {
    for (const batch of batches) {
      const stored = this.clock.next()
      for (const one of apart(batch)) await this.put(one, stored)
    }
    while (this.broker && this.spool.waiting > MOST_WAITING) await this.change()
    if (this.failed) throw this.failed
  }

  async close(): Promise<void> {
    this.endsAt = performance.now() + PATIENCE
    this.changed()
    await this.working
    const { spool, address, folder } = this
    if (spool.waiting > 0)
      this.tell(
        `${address.name} is away (${printable(this.reason)}): ${countsText(spool.held)} wait in ${printable(folder)}. The next nfwhy with this --store sends them.`,
      )
    if (rowsOf(spool.lost) > 0)
      this.tell(
        `Lost: ${countsText(spool.lost)}. They did not fit into the spool (${printable(folder)}), or were damaged there.`,
      )
    spool.close()
    if (this.failed) throw this.failed
  }

  /** In as many messages as it takes. */
  private async put(batch: Batch, stored: number): Promise<void> {
    const message = await encodeBatch(batch, stored)
    const parts = message.bytes.length > this.most ? halves(batch) : undefined
    if (!parts) return this.keep(message)
    for (const one of parts) await this.put(one, stored)
  }

  private keep(message: Message): void {
    try {
      this.spool.put(message)
    } catch (error) {
      throw spoolProblem(this.folder, error)
    }
    if (rowsOf(this.spool.lost) > this.lostBefore && !this.hasTold) {
      this.hasTold = true
      this.tell(
        `The spool ${printable(this.folder)} is full: the oldest of what waits for ${this.address.name} is lost.`,
      )
    }
    this.changed()
  }

  /** Until the end: sends what there is, or calls for the broker. */
  private async work(first: Broker | undefined): Promise<void> {
    let broker = first
    let pause = SHORTEST_PAUSE
    while (!this.isOver(broker)) {
      if (broker && (await this.serve(broker))) pause = SHORTEST_PAUSE
      if (this.failed || this.isOver(undefined)) return
      await this.pause(pause)
      pause = Math.min(2 * pause, LONGEST_PAUSE)
      broker = await Broker.connect(this.address).catch((error) => this.isAway(error))
    }
    await broker?.close()
  }

  private isAway(error: Error): undefined {
    this.reason = error.message
  }

  /** Nothing is left to do, or the time for it is over. */
  private isOver(broker: Broker | undefined): boolean {
    if (this.endsAt === Number.POSITIVE_INFINITY) return false
    if (this.spool.waiting === 0 && !this.spool.hasUntold) return true
    return !broker && performance.now() > this.endsAt
  }

  /** Until the broker goes away, or nothing more comes. Has it taken anything? */
  private async serve(broker: Broker): Promise<boolean> {
    this.broker = broker
    this.most = broker.most
    const before = this.sent
    const isGone = { yes: false }
    void broker.connection.closed().then(() => {
      isGone.yes = true
      this.changed()
    })
    try {
      await Promise.all(Array.from({ length: MOST_SENT }, () => this.send(broker, isGone)))
    } catch (error) {
      if (error instanceof Away) this.reason = error.message
      else this.failed = spoolProblem(this.folder, error)
    } finally {
      this.broker = undefined
      await broker.close()
      this.changed()
    }
    return this.sent > before
  }

  /** One after the other. Throws Away. */
  private async send(broker: Broker, isGone: { yes: boolean }): Promise<void> {
    while (!isGone.yes) {
      const taken = this.spool.take()
      if (taken) await this.sendOne(broker, taken.spooled, taken.bytes)
      else if (await this.sentLost(broker)) continue
      else if (this.endsAt < Number.POSITIVE_INFINITY) return
      else await this.change()
    }
    throw new Away('the connection is closed')
  }

  private async sendOne(broker: Broker, spooled: Spooled, bytes: Uint8Array): Promise<void> {
    try {
      if (bytes.length > broker.most) throw new TooLarge()
      await broker.publish(spooled.id, bytes)
      this.spool.remove(spooled)
      this.sent++
    } catch (error) {
      if (error instanceof TooLarge) await this.divide(spooled, bytes)
      else {
        this.spool.giveBack(spooled)
        throw error
      }
    }
    this.changed()
  }

  /** It is larger than the broker takes, which was not known, or is another one now. */
  private async divide(spooled: Spooled, bytes: Uint8Array): Promise<void> {
    const batch = (await decode(bytes)) as Batch
    const parts = halves(batch)
    if (!parts) return this.spool.lose(spooled)
    for (const one of parts) this.spool.put(await encodeBatch(one, batch.stored!))
    this.spool.remove(spooled)
  }

  /** What fell out travels as well. False: there is nothing to tell, or it is being told. */
  private async sentLost(broker: Broker): Promise<boolean> {
    if (this.telling || !this.spool.hasUntold) return false
    this.telling = true
    try {
      for (const { id, counts, told } of this.spool.allLost()) {
        const bytes = await encodeLost({ host: hostname(), counts })
        await broker.publish(idOf(Buffer.from(id)), bytes)
        told()
      }
      return true
    } finally {
      this.telling = false
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  private changed(): void {
    const all = this.waiting
    this.waiting = []
    for (const resolve of all) resolve()
  }

  /** Shorter where the end is asked for. */
  private async pause(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds)
    })
    const ending = async () => {
      while (this.endsAt === Number.POSITIVE_INFINITY) await this.change()
    }
    await Promise.race([over, this.endsAt === Number.POSITIVE_INFINITY ? ending() : over])
    clearTimeout(timer)
  }
}

/** What the system says of the spool. */
const spoolProblem = (folder: string, error: unknown): unknown =>
  folderProblem(folder, error, 'The spool cannot be used: ')
