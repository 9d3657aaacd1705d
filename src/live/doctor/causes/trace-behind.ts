import type { Rule } from '../../../model/ruleset.ts'
import type { World } from '../../../model/world.ts'
import { moveToFront } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { holdsFor, lineOf, nameOf, rulesOf, sees, type TraceRule } from '../rules.ts'
import type { Wish } from '../wish.ts'

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
      const family = wish.families.find((one) => sees(trace, one))
      const before = family && ender(trace, { ...wish, families: [family] }, world)
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

function ender({ chain, rule, bases }: TraceRule, wish: Wish, world: World): Rule | undefined {
  const ends = (one: Rule) => one.statements.some(({ kind }) => ENDS.has(kind)) && holdsFor(one, wish, world) === true
  const inChain = chain.rules.slice(0, rule.ruleNumber - 1).find(ends)
  if (inChain) return inChain
  // it is enough that one way leads to it
  const blocked = bases.map(({ chain: base, through }) => base.rules.slice(0, through.ruleNumber - 1).find(ends))
  return blocked.includes(undefined) ? undefined : blocked[0]
}

const ENDS: ReadonlySet<string> = new Set(['accept', 'drop', 'return', 'reject', 'goto', 'queue'])
