/** What a store does, whatever it is made of. */
import { UserError } from '../model/user-error.ts'
import type { Batch } from './batch.ts'

/** Takes batches one after the other. Each is there as a whole, or not at all; of rows of one key those of the latest batch are kept (`Batch.stored`). */
export interface Store {
  /** Several are written together, which takes less time. */
  write(...batches: Batch[]): Promise<void>
  close(): Promise<void>
}

/** The store's server is not there, or not now. */
export class StoreAway extends UserError {}

export type Value = string | number | boolean | null

/** What a query gives. */
export interface Answer {
  columns: readonly string[]
  rows: AsyncIterable<readonly Value[]>
}

/** Answers queries, and changes nothing. */
export interface Reader {
  /** `parameters`: what stands for `$name` in the SQL. Throws UserError. */
  query(sql: string, parameters?: Readonly<Record<string, Value>>): Promise<Answer>
  close(): void
}
