/**
 * The tables of ebtables and arptables: which chains the kernel gives them, and where these hang (Linux,
 * net/bridge/netfilter/ebtable_{filter,nat,broute}.c, include/uapi/linux/netfilter_bridge.h;
 * net/ipv4/netfilter/arptable_filter.c; iptables/nft.c xtables_bridge, xtables_arp).
 */
import type { Hook } from '../../model/hook.ts'
import type { Chain } from '../../model/ruleset.ts'

type Place = readonly [hook: Hook, priority: number]
type Tables = Readonly<Record<string, Readonly<Record<string, Place>>>>

const FIRST = -2_147_483_648

export const EBTABLES_TABLES: Tables = {
  filter: { INPUT: ['input', -200], FORWARD: ['forward', -200], OUTPUT: ['output', 200] },
  nat: { PREROUTING: ['prerouting', -300], OUTPUT: ['output', 100], POSTROUTING: ['postrouting', 300] },
  broute: { BROUTING: ['prerouting', FIRST] },
}

export const ARPTABLES_TABLES: Tables = {
  filter: { INPUT: ['input', 0], FORWARD: ['forward', 0], OUTPUT: ['output', 0] },
}

/** Without rules and without a policy yet. ebtables-nft hangs filter's OUTPUT where INPUT is, too. */
export function emptyChain(tables: Tables, table: string, name: string, backend?: 'legacy' | 'nft'): Chain {
  const chains = Object.hasOwn(tables, table) ? tables[table]! : {}
  const place = Object.hasOwn(chains, name) ? chains[name] : undefined
  if (!place) return { name, rules: [] }
  const [hook, priority] = place
  return { name, hook, priority: backend === 'nft' && priority === 200 ? -200 : priority, type: 'filter', rules: [] }
}
