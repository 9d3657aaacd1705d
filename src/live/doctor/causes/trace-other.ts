import { command, operands } from '../../../model/command.ts'
import type { Cause } from '../problem.ts'
import { lineOf, mayMatch, rulesOf, sees, seesAllRules } from '../rules.ts'

export const traceOther: Cause = {
  id: 'trace-other',
  about: {
    cause: 'some rules trace, but none of them matches such packets',
    check: 'with a filter: the conditions of each rule that traces, checked against such a packet',
    mend: '`nfwhy trace FILTER`',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    if (wish.filter === undefined || !seesAllRules(facts)) return []
    const { traces, world } = rulesOf(facts)
    const candidates = traces.filter((trace) => wish.families.some((family) => sees(trace, family)))
    const [first] = candidates
    if (!first) return []
    if (candidates.some((trace) => mayMatch(trace, wish, world))) return []
    if (candidates.every(({ bases }) => bases.length === 0)) return []
    return [
      {
        code: 'trace-other',
        severity: 'error',
        message: `No rule traces packets that match "${wish.filter}".`,
        evidence: lineOf(first),
        fix: {
          description: 'trace just these',
          commands: [command('nfwhy', 'trace', ...operands(wish.filter))],
          safe: false,
          unsafe: 'it runs until it is stopped',
        },
      },
    ]
  },
}
