import { legacyTables } from '../../survey/facts.ts'
import type { Cause } from '../problem.ts'
import { rulesOf } from '../rules.ts'

export const bothBackends: Cause = {
  id: 'both-backends',
  about: {
    cause: 'rules of iptables-legacy and of nft are both in force, and one tool shows half of them',
    check: '`/proc/net/ip_tables_names` and `nft list tables`',
    mend: 'read both',
  },
  tested: 'in a namespace',
  check(facts) {
    const legacy = (['ip', 'ip6'] as const).flatMap((family) =>
      (legacyTables(facts, family) ?? []).map((table) => `${family} ${table}`),
    )
    const nft = (facts.nftTables ?? []).filter((name) => !/^\S+ nfwhy/.test(name))
    if (legacy.length === 0 || nft.length === 0) return []
    const traced = rulesOf(facts).traces.length > 0
    return [
      {
        code: 'both-backends',
        severity: traced ? 'warning' : 'note',
        message: traced
          ? 'Rules of iptables-legacy and of nft are both in force, and share the trace bit: a trace of the one prints in the other too.'
          : 'Rules of iptables-legacy and of nft are both in force: packets pass both, and one tool shows half of them.',
        evidence: `iptables-legacy: ${legacy.join(', ')}; nft: ${nft.join(', ')}`,
        fix: {
          description:
            'look at both: `nfwhy trace` does; by hand iptables-legacy-save and nft list ruleset, dmesg and nft monitor trace',
          safe: false,
          unsafe: 'which of them is meant to be there is not known',
        },
      },
    ]
  },
}
