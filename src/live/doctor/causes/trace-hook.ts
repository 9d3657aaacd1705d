import type { Hook } from '../../../model/hook.ts'
import { copyRule } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, rulesOf, sees, seesAllRules, type TraceRule } from '../rules.ts'
import { type Ways, waysOf } from '../wish.ts'

export const traceHook: Cause = {
  id: 'trace-hook',
  about: {
    cause: 'this host sends the packet, but only PREROUTING is traced; or the reverse',
    check:
      "the hooks of the rules that trace; whether the filter's addresses are this host's (`ip addr`). What a host sends to itself over lo traverses both",
    mend: 'the same rule in the other chain',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    if (!seesAllRules(facts)) return []
    const ways = waysOf(wish, facts)
    const found = wish.families.flatMap((family): Problem[] => {
      const traces = rulesOf(facts).traces.filter((trace) => trace.bases.length > 0 && sees(trace, family))
      const [first] = traces
      if (!first) return []
      return untraced(ways, traces).map(({ hook, message, only }) => ({
        code: `trace-hook-${hook}`,
        severity: only ? 'error' : 'note',
        message,
        evidence: lineOf(first),
        fix: copyRule(facts, first, family, hook),
      }))
    })
    // a rule of family inet was asked for both
    return found.filter(
      ({ code, evidence }, i) => found.findIndex((one) => one.code === code && one.evidence === evidence) === i,
    )
  },
}

interface Untraced {
  hook: 'prerouting' | 'output'
  message: string
  /** The filter selects no other packets. */
  only: boolean
}

const COMES_IN = 'packets that come in'
const IS_SENT = 'packets that this host sends to others'
const OVER_LO = 'What it sends to itself over lo also traverses prerouting.'

function untraced({ incoming, sent, looped }: Ways, traces: readonly TraceRule[]): Untraced[] {
  const hooks = [...new Set(traces.flatMap(({ bases }) => bases.map(({ hook }) => hook)))]
  const atOutput = hooks.includes('output')
  // ingress stands before prerouting
  const atPrerouting = hooks.includes('prerouting') || hooks.includes('ingress')
  const found: Untraced[] = []
  if (sent && !atOutput)
    found.push({
      hook: 'output',
      message: `${missing(IS_SENT, 'output', hooks, ['postrouting', 'egress'])}${looped && atPrerouting ? ` ${OVER_LO}` : ''}`,
      only: !incoming,
    })
  if (incoming && !atPrerouting)
    found.push({
      hook: 'prerouting',
      message: missing(COMES_IN, 'prerouting', hooks, ['input', 'forward', 'postrouting', 'egress']),
      only: !sent,
    })
  if (looped && !sent && !incoming && !atOutput && !atPrerouting)
    found.push({
      hook: 'output',
      message: missing('packets that this host sends to itself', 'output', hooks, ['postrouting', 'input']),
      only: true,
    })
  return found
}

/** `later`: hooks that such packets traverse as well. */
function missing(packets: string, start: Hook, hooks: readonly Hook[], later: readonly Hook[]): string {
  const after = hooks.filter((hook) => later.includes(hook))
  return after.length > 0
    ? `The trace of ${packets} begins late, at ${after.join(' or ')}: they start at ${start}, and no rule traces there.`
    : `No rule traces ${packets}: they start at ${start}, and the rules that trace are attached to ${hooks.join(', ')}.`
}
