import { enderBefore } from '../behind.ts'
import { moveToFront } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, nameOf, rulesOf } from '../rules.ts'

export const traceBehind: Cause = {
  id: 'trace-behind',
  about: {
    cause: 'the TRACE rule stands after a rule that ends the chain',
    check: 'earlier rules that match every packet (with a filter: every packet that it selects) and end the chain',
    mend: 'insert it at position 1; for nft: at a priority below -300',
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
          message: `Rule ${nameOf(trace)} would trace, but no packet reaches it: the earlier rule ${before.ruleNumber} ends the chain.`,
          evidence: `${before.text}; then ${lineOf(trace)}`,
          fix: moveToFront(facts, trace),
        },
      ]
    })
  },
}
