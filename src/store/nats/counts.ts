/** How many rows, of the tables whose rows are told one by one: steps and findings go with them. */
import type { Batch } from '../batch.ts'

export const COUNTED = ['exchanges', 'journeys', 'drops', 'rulesets'] as const

export type Counts = Readonly<Record<(typeof COUNTED)[number], number>>

export const NOTHING: Counts = { exchanges: 0, journeys: 0, drops: 0, rulesets: 0 }

const make = (count: (name: (typeof COUNTED)[number]) => number): Counts => ({
  exchanges: count('exchanges'),
  journeys: count('journeys'),
  drops: count('drops'),
  rulesets: count('rulesets'),
})

export const countsOf = (batch: Batch): Counts => make((name) => batch.part(name).size)

export const sum = (a: Counts, b: Counts): Counts => make((name) => a[name] + b[name])

export const rowsOf = (counts: Counts): number => COUNTED.reduce((all, name) => all + counts[name], 0)

/** `12 exchanges, 1 journey`: what there is none of is left out. */
export function countsText(counts: Counts): string {
  const words = COUNTED.filter((name) => counts[name] > 0).map((name) =>
    name === 'rulesets'
      ? `${counts.rulesets} ${counts.rulesets === 1 ? 'row' : 'rows'} of rulesets`
      : `${counts[name]} ${counts[name] === 1 ? name.slice(0, -1) : name}`,
  )
  return words.length === 0 ? 'nothing' : words.join(', ')
}
