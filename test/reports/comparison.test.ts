import { expect, test } from 'vitest'
import { compareJourneys } from '../../src/analysis/compare.ts'
import type { Packet } from '../../src/index.ts'
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

test('two IP versions, each with rules of its own', () => {
  const { groups: six, world: both } = explainFolder('examples/ipv6-forgotten/')
  const [dropped, delivered] = ['ip6', 'ip'].map((family) => six.find(({ journey }) => journey.family === family)!)
  const { parted } = compareJourneys(dropped!.journey, delivered!.journey, both)
  expect(parted).toMatchObject({ at: 'ruleset', steps: { a: 1, b: 1 }, failed: [], unknown: [] })
  const [first] = comparisonText(compareJourneys(dropped!.journey, delivered!.journey, both), { width: 200 }).split(
    '\n',
  )
  expect(first).toBe('A and B diverge: A traverses filter INPUT of ip6tables, B traverses filter INPUT of iptables.')
})

test('two packets that have nothing in common', () => {
  const { journey } = delivered
  const announced = { protocol: 'icmpv6', src: 'fe80::1', dst: 'ff02::16' }
  const compared = (packet: Packet) =>
    comparisonText(compareJourneys({ ...journey, packet, steps: [] }, journey, world), { width: 200 })
  expect(compared(announced)).toContain('Protocols and addresses differ as well: check the numbers.')
  expect(compared({ ...announced, protocol: journey.packet.protocol! })).not.toContain('check the numbers')
  expect(compared({ ...announced, dst: journey.packet.src! })).not.toContain('check the numbers')
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
