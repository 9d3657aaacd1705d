import type { Host } from './host.ts'
import type { NamedSet, Table } from './ruleset.ts'

/** All that decides a packet's way on one machine: its rules and its state. */
export interface World {
  tables: Table[]
  sets: NamedSet[]
  host: Host
}

export const emptyWorld = (): World => ({ tables: [], sets: [], host: {} })
