import { legacyTables } from '../../survey/facts.ts'
import type { Cause } from '../problem.ts'
import { rulesOf } from '../rules.ts'

export const bothBackends: Cause = {
  id: 'both-backends',
  about: {
    cause: 'rules of iptables-legacy and of nft are both in force, but each tool shows only its own half',
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
          ? 'Rules of iptables-legacy and of nft are both in force and share the trace bit: a packet traced by one backend appears in the trace of the other too.'
          : 'Rules of iptables-legacy and of nft are both in force: packets traverse both, but each tool shows only its own half.',
        evidence: `iptables-legacy: ${legacy.join(', ')}; nft: ${nft.join(', ')}`,
        fix: {
          description:
            'look at both: `nfwhy trace` shows both; by hand: iptables-legacy-save and nft list ruleset, dmesg and nft monitor trace',
          safe: false,
          unsafe: 'nfwhy does not know which of the two you want',
        },
      },
    ]
  },
}
