/** Listings of strangers: nearly every line is understood whole, and what is not is told with its line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readIptablesList } from '../../src/read/rulesets/iptables-list/reader.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/iptables-listing/`, import.meta.url)

it.skipIf(!existsSync(CORPUS))('is understood', () => {
  const count = { rules: 0, unknown: 0, lines: 0 }
  for (const name of readdirSync(CORPUS)) {
    const text = readFileSync(new URL(name, CORPUS), 'utf8')
    const told: string[] = []
    const rulesets = readIptablesList(text, (code, _message, line) => told.push(`${line} ${code}`))
    const rules = rulesets.flatMap(({ tables }) =>
      tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules)),
    )
    const unknown = rules.filter(({ conditions }) =>
      conditions.some((one) => one.kind === 'unknown' && one.reason === 'not understood'),
    )
    for (const { line } of unknown) expect(told, name).toContain(`${line} rule-not-understood`)
    // a line with a protocol and an address is a rule
    count.lines += text.match(/^.*\s(?:--|-f|!f)\s.*(?:\d\/0|anywhere|::\/0|\d\.\d+\.\d)/gm)?.length ?? 0
    count.rules += rules.length
    count.unknown += unknown.length
  }
  console.info(`${count.rules} rules, ${count.unknown} not understood whole`)
  expect(count.rules).toBeGreaterThanOrEqual(count.lines)
  expect(count.rules).toBeGreaterThan(3000)
  expect(count.unknown / count.rules).toBeLessThan(0.01)
})
