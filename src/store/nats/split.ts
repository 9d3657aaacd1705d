/** Batches that are too large for one message, in parts. */
import { Batch, type Columns, type PartName } from '../batch.ts'
import type { Cell } from '../row.ts'

/** A ruleset is needed by whatever names it, also by later batches: it travels by itself, and is the last to be lost. */
export function apart(batch: Batch): Batch[] {
  const rulesets = batch.part('rulesets')
  if (rulesets.size === 0 || batch.isEmpty) return [batch]
  const others = new Map(batch.parts)
  others.delete('rulesets')
  return [new Batch(new Map([['rulesets', rulesets]]), batch.stored), new Batch(others, batch.stored)]
}

/** Two batches with half of its subjects each, and all that these refer to. Undefined: it has but one. */
export function halves(batch: Batch): [Batch, Batch] | undefined {
  const names: readonly PartName[] = batch.isEmpty ? ['rulesets'] : ['journeys', 'exchanges', 'drops']
  const all = names.flatMap((name) => Array.from({ length: batch.part(name).size }, (_, row) => ({ name, row })))
  if (all.length < 2) return undefined
  // each kind by halves, so that a journey and its exchange stay together for the most part
  const half = all.filter(({ name, row }) => row < Math.floor(batch.part(name).size / 2))
  const first = half.length > 0 ? half : all.slice(0, 1)
  const chosen = new Set(first)
  return [
    part(batch, first),
    part(
      batch,
      all.filter((one) => !chosen.has(one)),
    ),
  ]
}

function part(batch: Batch, subjects: readonly { name: PartName; row: number }[]): Batch {
  const rowsOf = (name: PartName) => subjects.filter((one) => one.name === name).map(({ row }) => row)
  const chosen = new Map<PartName, Columns>()
  for (const name of ['journeys', 'exchanges', 'drops', 'rulesets'] as const)
    chosen.set(name, batch.part(name).only(rowsOf(name)))
  const valuesOf = (name: PartName, column: string) => new Set(chosen.get(name)!.named(column))
  const keys: Readonly<Record<string, ReadonlySet<Cell>>> = {
    journey: valuesOf('journeys', 'journey'),
    exchange: valuesOf('exchanges', 'exchange'),
  }
  const shapes = new Set([...valuesOf('journeys', 'shape'), ...valuesOf('exchanges', 'shape')])
  const paths = valuesOf('journeys', 'path')
  const pick = (name: PartName, isWanted: (row: number) => boolean) => {
    const rows = batch.part(name)
    chosen.set(name, rows.only(Array.from({ length: rows.size }, (_, row) => row).filter(isWanted)))
  }
  const steps = batch.part('steps').named('path')
  pick('steps', (row) => paths.has(steps[row]))
  const [about, subject] = ['about', 'subject'].map((column) => batch.part('findings').named(column)) as [
    Cell[],
    Cell[],
  ]
  pick('findings', (row) => keys[String(about[row])]?.has(subject[row]) ?? false)
  for (const name of ['shared_journeys', 'shared_exchanges', 'shared_findings'] as const) {
    const shape = batch.part(name).named('shape')
    pick(name, (row) => shapes.has(shape[row]))
  }
  return new Batch(chosen, batch.stored)
}
