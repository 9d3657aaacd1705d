/** A batch's rows as ClickHouse takes them: JSON, an object a line. What is not known is left out. */
import type { Batch, Columns } from '../batch.ts'
import type { Cell } from '../row.ts'
import type { Column } from '../schema.ts'
import { arrayOf, FINDING, type RowsName } from './tables.ts'

/** Of one finding, as FINDING has the columns. */
type Finding = readonly Cell[]

/** `stored`: microseconds since 1970. Empty: the batch has no such rows. */
export function linesOf(name: RowsName, batch: Batch, stored: number): string {
  const part = batch.part(name)
  const more = name === 'journeys' || name === 'exchanges' ? sharedOf(name, batch) : () => ''
  const lines: string[] = []
  for (let row = 0; row < part.size; row++) lines.push(`{"stored":${stored}${cellsOf(part, row)}${more(row)}}\n`)
  return lines.join('')
}

function cellsOf({ columns, values }: Columns, row: number): string {
  let text = ''
  for (let i = 0; i < columns.length; i++) {
    const value = values[i]?.[row]
    const column = columns[i]!
    if (value != null && column.name !== 'shape') text += `,"${column.name}":${jsonOf(column, value)}`
  }
  return text
}

const jsonOf = ({ type }: Column, value: Cell): string =>
  value == null ? 'null' : type === 'integer' || type === 'bigint' ? String(value) : JSON.stringify(String(value))

/** What a row has besides: what its shape has, and the findings of both. */
function sharedOf(name: 'journeys' | 'exchanges', batch: Batch): (row: number) => string {
  const about = name === 'journeys' ? 'journey' : 'exchange'
  const part = batch.part(name)
  const keys = columnOf(part, about)
  const shapes = columnOf(part, 'shape')
  const heads = new Map<Cell, string>()
  const shared = batch.part(`shared_${name}`)
  for (const [row, shape] of columnOf(shared, 'shape').entries()) heads.set(shape, cellsOf(shared, row))
  const sharedFindings = findingsOf(batch.part('shared_findings'), (one, row) => columnOf(one, 'shape')[row])
  const ownFindings = findingsOf(batch.part('findings'), (one, row) =>
    columnOf(one, 'about')[row] === about ? columnOf(one, 'subject')[row] : undefined,
  )
  const texts = new Map<Cell, string>()
  return (row) => {
    const shape = shapes[row]
    const own = ownFindings.get(keys[row])
    const ofShape = shape == null ? undefined : sharedFindings.get(shape)
    const head = shape == null ? '' : (heads.get(shape) ?? '')
    if (own) return head + arraysOf([...(ofShape ?? []), ...own])
    if (!ofShape) return head
    let text = texts.get(shape)
    if (text === undefined) {
      text = head + arraysOf(ofShape)
      texts.set(shape, text)
    }
    return text
  }
}

const columnOf = ({ columns, values }: Columns, name: string): readonly Cell[] =>
  values[columns.findIndex((one) => one.name === name)] ?? []

/** By what `keyOf` gives; undefined: not these. */
function findingsOf(part: Columns, keyOf: (part: Columns, row: number) => Cell): ReadonlyMap<Cell, Finding[]> {
  const columns = FINDING.map(({ name }) => columnOf(part, name))
  const all = new Map<Cell, Finding[]>()
  for (let row = 0; row < part.size; row++) {
    const key = keyOf(part, row)
    if (key == null) continue
    const finding = columns.map((column) => column[row])
    const others = all.get(key)
    if (others) others.push(finding)
    else all.set(key, [finding])
  }
  return all
}

const N = FINDING.findIndex(({ name }) => name === 'n')

function arraysOf(findings: readonly Finding[]): string {
  const sorted = [...findings].sort((a, b) => Number(a[N]) - Number(b[N]))
  return FINDING.map(
    (column, i) => `,"${arrayOf(column.name)}":[${sorted.map((one) => jsonOf(column, one[i])).join(',')}]`,
  ).join('')
}
