import { wordTable } from './word-table.ts'

/** Where netfilter calls chains on a packet's way. */
export type Hook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'egress'

export const HOOKS: readonly Hook[] = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress']

/** The built-in chain names of iptables and the hooks they hang on. */
export const IPTABLES_HOOKS = wordTable<Hook>({
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
})

/** Which built-in chains each iptables table has. */
export const IPTABLES_TABLES = wordTable<readonly string[]>({
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
})

/** The priority of mangle: behind connection tracking, and before packets are routed. */
export const MANGLE = -150
/** Where nat rewrites destinations (NF_IP_PRI_NAT_DST), in PREROUTING and OUTPUT. */
export const DSTNAT = -100
/** The priority of srcnat, of the same families. */
export const SRCNAT = 100

/**
 * At which priority an iptables table hangs on a hook (include/uapi/linux/netfilter_ipv4.h; the same numbers for IPv6).
 * nat is at -100 where it rewrites destinations and at 100 where it rewrites sources, so in INPUT it comes after filter.
 * iptables-nft puts security behind it (iptables/nft.c).
 */
export function iptablesPriority(table: string, hook: Hook, backend?: 'legacy' | 'nft'): number {
  switch (table) {
    case 'raw':
      return -300
    case 'mangle':
      return MANGLE
    case 'nat':
      return hook === 'prerouting' || hook === 'output' ? DSTNAT : SRCNAT
    case 'security':
      return backend === 'nft' ? 150 : 50
    default:
      return 0
  }
}

/** The hooks a packet may meet after `hook`, in order; a packet sent to this host itself goes from postrouting to prerouting. */
export const NEXT_HOOKS: Readonly<Record<Hook, readonly Hook[]>> = {
  ingress: ['prerouting'],
  prerouting: ['input', 'forward'],
  input: [],
  forward: ['postrouting'],
  output: ['postrouting'],
  postrouting: ['egress', 'prerouting'],
  egress: [],
}
