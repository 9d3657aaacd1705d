/** `--store URL`: what a report tells is stored as well. The store's own code is loaded once it is asked for. */
import type { Command } from 'commander'
import type { Selection } from '../analysis/select.ts'
import { UserError } from '../model/user-error.ts'
import type { JourneyReport } from '../reports/journeys.ts'
import type { PlayedReport } from '../reports/played.ts'
import type { Watched } from '../store/drop-history.ts'
import type { Recorder } from '../store/recorder.ts'
import type { Writing } from '../store/writing.ts'

export interface StoreOption {
  store?: string
}

export const storeOption = (command: Command): Command =>
  command.option(
    '--store <URL>',
    'also store the result, for `nfwhy query`: duckdb:FILE, parquet:DIR, clickhouse://HOST/DATABASE or nats://HOST/STREAM',
  )

/** Milliseconds: what a live trace has told is in the store soon after. */
const SOON = 2000

interface StoringOptions {
  selection?: Selection
  /** Milliseconds until a packet's journey is told, of a live trace. */
  settling?: number
  played?: { assume: ReadonlyMap<string, boolean> }
}

/** What is told to the report goes to the store, too. */
export class Storing {
  /** Takes what went wrong, where the rest goes on without a store; else it is thrown. */
  onBroken: ((message: string) => void) | undefined
  private readonly recorder: Recorder
  private readonly writing: Writing
  private broken = false
  private ended = false
  private handedOn = Number.NEGATIVE_INFINITY
  /** What is told of exchanges once all packets are there, a batch at a time. */
  private rest: Iterable<void> | undefined

  private readonly taking: { told(message: string): void }

  /** `taking`: what takes what a person has to know of the store. */
  constructor(recorder: Recorder, writing: Writing, taking: { told(message: string): void }) {
    this.recorder = recorder
    this.writing = writing
    this.taking = taking
  }

  set onTold(told: (message: string) => void) {
    this.taking.told = told
  }

  journeys(report: JourneyReport): JourneyReport {
    return {
      get held() {
        return report.held
      },
      take: (closed) => {
        this.take(closed)
        return report.take(closed)
      },
      leaveOut: (id) => report.leaveOut(id),
      pause: (now) => {
        this.pause(now)
        report.pause(now)
      },
      end: (tail) => {
        this.rest = this.recorder.end()
        return report.end(tail)
      },
    }
  }

  played(report: PlayedReport): PlayedReport {
    return {
      take: (one) => {
        this.take(one)
        report.take(one)
      },
      end: (tail) => {
        this.rest = this.recorder.end()
        return report.end(tail)
      },
    }
  }

  private take(one: Parameters<Recorder['take']>[0]): void {
    if (!this.broken) this.recorder.take(one)
  }

  private pause(now: number | undefined): void {
    const time = performance.now()
    if (this.broken || time - this.handedOn < SOON) return
    this.handedOn = time
    this.recorder.pause(now ?? time)
  }

  /** Undefined: there is room for more. */
  readonly room = (): Promise<void> | undefined => {
    const room = this.broken ? undefined : this.writing.room()
    return room?.catch(this.tell)
  }

  /** Nothing more comes: all of it is stored when this resolves. */
  async end(): Promise<void> {
    if (this.ended) return
    this.ended = true
    await this.recordRest()
    await this.writing.end().catch(this.tell)
  }

  /** What was told until something else went wrong is kept. */
  async close(): Promise<void> {
    if (this.ended) return
    this.ended = true
    if (!this.broken && !this.rest) this.recorder.pause(performance.now())
    await this.recordRest().catch(() => {})
    await this.writing.end().catch(() => {})
  }

  private async recordRest(): Promise<void> {
    if (this.broken) return
    for (const _ of this.rest ?? []) {
      await this.room()
      if (this.broken) return
    }
  }

  private readonly tell = (error: unknown): void => {
    if (!this.onBroken || !(error instanceof UserError)) throw error
    if (!this.broken) this.onBroken(error.message)
    this.broken = true
  }
}

/** A watch on its way to a store. */
export interface DropStoring {
  /** Called again and again: minutes that are over are stored. */
  look(watched: Watched): void
  /** All of it is stored when this resolves; without `watched` only what was handed over. Throws UserError. */
  end(watched?: Watched): Promise<void>
}

/** Undefined: nothing is to be stored. `onBroken`: the store cannot be written any more; `onTold`: what a person has to know of it. Throws UserError. */
export async function openDropStoring(
  { store: url }: StoreOption,
  onBroken: (message: string) => void,
  onTold: (message: string) => void,
): Promise<DropStoring | undefined> {
  if (url === undefined) return undefined
  const { DropHistory, openStore, parseStoreUrl, Writing } = await import('../store/index.ts')
  const writing = new Writing(await openStore(parseStoreUrl(url), onTold))
  const history = new DropHistory(writing.write)
  let broken = false
  let ended = false
  return {
    look(watched) {
      if (broken) return
      history.look(watched)
      writing.room()?.catch((error) => {
        if (!broken) onBroken((error as Error).message)
        broken = true
      })
    },
    async end(watched) {
      if (ended) return
      ended = true
      if (watched) history.look(watched, true)
      await writing.end()
    },
  }
}

/** Undefined: nothing is to be stored. Throws UserError. */
export async function openStoring(
  { store: url }: StoreOption,
  options: StoringOptions = {},
): Promise<Storing | undefined> {
  if (url === undefined) return undefined
  const { openStore, parseStoreUrl, Recorder, Writing } = await import('../store/index.ts')
  // whoever shows a screen by then takes it from there
  const taking = { told: (message: string): void => void process.stderr.write(`nfwhy: ${message}\n`) }
  const writing = new Writing(await openStore(parseStoreUrl(url), (message) => taking.told(message)))
  return new Storing(new Recorder({ ...options, write: writing.write }), writing, taking)
}
