/** How words become a query. */
import { expect, test } from 'vitest'
import { readQuery, readTime } from '../../src/store/queries.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')

test.each([
  ['2026-01-31', '2026-01-31T00:00:00Z'],
  ['2026-01-31T09:30', '2026-01-31T09:30:00Z'],
  ['2026-01-31 09:30:00Z', '2026-01-31T09:30:00Z'],
  ['2026-01-31T09:30:00+01:00', '2026-01-31T08:30:00Z'],
  ['2h', '2026-01-31T10:00:00Z'],
  ['90s ago', '2026-01-31T11:58:30Z'],
])('reads the time %s', (text, meant) => {
  expect(readTime(text, NOW)).toBe(Date.parse(meant) * 1000)
})

test.each(['yesterday', '2026-13-45', '2', ''])('refuses the time "%s"', (text) => {
  expect(() => readTime(text, NOW)).toThrow('write a time as')
})

test('reads a flow, with ports or without, in canonical form', () => {
  expect(readQuery(['flow', 'tcp', '10.0.0.2:40000', '>', '10.0.0.1:80']).parameters).toEqual({
    ...{ protocol: 'tcp', src: '10.0.0.2', sport: 40000, dst: '10.0.0.1', dport: 80 },
  })
  expect(readQuery(['flow', 'udp 2001:DB8:0::1 > 2001:db8::2']).parameters).toMatchObject({
    ...{ src: '2001:db8::1', sport: null, dst: '2001:db8::2', dport: null },
  })
})

test('reads a rule as TRACE, nft and nfwhy name it', () => {
  const [ip, ip6] = ['ip', 'ip6'].map((family) => ({ family, table: 'filter', chain: 'INPUT', kind: 'policy' }))
  for (const words of ['filter INPUT policy', 'filter:INPUT:policy:4', 'filter:INPUT:policy'])
    expect(readQuery(['rule', words]).parameters).toMatchObject(ip!)
  expect(readQuery(['rule', 'ip6tables filter INPUT policy']).parameters).toMatchObject(ip6!)
  expect(readQuery(['rule', 'inet fw in policy']).parameters).toMatchObject({ family: 'inet', kind: 'policy' })
  expect(readQuery(['rule', 'filter INPUT rule 3']).parameters).toMatchObject({ family: 'ip', number: 3 })
  expect(readQuery(['rule', 'ip6/filter:INPUT:3']).parameters).toMatchObject({
    family: 'ip6',
    chain: 'INPUT',
    number: 3,
  })
  expect(readQuery(['rule', 'inet', 'fw', 'in', 'handle', '7']).parameters).toMatchObject({ table: 'fw', handle: 7 })
})

test.each([
  [['top'], 'there is no such query'],
  [['top-droppers', 'x'], 'takes no argument'],
  [['flow'], 'needs its TUPLE'],
  [['flow', 'nonsense'], 'write a flow as'],
])('refuses %j', (words, message) => {
  expect(() => readQuery(words)).toThrow(message)
})

test('takes anything else of several words as SQL', () => {
  expect(readQuery(['select 1'])).toEqual({ sql: 'select 1', parameters: {} })
})

test('names no option of explain where a rule is not written as one', () => {
  expect(() => readQuery(['rule', 'KUBE-FIREWALL'])).toThrow(/^KUBE-FIREWALL: write the rule as/)
})
