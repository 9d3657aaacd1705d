/** What a base chain does with a packet that no rule of it decided about. */
import type { Chain, Table } from '../model/ruleset.ts'

/**
 * Undefined where a listing leaves it open, as `iptables -L CHAIN` does of the other chains: then their rules may be missing
 * as well. Chains of other tables than filter have another policy than ACCEPT only where somebody lost a packet to it.
 */
export const endPolicy = ({ kind, name }: Table, { policy, hook }: Chain): 'accept' | 'drop' | undefined =>
  policy ?? (kind === 'iptables' && name === 'filter' && hook !== undefined ? undefined : 'accept')

/** As what nobody knows is asked for. */
export const acceptsCondition = ({ name }: Table, chain: Chain): string => `${name} ${chain.name} accepts`

/** Why it is not known. */
export const whyOpen = ({ name }: Table, chain: Chain): string =>
  chain.rules.length === 0
    ? `chain ${chain.name} of table ${name} is not in the listing`
    : `the listing does not show the policy of chain ${chain.name}`
