/**
 * ClickHouse's tables, made of the schema: for each a view without what was stored again, over rows that
 * ReplacingMergeTree merges some time later. A journey's or exchange's findings are arrays in its own row, so that both are
 * there at once. Keys are text: ClickHouse's UUID does not sort as others do.
 */
import { type Column, type ColumnType, TABLES, type TableName, tableOf, VERSION } from '../schema.ts'

const TYPES: Readonly<Record<ColumnType, string>> = {
  uuid: 'String',
  text: 'String',
  integer: 'Int32',
  bigint: 'Int64',
}

/** What says that the database is a store, and of which version. */
export const VERSION_TABLE = 'nfwhy_store'

/** Whose rows have arrays of findings. */
const ABOUT = { journeys: 'journey', exchanges: 'exchange' } as const

/** Tables with rows of their own. */
export type RowsName = Exclude<TableName, 'findings'>

/** What of a finding is not its journey's or exchange's. */
export const FINDING: readonly Column[] = tableOf('findings').columns.filter(
  ({ name }) => !['about', 'subject', 'host', 'time', 'stored'].includes(name),
)

export const arrayOf = (column: string): string => `finding_${column}`

/** Rows as they were inserted. */
export const rowsTable = (name: RowsName): string => `nfwhy_${name}`

export const quoted = (name: string): string => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``

const hasFindings = (name: RowsName): name is keyof typeof ABOUT => name in ABOUT

const typeOf = (table: TableName, { name, type }: Column): string =>
  name === 'stored' || tableOf(table).key.includes(name) ? TYPES[type] : `Nullable(${TYPES[type]})`

function createRows(name: RowsName): string {
  const { columns, key } = tableOf(name)
  const all = [
    ...columns.map((column) => `${quoted(column.name)} ${typeOf(name, column)}`),
    ...(hasFindings(name)
      ? FINDING.map((column) => `${arrayOf(column.name)} Array(${typeOf('findings', column)})`)
      : []),
  ]
  return `CREATE TABLE IF NOT EXISTS ${rowsTable(name)} (${all.join(', ')}) ENGINE = ReplacingMergeTree(stored) ORDER BY (${key.join(', ')})`
}

const createView = (name: TableName, select: string): string => `CREATE VIEW IF NOT EXISTS ${name} AS ${select}`

const selectRows = (name: RowsName, database: string): string =>
  `SELECT ${tableOf(name)
    .columns.map((column) => quoted(column.name))
    .join(', ')} FROM ${quoted(database)}.${rowsTable(name)} FINAL`

function selectFindings(of: keyof typeof ABOUT, database: string): string {
  const about = ABOUT[of]
  const isArray = (name: string) => FINDING.some((column) => column.name === name)
  const columns = tableOf('findings').columns.map(({ name }) =>
    name === 'about'
      ? `'${about}' AS about`
      : name === 'subject'
        ? `${about} AS subject`
        : isArray(name)
          ? `a_${name} AS ${quoted(name)}`
          : quoted(name),
  )
  const arrays = FINDING.map(({ name }) => arrayOf(name))
  return (
    `SELECT ${columns.join(', ')} FROM (SELECT ${[about, 'host', 'time', 'stored', ...arrays].join(', ')} ` +
    `FROM ${quoted(database)}.${rowsTable(of)} FINAL) ARRAY JOIN ${FINDING.map(({ name }) => `${arrayOf(name)} AS a_${name}`).join(', ')}`
  )
}

/** All that makes a database a store, as often as it is done. */
export const createStatements = (database: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (version Int32) ENGINE = ReplacingMergeTree ORDER BY version`,
  ...TABLES.map(({ name }) => name).flatMap((name) => (name === 'findings' ? [] : [createRows(name)])),
  ...TABLES.map(({ name }) =>
    createView(
      name,
      name === 'findings'
        ? `${selectFindings('journeys', database)} UNION ALL ${selectFindings('exchanges', database)}`
        : selectRows(name, database),
    ),
  ),
  // last: who reads it finds all of it
  `INSERT INTO ${VERSION_TABLE} VALUES (${VERSION})`,
]
