import { expect, test } from 'vitest'
import { stripOwnSteps } from '../../src/explain/strip-own-steps.ts'
import type { Evidence } from '../../src/journey/evidence.ts'

const step = (n: number) => ({ n, family: 'ip', kind: 'rule', known: 'observed', changes: [] })
const evidence = (own: boolean[]): Evidence =>
  ({
    arrivals: own.map((one) => ({ rule: one ? { own: true } : {} })),
    journey: {
      steps: own.map((_, i) => step(i + 1)),
      cause: [{ step: 3, role: 'outcome', text: 'drops it' }],
      culprit: { step: 3 },
      findings: [{ code: 'dropped-by-rule', steps: [1, 3] }],
    },
  }) as unknown as Evidence

test('numbers stay right', () => {
  const given = evidence([true, false, false])
  stripOwnSteps(given)
  const { steps, cause, culprit, findings } = given.journey
  expect(steps.map(({ n }) => n)).toEqual([1, 2])
  expect([cause[0]!.step, culprit!.step, findings[0]!.steps]).toEqual([2, 2, [2]])
})

test('where there is nothing else they stay, and so does what has none of them', () => {
  for (const own of [
    [true, true, true],
    [false, false, false],
  ]) {
    const given = evidence(own)
    stripOwnSteps(given)
    expect(given).toEqual(evidence(own))
  }
})
