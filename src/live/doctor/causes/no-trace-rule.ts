import { command, operands } from '../../../model/command.ts'
import { holderWords, traceListeners, waitsForTraces } from '../listeners.ts'
import type { Cause } from '../problem.ts'
import { rulesOf, seesAllRules } from '../rules.ts'

export const noTraceRule: Cause = {
  id: 'no-trace-rule',
  about: {
    cause: 'no rule traces anything, but a program waits for traces',
    check: "TRACE in raw of iptables-legacy, `meta nftrace set 1` in nft's ruleset; who listens",
    mend: '`nfwhy trace FILTER`, which sets up and removes what is needed',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const listener = traceListeners(facts).find(waitsForTraces)
    if (!listener || !seesAllRules(facts) || rulesOf(facts).traces.length > 0) return []
    return [
      {
        code: 'no-trace-rule',
        severity: 'error',
        message: `${listener.holder ? holderWords(listener.holder) : 'A program'} waits for traces, but no rule starts one.`,
        evidence: `/proc/net/netlink: ${listener.line.trim()}`,
        fix: {
          description: 'trace with a command that sets up the rules itself',
          commands: [command('nfwhy', 'trace', ...operands(wish.filter ?? 'tcp dst port 52000'))],
          safe: false,
          unsafe: 'it runs until it is stopped',
        },
      },
    ]
  },
}
