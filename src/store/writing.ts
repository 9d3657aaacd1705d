/** Batches on their way to a store: they are written one after the other while the next ones are made. */
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { Batch } from './batch.ts'
import type { Store } from './store.ts'

/** What the system or DuckDB says; all else is a bug. */
export function wordsOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.constructor !== Error || error instanceof UserError) return error
  const [first = ''] = error.message.split('\n')
  return new UserError(`The store cannot be written: ${printable(first)}`)
}

/** Batches that wait, beside the one that is written; beyond it whoever makes them waits as well. */
const MOST_WAITING = 1

export class Writing {
  private readonly store: Store
  /** The one that is written, and those that wait. */
  private readonly underWay: Promise<void>[] = []
  private failed: { error: unknown } | undefined

  constructor(store: Store) {
    this.store = store
  }

  readonly write = (batch: Batch): void => {
    if (this.failed) return
    this.underWay.push(this.writeBehind(this.underWay.at(-1), batch))
  }

  /**
   * Undefined: there is room for more. Rejects with what went wrong. While a batch is written the event loop gets a turn:
   * a file is read without one, and the database would wait for its next statement until the file is over.
   */
  room(): Promise<void> | undefined {
    return this.failed || this.underWay.length > 0 ? this.onceThereIsRoom() : undefined
  }

  /** All of it is there. Rejects with what went wrong; the store is closed then, too. */
  async end(): Promise<void> {
    try {
      await this.settled()
    } finally {
      await this.store.close()
    }
  }

  private async writeBehind(before: Promise<void> | undefined, batch: Batch): Promise<void> {
    await before
    if (!this.failed)
      try {
        await this.store.write(batch)
      } catch (error) {
        this.failed = { error: wordsOf(error) }
      }
    this.underWay.shift()
  }

  private async onceThereIsRoom(): Promise<void> {
    await new Promise(setImmediate)
    while (this.underWay.length > 1 + MOST_WAITING) await this.underWay[0]
    if (this.failed) throw this.failed.error
  }

  private async settled(): Promise<void> {
    await this.underWay.at(-1)
    if (this.failed) throw this.failed.error
  }
}
