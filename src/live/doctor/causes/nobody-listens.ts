import type { Facts } from '../../survey/facts.ts'
import { monitors, traceListeners } from '../listeners.ts'
import type { Cause } from '../problem.ts'
import { isOwnTable, lineOf, rulesOf } from '../rules.ts'

export const nobodyListens: Cause = {
  id: 'nobody-listens',
  about: {
    cause: 'the monitor is in another namespace, or there is none',
    check:
      "who is in netlink's group for traces (`/proc/net/netlink`); where each `nft monitor` runs (`/proc/PID/ns/net`)",
    mend: "start it in the packet's namespace: `nsenter -t PID -n …`",
  },
  tested: 'in a namespace',
  check(facts) {
    const rule = rulesOf(facts).traces.find(
      // a session's own table may be there to make iptables-legacy speak
      ({ backend, bases, table }) => backend === 'nft' && bases.length > 0 && !isOwnTable(table),
    )
    // without its table nobody may say that nobody is there
    if (!rule || !facts.files.has('/proc/net/netlink') || traceListeners(facts).length > 0) return []
    const elsewhere = monitorElsewhere(facts)
    const here = { commands: [['nft', 'monitor', 'trace']], safe: false, unsafe: 'it runs until it is stopped' }
    if (elsewhere)
      return [
        {
          code: 'monitor-elsewhere',
          severity: 'error',
          message: `${elsewhere.command.trim()} (process ${elsewhere.pid}) runs in another network namespace, and the trace is here.`,
          evidence: `process ${elsewhere.pid}: ${elsewhere.namespace}; here: ${facts.namespace}; ${lineOf(rule)}`,
          fix: { description: 'start it here, as this doctor was started (nsenter -t PID -n …)', ...here },
        },
      ]
    return [
      {
        code: 'nobody-listens',
        severity: 'warning',
        message: 'A rule of nft traces packets, and nobody in this namespace listens to its events.',
        evidence: lineOf(rule),
        fix: { description: 'listen', ...here },
      },
    ]
  },
}

const monitorElsewhere = (facts: Facts) =>
  monitors(facts).find(({ namespace }) => namespace !== undefined && namespace !== facts.namespace)
