/** A store that is one file of DuckDB's. */
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { printable } from '../../model/printable.ts'
import { isSystemError } from '../../model/system-error.ts'
import { UserError } from '../../model/user-error.ts'
import type { Batch } from '../batch.ts'
import { folderProblem } from '../folders.ts'
import { TABLES, VERSION } from '../schema.ts'
import type { Reader, Store } from '../store.ts'
import { checkVersion, HOW } from '../version.ts'
import { DuckReader } from './reader.ts'
import { Session } from './session.ts'
import { addColumns, createTable, leaveOutOlder, replaceRows } from './sql.ts'

/** Which version of the schema the tables have. */
const CREATE_VERSION = 'CREATE TABLE IF NOT EXISTS nfwhy_store (version INTEGER)'
const READ_VERSION = 'SELECT max(version) FROM nfwhy_store'

/** Throws UserError. */
export async function openFile(path: string): Promise<Store> {
  try {
    if (!existsSync(path)) await make(path)
    const session = await Session.open(path)
    try {
      // a file that somebody made for it, in which there is nothing yet
      if (await isEmpty(session)) await createTables(session)
      checkVersion(path, await versionOf((sql) => session.connection.runAndReadAll(sql)))
      hideLog(path)
      // a store of an earlier nfwhy may have fewer tables, and fewer columns
      await session.transaction(() => session.run(CREATE_TABLES))
      const missing = await missingColumns(session)
      if (missing.length > 0) await session.transaction(() => session.run(missing))
      return new FileStore(session, path)
    } catch (error) {
      session.close()
      throw error
    }
  } catch (error) {
    throw openProblem(path, error)
  }
}

/** Under another name until it is whole: who is killed meanwhile leaves no half store at its place. */
async function make(path: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`
  try {
    const session = await Session.open(unfinished)
    try {
      // it tells who speaks to whom
      chmodSync(unfinished, 0o600)
      await createTables(session)
      await session.run(['CHECKPOINT'])
    } finally {
      session.close()
    }
    // another process may have made one by now
    if (!existsSync(path)) renameSync(unfinished, path)
  } finally {
    for (const left of [unfinished, `${unfinished}.wal`]) rmSync(left, { force: true })
  }
}

/**
 * What is not in the file yet is in a log beside it, which DuckDB makes when it needs one, for everybody to read: it is
 * there before DuckDB needs it, for those who may read the file.
 */
function hideLog(path: string): void {
  closeSync(openSync(`${path}.wal`, 'a', statSync(path).mode & 0o666))
}

const CREATE_TABLES = TABLES.map(({ name }) => createTable(name))

const createTables = (session: Session): Promise<void> =>
  session.transaction(() =>
    session.run([CREATE_VERSION, `INSERT INTO nfwhy_store VALUES (${VERSION})`, ...CREATE_TABLES]),
  )

async function isEmpty(session: Session): Promise<boolean> {
  const tables = await session.connection.runAndReadAll(
    "SELECT count(*) FROM information_schema.tables WHERE table_catalog NOT IN ('temp', 'system')",
  )
  return Number(tables.getRows()[0]![0]) === 0
}

async function missingColumns(session: Session): Promise<string[]> {
  const there = (
    await session.connection.runAndReadAll('SELECT table_name, column_name FROM information_schema.columns')
  ).getRows()
  return TABLES.flatMap(({ name }) =>
    addColumns(name, new Set(there.filter(([table]) => table === name).map(([, column]) => String(column)))),
  )
}

class FileStore implements Store {
  private readonly session: Session
  private readonly path: string

  constructor(session: Session, path: string) {
    this.session = session
    this.path = path
  }

  async write(...batches: Batch[]): Promise<void> {
    const { session } = this
    hideLog(this.path)
    await session.transaction(async () => {
      for (const batch of batches) {
        await session.hold(batch)
        await session.run([...leaveOutOlder(batch), ...replaceRows(batch, batch.stored ?? session.nextStored())])
      }
    })
  }

  async close(): Promise<void> {
    const log = `${this.path}.wal`
    // DuckDB removes what it has written into
    if (existsSync(log) && statSync(log).size === 0) rmSync(log)
    this.session.close()
  }
}

/** Throws UserError. */
export async function readFile(path: string): Promise<Reader> {
  if (!existsSync(path)) throw new UserError(`${printable(path)}: there is no such store.`, HOW)
  const reader = await DuckReader.open(path, { access_mode: 'READ_ONLY', enable_external_access: 'false' }).catch(
    (error) => {
      throw openProblem(path, error)
    },
  )
  try {
    checkVersion(path, await versionOf((sql) => reader.connection.runAndReadAll(sql)))
    await reader.lock()
    return reader
  } catch (error) {
    reader.close()
    throw error
  }
}

/** Undefined: it is no store. */
async function versionOf(run: (sql: string) => Promise<{ getRows(): unknown[][] }>): Promise<number | undefined> {
  try {
    return Number((await run(READ_VERSION)).getRows()[0]![0])
  } catch {
    return undefined
  }
}

function openProblem(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error
  if (isSystemError(error)) return folderProblem(path, error)
  const { message } = error
  const holder = /lock is held in .*?\(PID (\d+)\)/s.exec(message)?.[1]
  if (holder !== undefined || /Could not set lock/.test(message))
    return new UserError(
      `${printable(path)}: another process${holder === undefined ? '' : ` (${holder})`} has this store open.`,
      'DuckDB lets one process write, or several read. A folder of Parquet files (--store parquet:DIR) can be read while it is written.',
    )
  if (/not a valid DuckDB database file|serialization|newer version/i.test(message))
    return new UserError(`${printable(path)}: this is no store of nfwhy's, or of a newer DuckDB.`)
  if (/^IO Error/.test(message))
    return new UserError(
      `${printable(path)}: ${message
        .split('\n')[0]!
        .replace(/^IO Error: /, '')
        .replace(/\.\d+\.new"/, '"')}`,
    )
  return error
}
