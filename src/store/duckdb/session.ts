/** A connection to DuckDB that holds one batch at a time. */
import type { DuckDBConnection, DuckDBInstance, DuckDBType } from '@duckdb/node-api'
import type { Batch, Columns } from '../batch.ts'
import { StoredClock } from '../stored.ts'
import { type DuckDB, loadDuckDB } from './load.ts'
import { createStage, stageOf } from './sql.ts'

/** What a chunk of DuckDB's holds. */
const CHUNK = 2048

/** Of a database that is written: rows of a batch, and what DuckDB keeps of the file. */
const MEMORY = '1GB'

export class Session {
  readonly connection: DuckDBConnection
  private readonly instance: DuckDBInstance
  private readonly duckdb: DuckDB
  private readonly clock = new StoredClock()

  private constructor(duckdb: DuckDB, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.duckdb = duckdb
    this.instance = instance
    this.connection = connection
  }

  /** Throws what DuckDB throws. */
  static async open(path: string): Promise<Session> {
    const duckdb = loadDuckDB()
    const instance = await duckdb.DuckDBInstance.create(path, { memory_limit: MEMORY })
    return new Session(duckdb, instance, await instance.connect())
  }

  /** When a batch is stored: later than the one before. Microseconds since 1970. */
  nextStored(): number {
    return this.clock.next()
  }

  /** In one call: between two, DuckDB would wait for this process, which has other work. */
  async run(statements: readonly string[]): Promise<void> {
    if (statements.length > 0) await this.connection.run(statements.join(';\n'))
  }

  /** All of the work, or nothing. */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.connection.run('BEGIN')
    try {
      await work()
      await this.connection.run('COMMIT')
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => {})
      throw error
    }
  }

  /** Into tables that hold it. */
  async hold(batch: Batch): Promise<void> {
    const parts = [...batch.parts]
    await this.run(parts.map(([name, columns]) => createStage(name, columns)))
    for (const [name, columns] of parts) if (columns.size > 0) await this.append(stageOf(name), columns)
  }

  private async append(table: string, { values, size }: Columns): Promise<void> {
    const known = values.filter((column) => column !== undefined)
    const appender = await this.connection.createAppender(table, 'main', 'temp')
    const types: DuckDBType[] = known.map((_, i) => appender.columnType(i))
    for (let at = 0; at < size; at += CHUNK) {
      const length = Math.min(CHUNK, size - at)
      const chunk = this.duckdb.DuckDBDataChunk.create(types, length)
      for (const [i, column] of known.entries())
        chunk.setColumnValues(
          i,
          Array.from({ length }, (_, row) => column[at + row] ?? null),
        )
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
  }

  close(): void {
    this.connection.closeSync()
    this.instance.closeSync()
  }
}
