import { command } from '../../../model/command.ts'
import type { Facts, Process } from '../../survey/facts.ts'
import { logGroups, logListeners, monitors, traceListeners } from '../listeners.ts'
import type { Cause, Problem } from '../problem.ts'
import { isOwnTable, lineOf, rulesOf } from '../rules.ts'

export const nobodyListens: Cause = {
  id: 'nobody-listens',
  about: {
    cause: 'the program that reads the trace runs in another namespace, or no program reads it',
    check:
      'which programs have joined the netlink multicast group for traces (`/proc/net/netlink`); where each `nft monitor` runs (`/proc/PID/ns/net`)',
    mend: "start it in the packet's namespace: `nsenter -t PID -n …`",
  },
  tested: 'in a namespace',
  check: (facts) => [...ofNft(facts), ...ofLegacy(facts)],
}

function ofNft(facts: Facts): Problem[] {
  const rule = rulesOf(facts).traces.find(
    // a session's own table may be there to make iptables-legacy speak
    ({ backend, bases, table }) => backend === 'nft' && bases.length > 0 && !isOwnTable(table),
  )
  // without netlink's list nobody may say that nobody is there
  if (!rule || !facts.files.has('/proc/net/netlink') || traceListeners(facts).length > 0) return []
  const far = elsewhere(facts, monitors(facts))
  const listen = { commands: [command('nft', 'monitor', 'trace')], safe: false, unsafe: 'it runs until it is stopped' }
  if (far)
    return [
      {
        code: 'monitor-elsewhere',
        severity: 'error',
        message: `${far.command} (process ${far.pid}) runs in another network namespace than the trace.`,
        evidence: `process ${far.pid}: ${far.namespace}; here: ${facts.namespace}; ${lineOf(rule)}`,
        fix: { description: 'start it in this namespace, as you started this doctor (nsenter -t PID -n …)', ...listen },
      },
    ]
  return [
    {
      code: 'nobody-listens',
      severity: 'warning',
      message: 'An nft rule traces packets, but no program in this namespace listens to its events.',
      evidence: lineOf(rule),
      fix: { description: 'listen', ...listen },
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
        description: 'start it in this namespace, as you started this doctor (nsenter -t PID -n …)',
        commands: [command('tcpdump', '-n', '-i', 'nflog')],
        safe: false,
        unsafe: 'it runs until it is stopped; meanwhile the lines do not reach the kernel log',
      },
    },
  ]
}

const elsewhere = (facts: Facts, processes: readonly Process[]) =>
  processes.find(({ namespace }) => namespace !== undefined && namespace !== facts.namespace)
