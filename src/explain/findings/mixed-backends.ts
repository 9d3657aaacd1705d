import { backendName, backendOf, decides } from '../../journey/backends.ts'
import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import type { Table } from '../../model/ruleset.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/**
 * Rules of iptables-legacy and of nftables hang on the same hook: the kernel asks both, by priority, and what either
 * drops is dropped. A listing of one does not show the other.
 */
export const mixedBackends: Detector = {
  code: 'mixed-backends',
  detect(context) {
    const { journey, ended, evidence } = context
    if (ended.because === 'other-backend') return unseen(context)
    if (ended.because === 'ambiguous-order') return []
    if (['delivered', 'forwarded', 'sent'].includes(journey.outcome)) return []
    const hook = ended.missing?.hook ?? evidence.arrivals[ended.step]?.hook
    if (hook === undefined || (journey.family !== 'ip' && journey.family !== 'ip6')) return []
    const chains = baseChainsAt(context.world, journey.family, hook, true).filter(({ chain }) => decides(chain))
    const tool = context.world.host.tools?.[journey.family === 'ip6' ? 'ip6tables' : 'iptables']
    const backends = chains.map(({ table }) => (table.kind === 'nft' ? 'nft' : (table.backend ?? tool?.backend)))
    if (!backends.includes('legacy') || !backends.includes('nft')) return []
    return [
      finding(
        'mixed-backends',
        'warning',
        `Rules of iptables-legacy and of nftables are both in force at ${hook}, and the packet traverses both: ${orderOf(chains, backends)}.`,
        {
          steps: ended.step >= 0 ? [ended.step + 1] : [],
          fix: [
            {
              description:
                'look at both: iptables-legacy-save -c, and nft list ruleset; keep all rules in one framework',
              unverified: 'nfwhy does not know which of the two you want',
            },
          ],
        },
      ),
    ]
  },
}

/** The next chain is of the backend that the capture does not show. */
function unseen(context: Context): Detected[] {
  const { ended } = context
  if (!ended.missing) return []
  const { table, chain, hook } = ended.missing
  const last = refAt(context, ended.step)
  const meets = `After ${last ? nameRef(last) : 'its last line'} the packet traverses ${table.family} ${table.name} ${chain.name}`
  const more = {
    steps: ended.step >= 0 ? [ended.step + 1] : [],
    rules: [{ family: table.family, table: table.name, chain: chain.name }],
  }
  const name = backendName(table)
  if (context.world.tracedBoth)
    return [
      finding(
        'mixed-backends',
        'note',
        `${meets} of ${name} (${hook.toUpperCase()}). If that backend was traced too, its trace is a separate journey: look there for the verdict.`,
        more,
      ),
    ]
  return [
    finding(
      'mixed-backends',
      'warning',
      `${meets} of ${name} (${hook.toUpperCase()}), which this capture does not show. Rules of both backends are in force.`,
      { ...more, fix: [{ description: howToTrace(table), unverified: ONLY_LOOKS }] },
    ),
  ]
}

/** The table's backend, which a capture of the other one does not show. */
export const howToTrace = (table: Table): string =>
  backendOf(table) === 'legacy'
    ? 'trace iptables-legacy as well: its lines are in the kernel log'
    : 'trace nf_tables as well: nft monitor trace'

/** In the order in which the kernel asks them; which of several at one priority comes first, no listing tells. */
function orderOf(chains: readonly BaseChain[], backends: readonly (string | undefined)[]): string {
  return chains
    .map(({ table, chain, priority }, i) => {
      const name = table.kind === 'nft' ? `${table.family} ${table.name} ${chain.name}` : `${table.name} ${chain.name}`
      const joined = i === 0 ? '' : chains[i - 1]!.priority === priority ? ' and ' : ', then '
      return `${joined}${name} (${backends[i] ?? 'iptables'}, ${priority})`
    })
    .join('')
}
