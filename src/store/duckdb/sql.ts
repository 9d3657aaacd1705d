/** The SQL by which batches get into DuckDB's tables, made of the schema. */
import type { Batch, Columns, PartName } from '../batch.ts'
import { isOwn } from '../row.ts'
import { type Column, type ColumnType, TABLES, type TableName, tableOf } from '../schema.ts'

const TYPES: Readonly<Record<ColumnType, string>> = {
  uuid: 'UUID',
  text: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
}
/** As values come from JavaScript, which has no other numbers. */
const GIVEN: Readonly<Record<ColumnType, string>> = {
  uuid: 'VARCHAR',
  text: 'VARCHAR',
  integer: 'DOUBLE',
  bigint: 'DOUBLE',
}

const named = (columns: readonly Column[], types: Readonly<Record<ColumnType, string>>) =>
  columns.map(({ name, type }) => `${name} ${types[type]}`).join(', ')

export const createTable = (name: TableName): string =>
  `CREATE TABLE IF NOT EXISTS ${name} (${named(tableOf(name).columns, TYPES)})`

/** Columns that a table of an earlier nfwhy lacks. */
export function addColumns(name: TableName, there: ReadonlySet<string>): string[] {
  const missing = tableOf(name).columns.filter((column) => !there.has(column.name))
  return missing.map((column) => `ALTER TABLE ${name} ADD COLUMN ${named([column], TYPES)}`)
}

/** Names of tables that hold one batch. */
export const stageOf = (part: PartName): string => `batch_${part}`

/** Of the columns that are known of any row. */
export const createStage = (part: PartName, { known }: Columns): string =>
  `CREATE OR REPLACE TEMP TABLE ${stageOf(part)} (${known.length === 0 ? 'nothing INTEGER' : named(known, GIVEN)})`

/** A column of a table that holds the batch, or NULL. `as`: the table's name in the query. */
const given = (batch: Batch, part: PartName, as: string, column: string): string =>
  batch.part(part).known.some(({ name }) => name === column) ? `${as}.${column}` : 'NULL'

const columnsOf = (name: TableName, stored: number, value: (column: string) => string): string =>
  tableOf(name)
    .columns.map((column) => {
      const { name: called, type } = column
      return `CAST(${called === 'stored' ? stored : value(called)} AS ${TYPES[type]}) AS ${called}`
    })
    .join(', ')

/** A table's rows of the batch: what they have of their own, and what their shapes share. */
function headsOf(name: 'journeys' | 'exchanges', batch: Batch, stored: number): string {
  const shared = `shared_${name}` as const
  const columns = columnsOf(name, stored, (column) => {
    const own = given(batch, name, 'o', column)
    if (isOwn(name, column)) return own
    const rest = given(batch, shared, 's', column)
    return own === 'NULL' ? rest : rest === 'NULL' ? own : `coalesce(${own}, ${rest})`
  })
  const shape = (part: PartName, as: string) => given(batch, part, as, 'shape')
  return `SELECT ${columns} FROM ${stageOf(name)} o LEFT JOIN ${stageOf(shared)} s ON ${shape(name, 'o')} = ${shape(shared, 's')}`
}

const inFull = (name: TableName, batch: Batch, stored: number): string =>
  `SELECT ${columnsOf(name, stored, (column) => given(batch, name, 'o', column))} FROM ${stageOf(name)} o`

/** Findings that shapes have in full, for each that has the shape. */
function sharedFindings(of: 'journey' | 'exchange', batch: Batch, stored: number): string {
  const columns = columnsOf('findings', stored, (column) => {
    if (column === 'about') return `'${of}'`
    if (column === 'subject') return `o.${of}`
    return isOwn('findings', column)
      ? given(batch, `${of}s`, 'o', column)
      : given(batch, 'shared_findings', 's', column)
  })
  return `SELECT ${columns} FROM ${stageOf(`${of}s`)} o JOIN ${stageOf('shared_findings')} s ON o.shape = s.shape`
}

/** Does a shape of theirs have findings? */
const hasShared = (of: 'journey' | 'exchange', batch: Batch): boolean =>
  batch.part('shared_findings').size > 0 && given(batch, `${of}s`, 'o', 'shape') !== 'NULL'

/** A query that gives the batch's rows of a table. `stored`: microseconds since 1970. */
export function rowsOf(name: TableName, batch: Batch, stored: number): string {
  switch (name) {
    case 'journeys':
    case 'exchanges':
      return headsOf(name, batch, stored)
    case 'findings':
      return [
        ...(['journey', 'exchange'] as const)
          .filter((of) => hasShared(of, batch))
          .map((of) => sharedFindings(of, batch, stored)),
        inFull(name, batch, stored),
      ].join(' UNION ALL ')
    case 'steps':
    case 'drops':
      return inFull(name, batch, stored)
    case 'rulesets':
      return `${inFull(name, batch, stored)} QUALIFY row_number() OVER (PARTITION BY o.ruleset, o.rule) = 1`
  }
}

/** Does the batch have rows of it? */
export const hasRows = (name: TableName, batch: Batch): boolean =>
  batch.part(name).size > 0 || (name === 'findings' && batch.part('shared_findings').size > 0)

/** What is said of the same journeys, exchanges and minutes by now. */
const deletes = (batch: Batch): string[] => [
  ...deletesDrops(batch),
  ...(['journey', 'exchange'] as const)
    .filter((of) => batch.part(`${of}s`).size > 0)
    .flatMap((of) => {
      const keys = `(SELECT CAST(${of} AS UUID) FROM ${stageOf(`${of}s`)})`
      return [
        `DELETE FROM ${of}s WHERE ${of} IN ${keys}`,
        `DELETE FROM findings WHERE about = '${of}' AND subject IN ${keys}`,
      ]
    }),
]

/** The same minute as it was counted before. */
const deletesDrops = (batch: Batch): string[] =>
  batch.part('drops').size > 0
    ? [`DELETE FROM drops WHERE drop IN (SELECT CAST(drop AS UUID) FROM ${stageOf('drops')})`]
    : []

/** Rows that never change: those that the table has are left out. */
const isNew = (name: TableName): string =>
  name === 'steps' || name === 'rulesets'
    ? ` ANTI JOIN ${name} t ON ${tableOf(name)
        .key.map((column) => `r.${column} = t.${column}`)
        .join(' AND ')}`
    : ''

/**
 * Of a batch that says when it was told: subjects of which the tables have later words, and what is said of them. Batches of
 * one host may come in any order, and again.
 */
export const leaveOutOlder = (batch: Batch): string[] =>
  batch.stored === undefined
    ? []
    : (['journey', 'exchange', 'drop'] as const)
        .filter((of) => batch.part(`${of}s`).size > 0)
        .flatMap((of) => {
          const staged = stageOf(`${of}s`)
          const later = `(SELECT CAST(t.${of} AS VARCHAR) FROM ${of}s t JOIN ${staged} o ON t.${of} = CAST(o.${of} AS UUID) WHERE t.stored > ${batch.stored})`
          return [
            ...(of === 'drop' || batch.part('findings').size === 0
              ? []
              : [`DELETE FROM ${stageOf('findings')} WHERE about = '${of}' AND subject IN ${later}`]),
            `DELETE FROM ${staged} WHERE ${of} IN ${later}`,
          ]
        })

/** All that brings a batch from where it is held into the tables. */
export const replaceRows = (batch: Batch, stored: number): string[] => [
  ...deletes(batch),
  ...TABLES.filter(({ name }) => hasRows(name, batch)).map(
    ({ name }) => `INSERT INTO ${name} BY NAME SELECT r.* FROM (${rowsOf(name, batch, stored)}) r${isNew(name)}`,
  ),
]
