import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readNft } from '../../../../src/read/rulesets/nft-text.ts'
import { statement } from '../../../../src/rules/nft/normal.ts'
import { ruleText } from '../../../../src/rules/nft/rule-text.ts'
import { parseNftRule } from '../../../../src/rules/nft/text/parse.ts'
import { share } from '../../../share.ts'

it.each(['|', '&', '^', '<<', '>>'])('reads a chain of %s as one list', (sign) => {
  const { expr, problems } = parseNftRule(`meta mark set meta mark ${`${sign} 1 `.repeat(20_000)}`)
  expect(problems).toEqual([])
  const [{ mangle }] = expr as unknown as [{ mangle: { value: Record<string, unknown[]> } }]
  expect(mangle.value[sign]).toHaveLength(20_001)
})

it.each([
  ['brackets', `meta mark set ${'('.repeat(1000)}1${')'.repeat(1000)}`],
  ['shifts to and fro', `meta mark set meta mark ${'<< 1 >> 1 '.repeat(1000)}`],
  ['sets', `ip saddr ${'{ '.repeat(1000)}1.1.1.1${' }'.repeat(1000)}`],
])('keeps a rule of %s that are nested too deeply as unknown, tells where, and reads the next', (_name, rule) => {
  const told: string[] = []
  const text = `table ip t {\n chain c {\n  ${rule}\n  tcp dport 22 accept\n }\n}\n`
  const [ruleset] = readNft(text, (code, message, line) => told.push(`${line} ${code}: ${message}`))
  const rules = [...ruleset!.tables[0]!.chains.values()][0]!.rules
  expect(rules.map(({ text }) => text.slice(0, 20))).toEqual([rule.slice(0, 20), 'tcp dport 22 accept'])
  expect(told).toEqual([expect.stringMatching(/^3 line-not-understood: nested too deeply \(column \d+\)$/)])
})

/** Sums of marks in brackets, in chains and in each other. */
const sums = fc.letrec<{ sum: string }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 5 },
    fc.nat(255).map(String),
    fc
      .tuple(fc.array(tie('sum'), { minLength: 2, maxLength: 4 }), fc.constantFrom('|', '&', '^', '<<', '>>'))
      .map(([parts, sign]) => `(${parts.join(` ${sign} `)})`),
    fc
      .array(fc.tuple(fc.constantFrom('|', '&', '^', '<<', '>>'), fc.nat(31)), { minLength: 1, maxLength: 6 })
      .map((parts) => `(ct mark ${parts.map(([sign, by]) => `${sign} ${by}`).join(' ')})`),
  ),
})).sum

it('reads what it prints as the same', () => {
  fc.assert(
    fc.property(sums, (sum) => {
      const printed = (text: string) => {
        const { expr, problems } = parseNftRule(text, 'ip')
        expect(problems).toEqual([])
        return ruleText(
          expr.map((one) => statement(one, 'ip')),
          undefined,
        )
      }
      const once = printed(`meta mark set meta mark | ${sum}`)
      expect(printed(once)).toBe(once)
    }),
    { seed: 11, numRuns: share(300) },
  )
})
