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

/** Names and types of a rows table's columns. */
const rowsColumns = (name: RowsName): [name: string, type: string][] => [
  ...tableOf(name).columns.map((column): [string, string] => [column.name, typeOf(name, column)]),
  ...(hasFindings(name)
    ? FINDING.map((column): [string, string] => [arrayOf(column.name), `Array(${typeOf('findings', column)})`])
    : []),
]

const defined = ([name, type]: [string, string]): string => `${quoted(name)} ${type}`

function createRows(name: RowsName): string {
  const { key } = tableOf(name)
  const all = rowsColumns(name).map(defined)
  return `CREATE TABLE IF NOT EXISTS ${rowsTable(name)} (${all.join(', ')}) ENGINE = ReplacingMergeTree(stored) ORDER BY (${key.join(', ')})`
}

const createView = (name: TableName, database: string): string =>
  `CREATE VIEW IF NOT EXISTS ${name} AS ${
    name === 'findings'
      ? `${selectFindings('journeys', database)} UNION ALL ${selectFindings('exchanges', database)}`
      : selectRows(name, database)
  }`

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

const ROWS: readonly RowsName[] = TABLES.flatMap(({ name }) => (name === 'findings' ? [] : [name]))

/** All that makes a database a store, as often as it is done. */
export const createStatements = (database: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (version Int32) ENGINE = ReplacingMergeTree ORDER BY version`,
  ...ROWS.map(createRows),
  ...TABLES.map(({ name }) => createView(name, database)),
  // last: who reads it finds all of it
  `INSERT INTO ${VERSION_TABLE} VALUES (${VERSION})`,
]

/**
 * What adds the tables and columns that the database of an earlier nfwhy lacks; `there`: each table's and view's own. Views
 * have the columns of their query, so they are made anew: who asks one meanwhile is told that it is not there. Whoever was
 * killed amid it left the rest to the next one.
 */
export function addMissing(database: string, there: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const rows = ROWS.flatMap((name) => {
    const known = there.get(rowsTable(name))
    return known
      ? rowsColumns(name).flatMap((one) => (known.has(one[0]) ? [] : [addColumn(name, one)]))
      : [createRows(name)]
  })
  const views = TABLES.filter(({ name, columns }) => columns.some((column) => !there.get(name)?.has(column.name)))
  return [...rows, ...views.flatMap(({ name }) => [`DROP TABLE IF EXISTS ${name}`, createView(name, database)])]
}

/** All arrays of a row are of one length: those of rows that are there, or that an earlier nfwhy adds, have nothing in them. */
const addColumn = (name: RowsName, [column, type]: [string, string]): string =>
  `ALTER TABLE ${rowsTable(name)} ADD COLUMN ${defined([column, type])}${
    type.startsWith('Array') ? ` DEFAULT CAST(arrayMap(x -> NULL, ${arrayOf('code')}) AS ${type})` : ''
  }`
