import type { Hook } from '../../../model/hook.ts'
import { copyRule } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, rulesOf, sees, seesAllRules, type TraceRule } from '../rules.ts'
import { waysOf } from '../wish.ts'

export const traceHook: Cause = {
  id: 'trace-hook',
  about: {
    cause: 'this host sends the packet, but only PREROUTING is traced; or the reverse',
    check: "the hooks of the rules that trace; whether the filter's addresses are this host's (`ip addr`)",
    mend: 'the same rule in the other chain',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    if (!seesAllRules(facts)) return []
    const ways = waysOf(wish, facts)
    return wish.families.flatMap((family): Problem[] => {
      const traces = rulesOf(facts).traces.filter((trace) => trace.bases.length > 0 && sees(trace, family))
      const [first] = traces
      if (!first) return []
      const missing: [Hook, string, boolean][] = [
        ['output', 'packets that this host sends', ways.sent],
        ['prerouting', 'packets that come in', ways.incoming],
      ]
      return missing.flatMap(([hook, what, asked]): Problem[] => {
        if (!asked || traces.some((trace) => begins(trace, hook))) return []
        const only = ways.sent !== ways.incoming
        const now = [...new Set(traces.flatMap(({ bases }) => bases.map((base) => base.hook)))].join(', ')
        return [
          {
            code: `trace-hook-${hook}`,
            severity: only ? 'error' : 'note',
            message: `No rule traces ${what}: the rules that trace are attached to ${now}, but such packets start at ${hook}.`,
            evidence: lineOf(first),
            fix: copyRule(facts, first, family, hook === 'output' ? 'OUTPUT' : 'PREROUTING') ?? {
              description: `add the rule to a base chain with hook ${hook} too, at a priority below -300`,
              safe: false,
              unsafe: 'the conditions of the new rule must be written by hand',
            },
          },
        ]
      })
    })
  },
}

/** Ingress stands before prerouting. */
const begins = ({ bases }: TraceRule, hook: Hook): boolean =>
  bases.some((base) => base.hook === hook || (hook === 'prerouting' && base.hook === 'ingress'))
