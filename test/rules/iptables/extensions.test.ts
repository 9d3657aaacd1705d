/**
 * Every match and target against its table in fixtures/rules/iptables (tables.ts tells how they are written);
 * test/kernel/extensions.test.ts asks the real iptables the same questions.
 */
import { describe, expect, it } from 'vitest'
import { FIELDS } from '../../../src/rules/fields.ts'
import { type Lowered, lowerSpec } from '../../../src/rules/iptables/lower.ts'
import { printSpec } from '../../../src/rules/iptables/print.ts'
import { readRule } from '../../../src/rules/iptables/read.ts'
import { MATCHES, TARGETS } from '../../../src/rules/iptables/registry.ts'
import { splitWords } from '../../../src/rules/iptables/words.ts'
import { readTables } from './tables.ts'

const tables = readTables()

describe.each(tables)('$kind/$name', ({ rows }) => {
  it.each(rows)('$family: $rule → $expected', ({ rule, family, table, ok, printed }) => {
    const read = readRule(splitWords(rule), family, table)
    const lowered = read.specs.map((spec) => lowerSpec(spec, family, table))
    const json = JSON.stringify(lowered)
    if (!ok) {
      expect(read.problems).not.toEqual([])
      // what was not understood is never taken for something that holds
      expect(json).toContain('not understood')
      return
    }
    expect(read.problems).toEqual([])
    expect(read.specs.map((spec) => printSpec(spec, family, table))).toEqual(printed)
    printed.forEach((text, i) => {
      const again = readRule(splitWords(text), family, table)
      expect(again.problems).toEqual([])
      expect(again.specs.map((spec) => printSpec(spec, family, table))).toEqual([text])
      expect(meaning(lowerSpec(again.specs[0]!, family, table))).toEqual(meaning(lowered[i]!))
    })
    expect(json).not.toContain('not understood')
    for (const field of json.matchAll(/"field":"([^"]+)"/g)) expect(FIELDS, field[1]).toHaveProperty([field[1]!])
  })
})

/** Conditions in any order: all of them must hold. */
const meaning = ({ conditions, statements }: Lowered) => ({
  conditions: conditions.map((condition) => JSON.stringify(condition)).sort(),
  statements,
})

it('has a table for every match and target', () => {
  const names = new Set(tables.map(({ kind, name }) => `${kind}/${name}`))
  const missing = [...MATCHES.map((m) => `matches/${m.name}`), ...TARGETS.map((t) => `targets/${t.name}`)]
  expect(missing.filter((name) => !names.has(name))).toEqual([])
})
