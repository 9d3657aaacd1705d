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
  private last: Promise<void> = Promise.resolve()
  private waiting = 0
  private failed: { error: unknown } | undefined

  constructor(store: Store) {
    this.store = store
  }

  readonly write = (batch: Batch): void => {
    if (this.failed) return
    this.waiting++
    this.last = this.last.then(async () => {
      if (this.failed) return
      try {
        await this.store.write(batch)
      } catch (error) {
        this.failed = { error: wordsOf(error) }
      } finally {
        this.waiting--
      }
    })
  }

  /** Undefined: there is room for more. Rejects with what went wrong. */
  room(): Promise<void> | undefined {
    return this.failed || this.waiting > MOST_WAITING ? this.settled() : undefined
  }

  /** All of it is there. Rejects with what went wrong; the store is closed then, too. */
  async end(): Promise<void> {
    try {
      await this.settled()
    } finally {
      await this.store.close()
    }
  }

  private async settled(): Promise<void> {
    await this.last
    if (this.failed) throw this.failed.error
  }
}
