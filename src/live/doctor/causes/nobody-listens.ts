import { command } from '../../../model/command.ts'
import type { Facts } from '../../survey/facts.ts'
import { elsewhere, logGroups, logListeners, monitors, traceListeners } from '../listeners.ts'
import { listen } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { isOwnTable, lineOf, rulesOf } from '../rules.ts'
import { isOfIptablesNft } from './iptables-nf-tables.ts'

export const nobodyListens: Cause = {
  id: 'nobody-listens',
  about: {
    cause: 'the program that reads the trace runs in another namespace, or no program reads it',
    check:
      'which programs have joined the netlink multicast group for traces (`/proc/net/netlink`); where each `nft monitor` runs (`/proc/PID/ns/net`)',
    mend: "start it in the packet's namespace: `ip netns exec NAME …`, `nsenter -t PID -n …`",
  },
  tested: 'in a namespace',
  check: (facts) => [...ofNft(facts), ...ofLegacy(facts)],
}

function ofNft(facts: Facts): Problem[] {
  const rules = rulesOf(facts).traces.filter(
    // a session's own table may be there to make iptables-legacy speak
    ({ backend, bases, table }) => backend === 'nft' && bases.length > 0 && !isOwnTable(table),
  )
  const [rule] = rules
  // without netlink's list nobody may say that nobody is there
  if (!rule || !facts.files.has('/proc/net/netlink') || traceListeners(facts).length > 0) return []
  const far = elsewhere(facts, monitors(facts))
  if (far)
    return [
      {
        code: 'monitor-elsewhere',
        severity: 'error',
        message: `Trace events are sent to programs in the same network namespace, and none listens here: ${far.command} (process ${far.pid}) runs in another one. Nothing goes to the kernel log.`,
        evidence: `process ${far.pid}: ${far.namespace}; here: ${facts.namespace}; ${lineOf(rule)}`,
        fix: listen(facts, rule, 'start it in the network namespace of the rule'),
      },
    ]
  // of those that iptables has made, iptables-nf-tables tells
  const own = rules.find((one) => !isOfIptablesNft(one, facts))
  if (!own) return []
  return [
    {
      code: 'nobody-listens',
      severity: 'warning',
      message: 'An nft rule traces packets, but no program in this network namespace listens to its events.',
      evidence: lineOf(own),
      fix: listen(facts, own),
    },
  ]
}

/** TRACE of iptables-legacy, while NFLOG of another namespace is being read. */
function ofLegacy(facts: Facts): Problem[] {
  const rule = rulesOf(facts).traces.find(({ backend, bases }) => backend === 'legacy' && bases.length > 0)
  if (!rule || logGroups(facts)?.length !== 0) return []
  const far = elsewhere(facts, logListeners(facts))
  if (!far) return []
  return [
    {
      code: 'monitor-elsewhere',
      severity: 'warning',
      message: `${far.command} (process ${far.pid}) reads the NFLOG of another network namespace, but the TRACE rule is in this one.`,
      evidence: `process ${far.pid}: ${far.namespace}; here: ${facts.namespace}; ${lineOf(rule)}`,
      fix: {
        description: 'start it in the network namespace of the rule',
        commands: [command('tcpdump', '-n', '-i', 'nflog')],
        safe: false,
        unsafe: 'it runs until it is stopped; meanwhile the lines do not reach the kernel log',
      },
    },
  ]
}
