/**
 * What travels through a broker: a batch, or how much of a host's batches was lost. A message is JSON in gzip; its id is a hash
 * of its bytes, so that the same message sent twice is one.
 */
import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { Batch, Columns, PARTS, type PartName } from '../batch.ts'
import type { Cell } from '../row.ts'
import { type Column, tableOf, VERSION } from '../schema.ts'
import { COUNTED, type Counts, countsOf } from './counts.ts'

export interface Message {
  /** Of 32 hex digits. */
  id: string
  bytes: Uint8Array
  /** Rows that are lost with it. */
  counts: Counts
}

/** Rows that a host did not get rid of. */
export interface Lost {
  host: string
  counts: Counts
}

/** gzip's: a batch takes 1.2 times the bytes of the best, and a fifth of its time. */
const LEVEL = 1
/** Bytes of the JSON. A message of more is none of ours: batches have some thousand rows. */
const MOST = 256 * 1024 * 1024

const KIND = 'nfwhy.batch'
const KIND_LOST = 'nfwhy.lost'

/** Nothing can be made of a message. */
export class Unreadable extends Error {}

/** It is of another version of nfwhy, which can read it. */
export class OtherVersion extends Error {}

export const idOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex').slice(0, 32)

export async function encodeBatch(batch: Batch, stored: number): Promise<Message> {
  const parts: Record<string, { size: number; columns: Record<string, unknown> }> = {}
  for (const [name, part] of batch.parts) {
    if (part.size === 0) continue
    parts[name] = {
      size: part.size,
      columns: Object.fromEntries(part.known.map((one) => [one.name, part.named(one.name)])),
    }
  }
  const bytes = await pack({ kind: KIND, version: VERSION, stored, parts })
  return { id: idOf(bytes), bytes, counts: countsOf(batch) }
}

export async function encodeLost(lost: Lost): Promise<Uint8Array> {
  return pack({ kind: KIND_LOST, version: VERSION, ...lost })
}

const pack = (value: unknown): Promise<Uint8Array> => promisify(gzip)(JSON.stringify(value), { level: LEVEL })

/** `most`: bytes of the JSON. Throws Unreadable and OtherVersion. */
export async function decode(bytes: Uint8Array, most = MOST): Promise<Batch | Lost> {
  const { kind, version, stored, parts, host, counts } = record(await unpack(bytes, most))
  if (kind !== KIND && kind !== KIND_LOST) throw new Unreadable('it is no message of nfwhy’s')
  if (version !== VERSION) throw new OtherVersion(`version ${String(version)} of the tables`)
  if (kind === KIND_LOST) return { host: textOf(host), counts: countsFrom(record(counts)) }
  return new Batch(
    new Map(Object.entries(record(parts)).map(([name, part]) => readPart(name, record(part)))),
    wholeOf(stored),
  )
}

async function unpack(bytes: Uint8Array, most: number): Promise<unknown> {
  try {
    return JSON.parse((await promisify(gunzip)(bytes, { maxOutputLength: most })).toString('utf8'))
  } catch {
    throw new Unreadable('it is damaged')
  }
}

function readPart(name: string, { size, columns: given }: Record<string, unknown>): [PartName, Columns] {
  const part = PARTS.find((one) => one.name === name)
  if (!part) throw new OtherVersion(`a table ${JSON.stringify(name)}`)
  const rows = wholeOf(size)
  const columns = new Columns(part.columns, new Map(part.columns.map((one, i) => [one.name, i])))
  columns.size = rows
  for (const [called, cells] of Object.entries(record(given))) {
    const at = part.columns.findIndex((one) => one.name === called)
    if (at < 0) throw new OtherVersion(`a column ${JSON.stringify(`${name}.${called}`)}`)
    if (!Array.isArray(cells) || cells.length > rows) throw new Unreadable(`${name}.${called} has no values`)
    const column = part.columns[at]!
    columns.values[at] = cells.map((cell) => readCell(column, cell))
  }
  for (const key of keyOf(part.name)) {
    const cells = columns.named(key)
    for (let row = 0; row < rows; row++) if (cells[row] === undefined) throw new Unreadable(`${name}.${key} is missing`)
  }
  return [part.name, columns]
}

/** Without it a row is none. */
const keyOf = (part: PartName): readonly string[] =>
  part === 'shared_exchanges' || part === 'shared_journeys' || part === 'shared_findings'
    ? ['shape']
    : tableOf(part).key

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/
const INTEGER = 2 ** 31

function readCell({ name, type }: Column, cell: unknown): Cell {
  if (cell === null) return undefined
  switch (type) {
    case 'text':
      if (typeof cell === 'string') return cell
      break
    case 'uuid':
      if (typeof cell === 'string' && UUID.test(cell)) return cell
      break
    case 'integer':
      if (Number.isInteger(cell) && (cell as number) < INTEGER && (cell as number) >= -INTEGER) return cell as number
      break
    case 'bigint':
      if (Number.isSafeInteger(cell)) return cell as number
  }
  throw new Unreadable(`${name} is no ${type}`)
}

function countsFrom(given: Record<string, unknown>): Counts {
  return Object.fromEntries(COUNTED.map((name) => [name, wholeOf(given[name])])) as Counts
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable('it has another form')
  return value as Record<string, unknown>
}

function wholeOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Unreadable('it has another form')
  return value as number
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('it has another form')
  return value
}
