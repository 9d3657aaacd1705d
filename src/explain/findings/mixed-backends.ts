import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { type Detector, finding } from '../context.ts'

/**
 * Rules of iptables-legacy and of nftables hang on the same hook: the kernel asks both, by priority, and what either
 * drops is dropped. A listing of one does not show the other.
 */
export const mixedBackends: Detector = {
  code: 'mixed-backends',
  detect(context) {
    const { journey, ended, evidence } = context
    if (['delivered', 'forwarded', 'sent'].includes(journey.outcome)) return []
    const hook = ended.missing?.hook ?? evidence.arrivals[ended.step]?.hook
    if (hook === undefined || (journey.family !== 'ip' && journey.family !== 'ip6')) return []
    const chains = baseChainsAt(context.world, journey.family, hook, true).filter(hasPart)
    const tool = context.world.host.tools?.[journey.family === 'ip6' ? 'ip6tables' : 'iptables']
    const backends = chains.map(({ table }) => (table.kind === 'nft' ? 'nft' : (table.backend ?? tool?.backend)))
    if (!backends.includes('legacy') || !backends.includes('nft')) return []
    return [
      finding(
        'mixed-backends',
        'warning',
        `Rules of iptables-legacy and of nftables are both in force at ${hook}, and it has to get past both: ${orderOf(chains, backends)}.`,
        {
          steps: ended.step >= 0 ? [ended.step + 1] : [],
          fix: [
            {
              description:
                'look at both: iptables-legacy-save -c, and nft list ruleset; let one of them have all rules',
              unverified: 'which of them is meant is not known here',
            },
          ],
        },
      ),
    ]
  },
}

/** An empty chain that accepts decides nothing. */
const hasPart = ({ chain }: BaseChain): boolean => chain.rules.length > 0 || chain.policy === 'drop'

/** In the order in which the kernel asks them; which of several at one priority comes first, no listing tells. */
function orderOf(chains: readonly BaseChain[], backends: readonly (string | undefined)[]): string {
  return chains
    .map(({ table, chain, priority }, i) => {
      const name = table.kind === 'nft' ? `${table.family} ${table.name} ${chain.name}` : `${table.name} ${chain.name}`
      const joined = i === 0 ? '' : chains[i - 1]!.priority === priority ? ' or ' : ', then '
      return `${joined}${name} (${backends[i] ?? 'iptables'}, ${priority})`
    })
    .join('')
}
