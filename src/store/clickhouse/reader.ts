/** Questions to ClickHouse that change nothing. */
import type { ClickHouseSettings } from '@clickhouse/client'
import { UserError } from '../../model/user-error.ts'
import type { Answer, Reader, Value } from '../store.ts'
import type { Connection } from './connection.ts'

/** Behind comments and brackets. */
const SELECT = /^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*.*?\*\/)*(?:select|with)\b/is

export class ClickHouseReader implements Reader {
  private readonly connection: Connection
  private readonly settings: ClickHouseSettings

  constructor(connection: Connection, settings: ClickHouseSettings) {
    this.connection = connection
    this.settings = settings
  }

  async query(sql: string, parameters: Readonly<Record<string, Value>> = {}): Promise<Answer> {
    const statement = sql.replace(/[\s;]+$/, '')
    if (statement === '') throw new UserError('The SQL is empty.')
    if (!SELECT.test(statement)) throw new UserError('query only reads: the SQL has to be a SELECT.')
    const lines = await this.connection.lines(fill(statement, parameters), this.settings)
    const names = fieldsOf(await next(lines))
    const types = fieldsOf(await next(lines)).map((type) => type ?? '')
    return { columns: distinct(names.map((name) => name ?? '')), rows: rowsOf(lines, types) }
  }

  close(): void {
    void this.connection.close()
  }
}

async function next(lines: AsyncIterableIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  return done ? '' : value
}

async function* rowsOf(lines: AsyncIterable<string>, types: readonly string[]): AsyncGenerator<Value[]> {
  for await (const line of lines) yield fieldsOf(line).map((text, i) => readValue(text, types[i]!))
}

/** ClickHouse 18 has no parameters: values become literals. */
const fill = (sql: string, parameters: Readonly<Record<string, Value>>): string =>
  sql.replace(/\$(\w+)/g, (text, name) => (Object.hasOwn(parameters, name) ? literal(parameters[name]!) : text))

const literal = (value: Value): string =>
  typeof value === 'string'
    ? `'${value.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`
    : value === null
      ? 'NULL'
      : String(Number(value))

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', 0: '\0' }

/** Of a line of TabSeparated; null: NULL. */
const fieldsOf = (line: string): (string | null)[] =>
  line
    .split('\t')
    .map((field) => (field === '\\N' ? null : field.replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter)))

const NUMBER = /^(?:LowCardinality\()?(?:Nullable\()?(?:U?Int|Float)\d+\)*$/

/** What JSON has: whole numbers that are too large for it are text, and so is what ClickHouse has types of its own for. */
function readValue(text: string | null, type: string): Value {
  if (text === null) return null
  if (/\bBool\)*$/.test(type)) return text === 'true'
  if (!NUMBER.test(type)) return text
  const number = Number(text)
  if (type.includes('Int')) return Number.isSafeInteger(number) ? number : text
  return Number.isFinite(number) ? number : text.replace('inf', 'Infinity').replace('nan', 'NaN')
}

/** Names that come again have a number behind, as DuckDB's have. */
function distinct(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return names.map((name) => {
    const before = counts.get(name) ?? 0
    counts.set(name, before + 1)
    return before === 0 ? name : `${name}:${before}`
  })
}
