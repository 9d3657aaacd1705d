import { command } from '../../../model/command.ts'
import { iptablesIsNft } from '../legacy.ts'
import { logReaders, traceListeners } from '../listeners.ts'
import type { Cause } from '../problem.ts'
import { lineOf, rulesOf } from '../rules.ts'

export const iptablesNfTables: Cause = {
  id: 'iptables-nf-tables',
  about: {
    cause: 'iptables is the nf_tables variant, but the trace is read from dmesg',
    check: '`iptables -V`; an iptables-nft TRACE rule while no program listens for trace events',
    mend: '`xtables-monitor --trace`',
  },
  tested: 'in a namespace',
  check(facts) {
    const { traces } = rulesOf(facts)
    const rule = traces.find(
      ({ backend, table, chain }) =>
        backend === 'nft' &&
        /^ip6?$/.test(table.family) &&
        table.name === 'raw' &&
        /^(PREROUTING|OUTPUT)$/.test(chain.name),
    )
    if (!rule || !iptablesIsNft(facts) || traceListeners(facts).length > 0) return []
    const [reader] = logReaders(facts)
    const readers = reader ? `; ${reader.name} (process ${reader.pid}) reads that log, where no TRACE line appears` : ''
    return [
      {
        code: 'iptables-nf-tables',
        severity: reader ? 'error' : 'warning',
        message: `iptables is the nf_tables variant here: its TRACE rules print nothing to the kernel log${readers}.`,
        evidence: `${facts.versions.get('iptables')}; ${lineOf(rule)}`,
        fix: {
          description: facts.programs.has('xtables-monitor')
            ? 'read the trace events'
            : 'read the trace events with nft',
          commands: [
            facts.programs.has('xtables-monitor')
              ? command('xtables-monitor', '--trace')
              : command('nft', 'monitor', 'trace'),
          ],
          safe: false,
          unsafe: 'the command runs until it is stopped',
        },
      },
    ]
  },
}
