import type { Chain, Table } from '../../../model/ruleset.ts'
import type { Cause, Problem } from '../problem.ts'
import { type Base, lineOf, nameOf, rulesOf, type TraceRule } from '../rules.ts'

export const traceLate: Cause = {
  id: 'trace-late',
  about: {
    cause:
      'the trace begins late: the verdicts of earlier chains are not shown, and packets that they drop never appear',
    check: 'chains with rules at the same hook and a lower priority than the rule that traces',
    mend: 'for nft: a priority below -300',
  },
  tested: 'in a namespace',
  check(facts) {
    const { traces, world } = rulesOf(facts)
    return traces.flatMap((trace): Problem[] => {
      if (trace.backend === 'legacy') return []
      const earlier = trace.bases.flatMap((base) => before(trace, base, world.tables))
      const [first] = earlier
      if (!first) return []
      const { base, table, chain } = first
      return [
        {
          code: 'trace-late',
          severity: 'note',
          message: `The trace of ${nameOf(trace)} begins at ${base.hook} ${base.priority}: chain ${table.family} ${table.name} ${chain.name} (priority ${chain.priority}) is evaluated earlier and is not shown.`,
          evidence: lineOf(trace),
          fix: {
            description: `move the rule to a base chain with hook ${base.hook} and a priority below ${Math.min(-300, ...earlier.map((one) => one.chain.priority!))}`,
            safe: false,
            unsafe: 'it may be there on purpose',
          },
        },
      ]
    })
  },
}

function before({ table }: TraceRule, base: Base, tables: readonly Table[]) {
  const found: { base: Base; table: Table; chain: Chain }[] = []
  for (const other of tables) {
    if (!overlaps(table.family, other.family) || other.flags?.includes('dormant')) continue
    for (const chain of other.chains.values())
      if (chain.hook === base.hook && chain.rules.length > 0 && chain.priority! < base.priority)
        found.push({ base, table: other, chain })
  }
  return found
}

const overlaps = (a: string, b: string): boolean =>
  a === b || (a === 'inet' && /^ip6?$/.test(b)) || (b === 'inet' && /^ip6?$/.test(a))
