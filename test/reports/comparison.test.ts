import { expect, test } from 'vitest'
import { compareJourneys } from '../../src/analysis/compare.ts'
import { comparisonJson, comparisonText, type Group } from '../../src/reports/index.ts'
import { expectGolden, explainFolder, INCIDENTS } from './cases.ts'

const { groups, tail, world } = explainFolder(INCIDENTS['nodeport-clash']!)
const [dropped, delivered] = groups as [Group, Group]
const comparison = compareJourneys(dropped.journey, delivered.journey, world)

test('one below the other', () => expectGolden('comparison/nodeport-clash.txt', comparisonText(comparison)))

test('side by side', () =>
  expectGolden('comparison/nodeport-clash.wide.txt', comparisonText(comparison, { width: 120 })))

test('with every step', () => {
  const text = comparisonText(comparison, { full: true })
  expect(text).toContain('A, every step\n\n  prerouting  in eth0\n   1  raw PREROUTING policy → accept\n')
  expect(text.trimEnd().split('\n').at(-1)).toBe('  20  nat INPUT policy → accept')
})

test('the same journey twice', () => {
  const text = comparisonText(compareJourneys(dropped.journey, dropped.journey, world))
  expect(text).toContain('They share 25 steps to the end.')
  expect(text).toMatch(/^A and B do not diverge\.\n\nA\n/)
})

test('the same way, and one alone fails', () => {
  const [found] = dropped.journey.findings.filter(({ severity }) => severity !== 'note')
  const text = comparisonText(compareJourneys(delivered.journey, { ...delivered.journey, findings: [found!] }, world))
  const [first = ''] = text.replace(/\n(?=\S)/g, ' ').split('\n')
  expect(first).toContain(`A and B meet the same rules. Of B alone: ${found!.message}`)
})

test('as JSON', () => {
  const document = JSON.parse(comparisonJson(comparison, tail))
  expect(document).toMatchObject({
    schema: 'nfwhy.comparison/1',
    common: 12,
    parted: { at: 'rule', matched: 'a', rule: { table: 'nat', chain: 'KUBE-NODEPORTS', ruleNumber: 16 } },
    journeys: { a: { outcome: 'dropped' }, b: { outcome: 'delivered' } },
  })
  expect(Object.keys(document)).toEqual(expect.arrayContaining(['inputs', 'warnings', 'stats', 'differs', 'after']))
})
