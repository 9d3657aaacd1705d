/**
 * A store that is a folder of Parquet files: one for each table and batch. A file has its name when it is whole, and a batch
 * that is stored again has the same names. Of rows of one key the latest counts, which is found out when they are read.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { printable } from '../../model/printable.ts'
import { isSystemError } from '../../model/system-error.ts'
import { UserError } from '../../model/user-error.ts'
import type { Batch } from '../batch.ts'
import { folderProblem, makeFolder } from '../folders.ts'
import { TABLES, type TableName, tableOf, VERSION, WRITTEN } from '../schema.ts'
import type { Reader, Store } from '../store.ts'
import { checkVersion, HOW } from '../version.ts'
import { DuckReader } from './reader.ts'
import { Session } from './session.ts'
import { createTable, hasRows, rowsOf } from './sql.ts'

/** Says that the folder is a store, and of which version. */
const MARK = 'nfwhy-store.json'
const SCHEMA = 'nfwhy.store/'
/** Of a process that makes the store by now, or was killed. */
const UNFINISHED = `.${MARK}.`

/** Throws UserError. */
export async function openFolder(path: string): Promise<Store> {
  const folder = resolve(path)
  try {
    makeStore(path, folder)
  } catch (error) {
    throw folderProblem(path, error)
  }
  return new FolderStore(folder, await Session.open(':memory:'))
}

/** Where there is none. Throws UserError, and what the system throws. */
function makeStore(path: string, folder: string): void {
  const mark = join(folder, MARK)
  if (!existsSync(mark)) {
    if (existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith(UNFINISHED)))
      throw new UserError(
        `${printable(path)}: this is no store of nfwhy's, and not empty. Give the name of a new folder.`,
      )
    makeFolder(folder)
    // whole, or not there
    const unfinished = join(folder, `${UNFINISHED}${process.pid}`)
    try {
      writeFileSync(unfinished, `${JSON.stringify({ schema: `${SCHEMA}${VERSION}` })}\n`)
      renameSync(unfinished, mark)
    } finally {
      rmSync(unfinished, { force: true })
    }
  }
  checkVersion(path, versionOf(mark))
  for (const { name } of TABLES) makeFolder(join(folder, name))
}

class FolderStore implements Store {
  private readonly folder: string
  private readonly session: Session

  constructor(folder: string, session: Session) {
    this.folder = folder
    this.session = session
  }

  async write(...batches: Batch[]): Promise<void> {
    for (const batch of batches) await this.writeOne(batch)
  }

  private async writeOne(batch: Batch): Promise<void> {
    const { session, folder } = this
    const name = nameOf(batch)
    const stored = batch.stored ?? session.nextStored()
    const part = randomBytes(6).toString('hex')
    const partOf = (table: TableName) => join(folder, table, `.${name}.${part}`)
    await session.hold(batch)
    const wanted = WRITTEN.filter((table) => hasRows(table, batch))
    try {
      await session.run(
        wanted.map(
          (table) =>
            `COPY (${rowsOf(table, batch, stored)}) TO ${quoted(partOf(table))} (FORMAT parquet, COMPRESSION zstd)`,
        ),
      )
      for (const table of wanted) renameSync(partOf(table), join(folder, table, `${name}.parquet`))
    } finally {
      for (const table of wanted) rmSync(partOf(table), { force: true })
    }
  }

  async close(): Promise<void> {
    this.session.close()
  }
}

/** By the keys that it holds, and when they were told where it says so: an older batch that comes again replaces no later one. */
function nameOf(batch: Batch): string {
  const hash = createHash('sha256')
  for (const key of batch.keysOf()) hash.update(key)
  if (batch.isEmpty) for (const cell of batch.part('rulesets').named('rule')) hash.update(String(cell))
  if (batch.stored !== undefined) hash.update(String(batch.stored))
  return hash.digest('hex').slice(0, 32)
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Throws UserError. */
export async function readFolder(path: string): Promise<Reader> {
  const folder = resolve(path)
  const mark = join(folder, MARK)
  if (!existsSync(folder)) throw new UserError(`${printable(path)}: there is no such store.`, HOW)
  checkVersion(path, versionOf(mark))
  const reader = await DuckReader.open(':memory:', {})
  const { connection } = reader
  try {
    for (const { name } of TABLES) await connection.run(viewOf(folder, name))
    await connection.run(`SET allowed_directories = [${quoted(`${folder}/`)}]`)
    await connection.run('SET enable_external_access = false')
    await reader.lock()
    return reader
  } catch (error) {
    reader.close()
    throw damageIn(path, error)
  }
}

/** What DuckDB, or the system, says of the files. */
function damageIn(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.constructor !== Error || error instanceof UserError) return error
  if (isSystemError(error)) return folderProblem(path, error)
  return new UserError(`${printable(path)}: ${printable(error.message.split('\n')[0]!)}`)
}

function versionOf(mark: string): number | undefined {
  try {
    const { schema } = JSON.parse(readFileSync(mark, 'utf8'))
    return String(schema).startsWith(SCHEMA) ? Number(String(schema).slice(SCHEMA.length)) : undefined
  } catch {
    return undefined
  }
}

/** An empty table where nothing is stored yet. */
function viewOf(folder: string, table: TableName): string {
  const at = join(folder, table)
  if (!hasFiles(at)) return createTable(table)
  const files = (of: string) => `read_parquet(${quoted(`${join(folder, of)}/*.parquet`)}, union_by_name = true)`
  const latest = (of: string, key: string) =>
    `(SELECT ${key} AS key, max(stored) AS stored FROM ${files(of)} GROUP BY ${key})`
  const all = files(table)
  switch (table) {
    case 'findings': {
      const of = (['journey', 'exchange'] as const).filter((one) => hasFiles(join(folder, `${one}s`)))
      return `CREATE VIEW findings AS ${of
        .map(
          (one) =>
            `SELECT f.* FROM ${all} f JOIN ${latest(`${one}s`, one)} l ON f.about = '${one}' AND f.subject = l.key AND f.stored = l.stored`,
        )
        .join(' UNION ALL ')}`
    }
    default:
      return `CREATE VIEW ${table} AS SELECT * FROM ${all} QUALIFY row_number() OVER (PARTITION BY ${tableOf(table).key} ORDER BY stored DESC) = 1`
  }
}

const hasFiles = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.parquet') && !name.startsWith('.'))
