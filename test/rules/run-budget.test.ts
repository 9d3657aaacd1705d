import { expect, it } from 'vitest'
import { JOURNEY_STEPS, RunBudget, type WalkBudget } from '../../src/rules/walk-budget.ts'

const OWN = 100_000

/** How many steps each of some journeys may take, if all take what they may. */
const taken = (run: RunBudget, count: number, most = Number.POSITIVE_INFINITY): number[] =>
  Array.from({ length: count }, () =>
    run.share((budget: WalkBudget) => {
      budget.left -= Math.min(most, budget.steps + 1)
      return budget.steps
    }),
  )

it('gives later journeys less where those before took the most', () => {
  const all = taken(new RunBudget(2 * JOURNEY_STEPS), 4)
  expect(all.slice(0, 2)).toEqual([JOURNEY_STEPS, JOURNEY_STEPS])
  expect(all[2]).toBeLessThan(4 * OWN)
  expect(all[3]).toBe(OWN)
})

it('charges nothing for what every journey may take', () => {
  expect(new Set(taken(new RunBudget(2 * JOURNEY_STEPS), 1000, OWN))).toEqual(new Set([JOURNEY_STEPS]))
})

it('charges what was taken before an error', () => {
  const run = new RunBudget(OWN)
  expect(() =>
    run.share((budget) => {
      budget.left = 0
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(taken(run, 1)).toEqual([OWN])
})
