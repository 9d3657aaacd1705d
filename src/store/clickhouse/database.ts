/** A store that is a database of ClickHouse's, which any number of hosts write and read. */
import { UserError } from '../../model/user-error.ts'
import type { Batch } from '../batch.ts'
import { TABLES, WRITTEN } from '../schema.ts'
import { type Reader, type Store, StoreAway } from '../store.ts'
import { StoredClock } from '../stored.ts'
import { checkVersion, HOW } from '../version.ts'
import { Connection } from './connection.ts'
import { linesOf } from './lines.ts'
import { ClickHouseReader } from './reader.ts'
import { addMissing, createStatements, rowsTable, VERSION_TABLE } from './tables.ts'
import type { Address } from './url.ts'

/** Throws UserError. */
export async function openDatabase(address: Address): Promise<Store> {
  const connection = new Connection(address)
  try {
    const version = await versionOf(connection)
    if (version === 'other')
      throw new UserError(
        `${address.name}: the database has tables of these names, and they are not nfwhy's. Give the name of a database of its own.`,
      )
    if (version === 'none') for (const statement of createStatements(address.database)) await connection.run(statement)
    else {
      checkVersion(address.name, version)
      await complete(connection, address.database)
    }
    return new DatabaseStore(connection)
  } catch (error) {
    await connection.close()
    throw error
  }
}

class DatabaseStore implements Store {
  private readonly connection: Connection
  private readonly clock = new StoredClock()

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Each table's rows at once; of rows of one key the latest counts, so that it may be tried again. */
  async write(...batches: Batch[]): Promise<void> {
    const stored = batches.map((batch) => batch.stored ?? this.clock.next())
    for (const name of WRITTEN) {
      // they are in the rows of what they are about
      if (name === 'findings') continue
      const lines = batches.map((batch, i) => linesOf(name, batch, stored[i]!)).join('')
      if (lines !== '') await this.connection.insert(rowsTable(name), lines)
    }
  }

  async close(): Promise<void> {
    await this.connection.close()
  }
}

/** Throws UserError. */
export async function readDatabase(address: Address): Promise<Reader> {
  const connection = new Connection(address)
  try {
    const version = await versionOf(connection)
    if (typeof version === 'string') throw new UserError(`${address.name}: there is no store in this database.`, HOW)
    checkVersion(address.name, version)
    return new ClickHouseReader(connection, await settingsOf(connection))
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** `none`: it has none of these tables, or another process is making them; `other`: they are somebody else's. */
async function versionOf(connection: Connection): Promise<number | 'none' | 'other'> {
  const tables = await connection.rows('SELECT name FROM system.tables WHERE database = currentDatabase()')
  const names = tables.map(([name]) => name)
  if (names.includes(VERSION_TABLE)) {
    const [[version] = []] = await connection.rows(`SELECT max(version) FROM ${VERSION_TABLE}`)
    return Number(version) || 'none'
  }
  return TABLES.some(({ name }) => names.includes(name)) ? 'other' : 'none'
}

/** Other hosts may be at it, too: what one of them has added cannot be added again, and is not missing any more. */
async function complete(connection: Connection, database: string): Promise<void> {
  for (let left = MOST_TRIES; ; left--) {
    try {
      for (const statement of addMissing(database, await columnsOf(connection))) await connection.run(statement)
      return
    } catch (error) {
      if (left === 1 || error instanceof StoreAway) throw error
    }
  }
}

const MOST_TRIES = 5

/** By table. */
async function columnsOf(connection: Connection): Promise<Map<string, Set<string>>> {
  const columns = await connection.rows('SELECT table, name FROM system.columns WHERE database = currentDatabase()')
  const found = new Map<string, Set<string>>()
  for (const [table, name] of columns) {
    const names = found.get(table!) ?? new Set()
    found.set(table!, names.add(name!))
  }
  return found
}

/** What makes answers those of other engines; a user who may only read may not set anything. */
async function settingsOf(connection: Connection): Promise<{ readonly?: '1'; join_use_nulls?: 1 }> {
  const [[readonly] = []] = await connection.rows("SELECT value FROM system.settings WHERE name = 'readonly'")
  return readonly === '1' ? {} : { readonly: '1', join_use_nulls: 1 }
}
