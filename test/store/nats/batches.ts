/** Batches at random, and what they say in full. */
import fc from 'fast-check'
import { Batch } from '../../../src/store/batch.ts'
import { linesOf } from '../../../src/store/clickhouse/lines.ts'
import { type Row, textOf } from '../../../src/store/row.ts'
import { type Shape, shapeOfText } from '../../../src/store/shapes.ts'

const TABLES = ['rulesets', 'steps', 'drops', 'exchanges', 'journeys'] as const

/** All rows, each once. */
export const saidBy = (...batches: Batch[]): string[] => {
  const lines = batches.flatMap((batch) =>
    TABLES.flatMap((name) =>
      linesOf(name, batch, 1)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `${name} ${line}`),
    ),
  )
  return [...new Set(lines)].sort()
}

const uuid = (n: number) => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom("'", '\\', '"; DROP', '\u{1f600}'))
const findings: fc.Arbitrary<Row[]> = fc.array(fc.record({ n: fc.nat(9), code: text, severity: text, message: text }), {
  maxLength: 3,
})

/** What journeys share: head, steps, findings; of exchanges there are no steps. */
const shapeArb = (name: 'journeys' | 'exchanges'): fc.Arbitrary<Shape> =>
  fc
    .record({
      head: fc.record({ family: text, sport: fc.nat(65535), cause: text, mark: fc.maxSafeNat() }, { requiredKeys: [] }),
      steps: fc.array(fc.record({ n: fc.nat(9), chain: text, rule: fc.nat(99).map(uuid) }), { maxLength: 3 }),
      findings,
    })
    .map((one) =>
      shapeOfText(
        textOf([
          [name, [one.head]],
          ...(name === 'journeys' ? [['steps', one.steps] as const] : []),
          ['findings', one.findings],
        ]),
      ),
    )

/** Some subjects share a shape, and some have one of their own. */
export const batchArb: fc.Arbitrary<Batch> = fc
  .record({
    shapes: fc.record({
      journey: fc.array(shapeArb('journeys'), { minLength: 1, maxLength: 3 }),
      exchange: fc.array(shapeArb('exchanges'), { minLength: 1, maxLength: 3 }),
    }),
    subjects: fc.array(
      fc.record({
        about: fc.constantFrom('journey' as const, 'exchange' as const),
        shape: fc.nat(2),
        shares: fc.boolean(),
        host: fc.option(text, { nil: undefined }),
        time: fc.option(fc.maxSafeNat(), { nil: undefined }),
      }),
      { maxLength: 12 },
    ),
    drops: fc.array(fc.record({ packets: fc.nat(), reason: text }), { maxLength: 3 }),
    rulesets: fc.array(fc.record({ rule_text: text, n: fc.nat(9) }), { maxLength: 3 }),
  })
  .map(({ shapes, subjects, drops, rulesets }) => {
    const batch = new Batch()
    for (const [i, { about, shape, shares, host, time }] of subjects.entries()) {
      const all = shapes[about]
      const key = uuid(i)
      batch.add(
        { about, key, host, time },
        { [about]: key, host, time },
        all[shape % all.length]!,
        shares ? [] : undefined,
      )
    }
    for (const [i, row] of drops.entries()) batch.addDrops(uuid(i), row)
    batch.addRows(
      'rulesets',
      rulesets.map((row, i) => ({ ...row, ruleset: uuid(0), rule: uuid(i) })),
    )
    return batch
  })

/** As many journeys with keys of their own. */
export function journeys(from: number, to: number): Batch {
  const batch = new Batch()
  for (let i = from; i < to; i++) addSubject(batch, 'journey', i, {})
  return batch
}

/** As many exchanges of one journey each; both have a finding. */
export function exchanges(from: number, to: number, status = 'dropped', stored?: number): Batch {
  const batch = new Batch(new Map(), stored)
  for (let i = from; i < to; i++) {
    addSubject(batch, 'journey', i, { exchange: uuid(i) })
    addSubject(batch, 'exchange', i, { status })
  }
  return batch
}

function addSubject(batch: Batch, about: 'journey' | 'exchange', i: number, own: Row): void {
  const key = uuid(i)
  const of = { host: 'gw', time: 1_700_000_000_000_000 + i }
  batch.add({ about, key, ...of }, { [about]: key, ...of, ...own }, SHAPES[about])
}

const FINDINGS: Row[] = [{ n: 1, code: 'dropped-by-rule', severity: 'error', message: 'a rule' }]
const SHAPES = {
  journey: shapeOfText(
    textOf([
      ['journeys', [{ family: 'ip', outcome: 'dropped' }]],
      ['steps', [{ n: 1, chain: 'INPUT', verdict: 'drop' }]],
      ['findings', FINDINGS],
    ]),
  ),
  exchange: shapeOfText(
    textOf([
      ['exchanges', [{ family: 'ip' }]],
      ['findings', FINDINGS],
    ]),
  ),
}

export const rulesetRows = (n: number): Row[] =>
  Array.from({ length: n }, (_, i) => ({ ruleset: uuid(0), rule: uuid(i), rule_text: `-A INPUT ${i}` }))

export function rulesets(n: number): Batch {
  const batch = new Batch()
  batch.addRows('rulesets', rulesetRows(n))
  return batch
}
