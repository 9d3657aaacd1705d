/** What a base chain does with a packet that no rule of it decided about. */
import type { Chain, Table } from '../model/ruleset.ts'

/**
 * Undefined where a listing leaves it open, as `iptables -L CHAIN` does of the other chains: then their rules may be missing
 * as well. Chains of other tables than filter have another policy than ACCEPT only where somebody lost a packet to it.
 */
export const endPolicy = (table: Table, chain: Chain): 'accept' | 'drop' | undefined =>
  chain.policy ??
  (isUnshown(table, chain) || (table.kind === 'iptables' && table.name === 'filter' && chain.hook !== undefined)
    ? undefined
    : 'accept')

/** No listing shows the chain; what it does with packets is not known. A piece for iptables-restore says nothing of it, either. */
export const isUnshown = (
  { unlisted, partly }: Pick<Table, 'unlisted' | 'partly'>,
  { policy, hook, rules }: Pick<Chain, 'policy' | 'hook' | 'rules'>,
): boolean => (unlisted ?? partly) === true && policy === undefined && hook !== undefined && rules.length === 0

/** As what nobody knows is asked for: of tables that are not listed at all, all together. */
export const acceptsCondition = ({ name, unlisted }: Table, chain: Chain): string =>
  unlisted ? UNLISTED : `${name} ${chain.name} accepts`

export const UNLISTED = 'the tables that are not shown do nothing'

/** Why it is not known. */
export const whyOpen = ({ name }: Table, chain: Chain): string =>
  chain.rules.length === 0
    ? `chain ${chain.name} of table ${name} is not in the listing`
    : `the listing does not show the policy of chain ${chain.name}`
