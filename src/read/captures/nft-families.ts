import type { RuleFamily } from '../../model/ruleset.ts'

/** Netfilter's numbers of families (NFPROTO_…). */
export const FAMILIES: Readonly<Record<number, RuleFamily>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
}
