import { linksOf } from '../links.ts'
import type { Cause } from '../problem.ts'
import { lineOf, rulesOf } from '../rules.ts'

export const traceCut: Cause = {
  id: 'trace-cut',
  about: {
    cause: 'the packet crosses a veth, a tunnel or into a namespace: there the trace bit is cleared',
    check: '`ip -d link`: pairs that lead into another namespace, tunnels; with a filter, of its interfaces',
    mend: 'trace on each side',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const [trace] = rulesOf(facts).traces
    if (!trace) return []
    const named = [wish.packet.in, wish.packet.out].filter((name) => name !== undefined)
    const crossing = linksOf(facts).find(
      ({ name, crosses }) => crosses !== undefined && (named.length === 0 || named.includes(name)),
    )
    if (!crossing) return []
    return [
      {
        code: 'trace-cut',
        severity: 'note',
        message: `${crossing.name} is ${crossing.crosses}: a packet that goes through it is no longer traced on the other side.`,
        evidence: `${crossing.line}; ${lineOf(trace)}`,
        fix: {
          description:
            'trace on each side: nfwhy trace --via "ip netns exec NAME" (or "nsenter -t PID -n"), several at once',
          safe: false,
          unsafe: 'where the other side is, is not known',
        },
      },
    ]
  },
}
