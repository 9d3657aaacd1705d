/** Rows that are written together: those of a shape by what they have of their own, all others in full. */
import { parseAddress } from '../model/address.ts'
import type { Value } from '../model/member.ts'
import { memo } from '../model/memo.ts'
import { contentKey } from './keys.ts'
import { type Cell, isOwn, type Row, TOLD } from './row.ts'
import { type Column, TABLES, type TableName, tableOf } from './schema.ts'
import type { Shape, ShapeRow } from './shapes.ts'

/** Values by column; columns that nobody has named take no room. */
export class Columns {
  readonly columns: readonly Column[]
  /** Absent: not known of any row. Undefined, and what is missing at the end: not known of that row. */
  readonly values: (Cell[] | undefined)[]
  private readonly places: ReadonlyMap<string, number>
  size = 0

  constructor(columns: readonly Column[], places: ReadonlyMap<string, number>) {
    this.columns = columns
    this.values = columns.map(() => undefined)
    this.places = places
  }

  /** A column's values, in the order of rows; what is missing at the end is not known. */
  named(column: string): readonly Cell[] {
    return this.values[this.places.get(column)!] ?? []
  }

  /** These of its rows. */
  only(rows: readonly number[]): Columns {
    const some = new Columns(this.columns, this.places)
    some.size = rows.length
    for (const [i, values] of this.values.entries()) {
      const picked = values && rows.map((row) => values[row])
      if (picked?.some((value) => value !== undefined)) some.values[i] = picked
    }
    return some
  }

  /** Those that are known of some row. */
  get known(): readonly Column[] {
    return this.columns.filter((_, i) => this.values[i] !== undefined)
  }

  /** Another row; columns that it does not name are not known. */
  add(row: Row): void {
    this.size++
    for (const column in row) this.set(column, row[column])
  }

  /** Of the latest row. */
  set(column: string, value: Cell): void {
    if (value !== undefined && value !== null) this.put(this.places.get(column)!, value)
  }

  /** The same, by its text. */
  setText(column: string, text: string): void {
    const at = this.places.get(column)!
    const { type } = this.columns[at]!
    this.put(at, type === 'integer' || type === 'bigint' ? Number(text) : text)
  }

  private put(at: number, value: string | number): void {
    let values = this.values[at]
    if (!values) {
      values = []
      this.values[at] = values
    }
    while (values.length < this.size - 1) values.push(undefined)
    values[this.size - 1] = value
  }
}

/** Number of the shape that has the rest of a row. */
const SHAPE: Column = { name: 'shape', type: 'integer', says: '' }

/** A shape's rows name nothing of their own, and its numbers are those of one batch. */
export type PartName = TableName | `shared_${'exchanges' | 'journeys' | 'findings'}`
const SHARED = ['exchanges', 'journeys', 'findings'] as const

/** What a batch holds: each table's rows, and what rows of a shape share. */
export const PARTS: readonly { name: PartName; columns: readonly Column[] }[] = [
  ...TABLES.map(({ name, columns }) => ({
    name,
    columns: [...(name === 'exchanges' || name === 'journeys' ? [SHAPE] : []), ...withoutStored(columns)],
  })),
  ...SHARED.map((name) => ({
    name: `shared_${name}` as const,
    columns: [SHAPE, ...tableOf(name).columns.filter((one) => !isOwn(name, one.name))],
  })),
]

function withoutStored(columns: readonly Column[]): Column[] {
  return columns.filter(({ name }) => name !== 'stored')
}

/** Whose steps and findings they are. */
export interface Subject {
  about: 'exchange' | 'journey'
  key: string
  host: string | undefined
  time: number | undefined
}

const PLACES = PARTS.map(({ columns }) => new Map(columns.map(({ name }, i) => [name, i])))

const KEYS = [
  ['journeys', 'journey'],
  ['exchanges', 'exchange'],
  ['drops', 'drop'],
] as const

export class Batch {
  readonly parts: ReadonlyMap<PartName, Columns>
  /** When it was told, microseconds since 1970; absent: when it is written. */
  readonly stored: number | undefined
  private readonly shapes = new Map<Shape, number>()
  private readonly keys = { exchange: new Set<string>(), journey: new Set<string>() }
  private readonly paths = new Set<string>()

  /** `parts`: rows that are there already; all others are empty. */
  constructor(parts: ReadonlyMap<PartName, Columns> = new Map(), stored?: number) {
    this.parts = new Map(
      PARTS.map(({ name, columns }, i) => [name, parts.get(name) ?? new Columns(columns, PLACES[i]!)]),
    )
    this.stored = stored
  }

  get isEmpty(): boolean {
    return this.subjects === 0
  }

  /** How many journeys, exchanges and drops. */
  get subjects(): number {
    return KEYS.reduce((sum, [part]) => sum + this.part(part).size, 0)
  }

  /** Their keys, in order. */
  *keysOf(): Generator<string> {
    for (const [part, key] of KEYS) for (const cell of this.part(part).named(key)) yield String(cell)
  }

  /** Of one key it takes one row. */
  has({ about, key }: Subject): boolean {
    return this.keys[about].has(key)
  }

  part(name: PartName): Columns {
    return this.parts.get(name)!
  }

  /** Drops of a minute, whose key no other row has. */
  addDrops(key: string, row: Row): void {
    this.part('drops').add({ drop: key, ...row })
  }

  addRows(name: TableName, rows: Iterable<Row>): void {
    for (const row of rows) this.part(name).add(row)
  }

  /**
   * A journey or exchange with its steps and findings. `own`: of its first row, what belongs to it alone. `values`: what the
   * shape leaves open; absent: the shape is of this one alone.
   */
  add(subject: Subject, own: Row, shape: Shape, values?: readonly Value[]): void {
    const { about, key, host, time } = subject
    this.keys[about].add(key)
    const name = about === 'journey' ? 'journeys' : 'exchanges'
    const part = this.part(name)
    const [[head], ...others] = shape as [readonly [ShapeRow], ...(readonly ShapeRow[])[]]
    part.add(own)
    part.set('shape', values ? this.numberOf(shape, name) : null)
    if (!values) putShared(part, name, head)
    putCells(part, name, head, values)
    if (name === 'journeys') putSorted(part, head, values)
    if (name === 'journeys') part.set('path', this.pathOf(others[0]!, values))
    this.addFindings(others.at(-1)!, { about, subject: key, host, time }, values)
  }

  /** The key of a path, whose steps are added where they are not yet. */
  private pathOf(steps: readonly ShapeRow[], values: readonly Value[] | undefined): string {
    const isShared = !values || steps.every(({ own }) => own.length === 0)
    const path = isShared ? sharedPath(steps) : contentKey(filledText(steps, values))
    if (this.paths.has(path)) return path
    this.paths.add(path)
    const part = this.part('steps')
    for (const row of steps) {
      part.add({ path })
      putShared(part, 'steps', row)
      putCells(part, 'steps', row, values)
    }
    return path
  }

  /** Those that the shape does not have in full. */
  private addFindings(rows: readonly ShapeRow[], own: Row, values: readonly Value[] | undefined): void {
    const part = this.part('findings')
    for (const row of rows) {
      if (values && row.own.length === 0) continue
      part.add(own)
      putShared(part, 'findings', row)
      putCells(part, 'findings', row, values)
    }
  }

  private numberOf(shape: Shape, name: 'exchanges' | 'journeys'): number {
    let number = this.shapes.get(shape)
    if (number !== undefined) return number
    number = this.shapes.size
    this.shapes.set(shape, number)
    for (const [of, rows] of [[name, shape[0]!] as const, ['findings', shape.at(-1)!] as const])
      for (const row of rows) {
        if (of === 'findings' && row.own.length > 0) continue
        const part = this.part(`shared_${of}`)
        part.add({ shape: number })
        putShared(part, of, row)
      }
    return number
  }
}

const sharedPath = memo((steps: readonly ShapeRow[]) => contentKey(filledText(steps, undefined)))

const filledText = (rows: readonly ShapeRow[], values: readonly Value[] | undefined): string =>
  JSON.stringify(
    rows.map(({ shared, own }) => {
      const cells = [...shared]
      if (values) for (const cell of own) cells[cell.column] = cell.fill(values)
      return cells
    }),
  )

/** Into the latest row, what it has of its own. */
function putCells(part: Columns, name: TableName, { own }: ShapeRow, values: readonly Value[] | undefined): void {
  if (values) for (const cell of own) part.setText(TOLD[name][cell.column]!, cell.fill(values))
}

/** An address of the latest row, so that it sorts. */
function putSorted(part: Columns, { shared, own }: ShapeRow, values: readonly Value[] | undefined): void {
  for (const [end, column] of ENDS) {
    const cell = values && own.find((one) => one.column === column)
    part.set(`${end}_sort`, sortText(cell ? cell.fill(values) : shared[column]!))
  }
}

const ENDS = (['src', 'dst'] as const).map((end) => [end, TOLD.journeys.indexOf(end)] as const)

function putShared(part: Columns, name: TableName, { shared }: ShapeRow): void {
  for (let i = 0; i < shared.length; i++) if (shared[i] !== '') part.setText(TOLD[name][i]!, shared[i]!)
}

/** As many digits for each, so that they sort as addresses do. */
function sortText(address: string): string | null {
  const bytes = parseAddress(address)
  return bytes ? (bytes.length === 4 ? '00000000000000000000ffff' : '') + Buffer.from(bytes).toString('hex') : null
}
