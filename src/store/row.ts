/** Rows as they go to a database: values by the names of columns. */
import { printable } from '../model/printable.ts'
import { TABLES, type TableName } from './schema.ts'

/** Absent, null: not known. */
export type Cell = string | number | null | undefined
export type Row = Readonly<Record<string, Cell>>

/**
 * Columns that each packet has of its own, and that are written beside what its class shares: all others are made of the
 * journey or exchange as it is explained.
 */
const OWN: Readonly<Record<TableName, readonly string[]>> = {
  exchanges: ['exchange', 'host', 'boot', 'time', 'clock', 'source', 'stored'],
  journeys: [
    ...['journey', 'exchange', 'host', 'boot', 'time', 'uptime', 'duration', 'clock', 'source'],
    ...['src_sort', 'dst_sort', 'path', 'stored'],
  ],
  steps: ['path', 'stored'],
  findings: ['about', 'subject', 'host', 'time', 'stored'],
  drops: ['drop', 'host', 'boot', 'time', 'stored'],
  rulesets: ['stored'],
}

export const isOwn = (table: TableName, column: string): boolean => OWN[table].includes(column)

/** The other columns of each table, in order. */
export const TOLD = Object.fromEntries(
  TABLES.map(({ name, columns }) => [name, columns.map((one) => one.name).filter((one) => !isOwn(name, one))]),
) as Record<TableName, string[]>

/** What stands between the values of a row, rows, and the rows of one table and the next, while they are one text. */
const [CELL, ROW, TABLE] = ['\x1f', '\x1e', '\x1d']

/** A journey or exchange, and what belongs to it: rows of one table after the other. */
export function textOf(tables: readonly (readonly [TableName, readonly Row[]])[]): string {
  return tables
    .map(([name, rows]) => rows.map((row) => TOLD[name].map((column) => cellText(row[column])).join(CELL)).join(ROW))
    .join(TABLE)
}

/** What would act on a terminal, or would be taken for what stands between, becomes visible. */
const cellText = (cell: Cell): string =>
  typeof cell === 'string' ? cell.split('\n').map(printable).join('\n') : cell == null ? '' : String(cell)

/** The values again, as text; empty: not known. */
export const cellsOf = (text: string): string[][][] =>
  text.split(TABLE).map((rows) => (rows === '' ? [] : rows.split(ROW).map((row) => row.split(CELL))))
