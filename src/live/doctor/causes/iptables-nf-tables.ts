import type { Facts } from '../../survey/facts.ts'
import { iptablesIsNft } from '../legacy.ts'
import { elsewhere, logReaders, monitors, traceListeners } from '../listeners.ts'
import { listen } from '../mends.ts'
import type { Cause } from '../problem.ts'
import { lineOf, rulesOf, type TraceRule } from '../rules.ts'

/** A TRACE rule that `iptables` has made here. */
export const isOfIptablesNft = ({ backend, table, chain }: TraceRule, facts: Facts): boolean =>
  backend === 'nft' &&
  /^ip6?$/.test(table.family) &&
  table.name === 'raw' &&
  /^(PREROUTING|OUTPUT)$/.test(chain.name) &&
  iptablesIsNft(facts) === true

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
    const rule = traces.find((one) => isOfIptablesNft(one, facts))
    if (!rule || traceListeners(facts).length > 0) return []
    const [reader] = logReaders(facts)
    // who has started a monitor does not wait for the kernel log: nobody-listens has the word
    if (!reader && elsewhere(facts, monitors(facts))) return []
    const readers = reader ? `; ${reader.name} (process ${reader.pid}) reads that log, where no TRACE line appears` : ''
    return [
      {
        code: 'iptables-nf-tables',
        severity: reader ? 'error' : 'warning',
        message: `iptables is the nf_tables variant here: its TRACE rules print nothing to the kernel log${readers}. They send events, and no program here listens to them.`,
        evidence: `${facts.versions.get('iptables')}; ${lineOf(rule)}`,
        fix: listen(facts, rule),
      },
    ]
  },
}
