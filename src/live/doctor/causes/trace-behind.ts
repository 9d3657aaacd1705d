import { enderBefore } from '../behind.ts'
import { moveToFront } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, nameOf, rulesOf } from '../rules.ts'

export const traceBehind: Cause = {
  id: 'trace-behind',
  about: {
    cause: 'the TRACE rule stands behind a rule that ends the chain',
    check: 'rules before it that hold for every packet (or, with a filter, for each of those) and end the chain',
    mend: 'insert it at 1; for nft at a priority below -300',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const { traces, world } = rulesOf(facts)
    return traces.flatMap((trace): Problem[] => {
      const before = enderBefore(trace, wish, world)
      if (!before) return []
      return [
        {
          code: 'trace-behind',
          severity: 'error',
          message: `Rule ${nameOf(trace)} would trace, but no packet comes to it: rule ${before.ruleNumber} before it ends the chain.`,
          evidence: `${before.text}; then ${lineOf(trace)}`,
          fix: moveToFront(facts, trace),
        },
      ]
    })
  },
}
