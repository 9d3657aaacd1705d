/** `iptables -L`, in every form: what it shows becomes the rule, and what it does not show is told. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../../src/read/recognise.ts'
import { readIptablesList } from '../../../src/read/rulesets/iptables-list/reader.ts'
import { cpu } from '../../cpu.ts'
import { share } from '../../share.ts'
import { outline, type Read } from './outline.ts'

const FOLDER = new URL('../../../fixtures/read/rulesets/iptables-list/', import.meta.url)
const FIXTURES = ['three-tables', 'bare', 'nothing-named', 'damaged'] as const
const textOf = (name: string) => readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8')

function readList(text: string): Read {
  const told: string[] = []
  const rulesets = readIptablesList(text, (code, message, line = 0) => told.push(`${line} ${code}: ${message}`))
  return { rulesets, told }
}

it.each(FIXTURES)('%s reads as expected, and is recognised', async (name) => {
  const text = textOf(name)
  for (const length of [700, text.length]) expect(recognise(text.slice(0, length))?.format.id).toBe('iptables-list')
  await expect(outline(readList(text))).toMatchFileSnapshot(new URL(`${name}.expected`, FOLDER).pathname)
})

it('without -v, no rule applies for sure, and none is to be written back', () => {
  const rules = readList(textOf('bare')).rulesets.flatMap(({ tables }) =>
    tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules)),
  )
  expect(rules.length).toBeGreaterThan(8)
  for (const { conditions, text } of rules) {
    expect(conditions.at(-1)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('without -v') })
    expect(text).not.toMatch(/^-A/)
  }
})

describe('any text', () => {
  const HEAD = 'Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\n'
  const anyFixture = fc.constantFrom(...FIXTURES.map(textOf))

  it('never throws', () => {
    const damage = fc.record({ at: fc.nat(), cut: fc.nat(60), put: fc.string({ maxLength: 12 }), end: fc.nat(300) })
    fc.assert(
      fc.property(anyFixture, anyFixture, damage, (text, other, { at, cut, put, end }) => {
        const start = at % (text.length + 1)
        const damaged = text.slice(0, start) + put + text.slice(start + cut) + other.slice(0, -end)
        recognise(damaged)
        readList(damaged)
      }),
      { numRuns: share(300) },
    )
  })

  it.each([
    ['many tables', textOf('three-tables').repeat(200)],
    ['many rules', `${HEAD}${'DROP all -- 0.0.0.0/0 0.0.0.0/0\n'.repeat(40_000)}`],
    [
      'a long comment',
      `Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\nDROP all -- 0.0.0.0/0 0.0.0.0/0 ${'/* '.repeat(200_000)}`,
    ],
    ['one endless line', `Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\n${'LOG '.repeat(300_000)}`],
    ['blanks', `Chain INPUT (policy ACCEPT)\n${' '.repeat(500_000)}x`],
  ])('takes no time out of proportion: %s', (_name, text) => {
    const begun = cpu()
    recognise(text)
    readList(text)
    expect(cpu() - begun).toBeLessThan(4000)
  })
})
