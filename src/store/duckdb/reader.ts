/** Questions to DuckDB that change nothing. */
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import type { Answer, Reader, Value } from '../store.ts'
import { type DuckDB, loadDuckDB } from './load.ts'

const ONLY_READS = 'query only reads: the SQL has to be a SELECT.'
const WRITES =
  /^\s*(?:explain\s+(?:analyze\s+)?)?(?:alter|attach|copy|create|delete|drop|export|import|insert|merge|update)\b/i

export class DuckReader implements Reader {
  readonly connection: DuckDBConnection
  private readonly duckdb: DuckDB
  private readonly instance: DuckDBInstance

  private constructor(duckdb: DuckDB, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.duckdb = duckdb
    this.instance = instance
    this.connection = connection
  }

  /** Throws what DuckDB throws. */
  static async open(path: string, settings: Readonly<Record<string, string>>): Promise<DuckReader> {
    const duckdb = loadDuckDB()
    const instance = await duckdb.DuckDBInstance.create(path, settings)
    return new DuckReader(duckdb, instance, await instance.connect())
  }

  /** No SQL gets at files, or at what this takes away. */
  async lock(): Promise<void> {
    await this.connection.run('SET lock_configuration = true')
  }

  async query(sql: string, parameters: Readonly<Record<string, Value>> = {}): Promise<Answer> {
    try {
      const extracted = await this.connection.extractStatements(sql)
      if (extracted.count !== 1)
        throw new UserError(extracted.count === 0 ? 'The SQL is empty.' : 'query takes one SQL statement.')
      const statement = await extracted.prepare(0)
      if (statement.statementType !== this.duckdb.StatementType.SELECT) throw new UserError(ONLY_READS)
      if (statement.parameterCount > 0) statement.bind({ ...parameters })
      const result = await statement.stream()
      const columns = result.deduplicatedColumnNames()
      return { columns, rows: rowsOf(result) }
    } catch (error) {
      // what DuckDB says of it depends on where the store is
      throw WRITES.test(sql) ? new UserError(ONLY_READS) : sqlProblem(error)
    }
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }
}

async function* rowsOf(result: {
  fetchChunk(): Promise<{ rowCount: number; getRows(): DuckDBValue[][] } | null>
}): AsyncGenerator<Value[]> {
  try {
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      for (const row of chunk.getRows()) yield row.map(plain)
    }
  } catch (error) {
    throw sqlProblem(error)
  }
}

/** What JSON has: whole numbers that are too large for it are text, and so is what DuckDB has types of its own for. */
function plain(value: DuckDBValue): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return String(value)
}

/** DuckDB's word on the SQL, without its own advice. */
function sqlProblem(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error
  const [first = '', ...rest] = printableLines(error.message)
  return new UserError(first, rest.filter((line) => line.trim() !== '').join('\n') || undefined)
}

const printableLines = (text: string): string[] => text.split('\n').map(printable)
