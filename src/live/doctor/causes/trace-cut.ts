import { linksOf } from '../links.ts'
import type { Cause } from '../problem.ts'
import { lineOf, rulesOf } from '../rules.ts'

export const traceCut: Cause = {
  id: 'trace-cut',
  about: {
    cause: 'the packet traverses a veth or a tunnel, or enters a namespace: the kernel clears the trace bit there',
    check:
      '`ip -d link`: veth pairs into another namespace, and tunnels (with a filter, only the interfaces that it names)',
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
        message: `${crossing.name} is ${crossing.crosses}: a packet that goes through it is not traced on the other side.`,
        evidence: `${crossing.line}; ${lineOf(trace)}`,
        fix: {
          description:
            'trace on each side: nfwhy trace --via "ip netns exec NAME" (or "nsenter -t PID -n"); several --via trace several sides at once',
          safe: false,
          unsafe: 'the location of the other side is unknown',
        },
      },
    ]
  },
}
