/** ebtables-save, arptables-save and both listings. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FORMATS, recognise } from '../../../src/read/recognise.ts'
import { RULESET_FORMATS } from '../../../src/read/rulesets/index.ts'
import { cpu } from '../../cpu.ts'
import { share } from '../../share.ts'
import { outline, type Read } from './outline.ts'

const FOLDER = new URL('../../../fixtures/read/rulesets/', import.meta.url)
const FIXTURES = ['ebtables-save', 'arptables-save'].flatMap((format) =>
  readdirSync(new URL(`${format}/`, FOLDER))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => ({ format, name, text: readFileSync(new URL(`${format}/${name}`, FOLDER), 'utf8') })),
)

function readAs(id: string, text: string): Read {
  const told: string[] = []
  const format = RULESET_FORMATS.find((one) => one.id === id)!
  const rulesets = format.read(text, (code, message, line = 0) => told.push(`${line} ${code}: ${message}`))
  return { rulesets: rulesets as Read['rulesets'], told }
}

it.each(FIXTURES)('$format/$name reads as expected, and is recognised', async ({ format, name, text }) => {
  expect(FORMATS.filter((one) => one.format.sniff(text)).map((one) => one.format.id)).toEqual([format])
  const expected = new URL(`${format}/${name.replace('.txt', '.expected')}`, FOLDER).pathname
  await expect(outline(readAs(format, text))).toMatchFileSnapshot(expected)
})

it.each([
  ['iptables-save', '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.1/32 -j DROP\nCOMMIT\n'],
  ['iptables-save', '*filter\n:INPUT ACCEPT\n-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j DROP\nCOMMIT\n'],
  ['iptables-list', 'Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination\n'],
])('leaves %s alone', (id, text) => {
  expect(recognise(text)?.format.id).toBe(id)
})

it('understands conditions and targets in the vocabulary of nft', () => {
  const text = [
    '*nat',
    ':PREROUTING ACCEPT',
    '-A PREROUTING -p ! IPv4 -s 02:00:00:00:00:00/ff:ff:ff:00:00:00 -j dnat --to-dst 02:00:00:00:00:0a',
  ].join('\n')
  const [rule] = readAs('ebtables-save', text).rulesets[0]!.tables[0]!.chains.get('PREROUTING')!.rules
  expect(rule?.conditions).toMatchObject([
    { kind: 'compare', field: 'ether type', op: '!=', value: 0x800 },
    { kind: 'compare', field: 'ether saddr', value: '02:00:00:00:00:00', mask: 'ff:ff:ff:00:00:00' },
  ])
  expect(rule?.statements).toEqual([
    { kind: 'set', field: 'ether daddr', value: '02:00:00:00:00:0a' },
    { kind: 'accept' },
  ])
})

describe('any text', () => {
  it('never throws', () => {
    const anyText = fc.constantFrom(...FIXTURES.map(({ text }) => text))
    const damage = fc.record({ at: fc.nat(), cut: fc.nat(60), put: fc.string({ maxLength: 12 }), end: fc.nat(300) })
    fc.assert(
      fc.property(anyText, anyText, damage, (text, other, { at, cut, put, end }) => {
        const start = at % (text.length + 1)
        const damaged = text.slice(0, start) + put + text.slice(start + cut) + other.slice(0, -end)
        recognise(damaged)
        for (const id of ['ebtables-save', 'arptables-save']) readAs(id, damaged)
      }),
      { numRuns: share(300) },
    )
  })

  it.each([
    ['many rules', `*filter\n:INPUT ACCEPT\n${'-A INPUT -p IPv4 --ip-src 192.0.2.1 -j ACCEPT\n'.repeat(20_000)}`],
    ['one endless rule', `*filter\n:INPUT ACCEPT\n-A INPUT ${'--ip-src ! '.repeat(50_000)}`],
    ['a long list', `*filter\n:INPUT ACCEPT\n-A INPUT --among-src ${'2:0:0:0:0:1,'.repeat(50_000)} -j DROP`],
    ['blanks', `Bridge table: filter\nBridge chain: INPUT, entries: 1, policy: DROP\n-j${' '.repeat(500_000)}x`],
  ])('takes no time out of proportion: %s', (_name, text) => {
    const begun = cpu()
    recognise(text)
    readAs('ebtables-save', text)
    readAs('arptables-save', text)
    expect(cpu() - begun).toBeLessThan(3000)
  })
})
