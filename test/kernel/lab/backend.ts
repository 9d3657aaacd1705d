/**
 * The tools that load rules and tell their counters. iptables-legacy traces to the kernel log, which the lab reads.
 * iptables-nft sends its trace as netlink events, which nft prints: without sequence numbers and marks, so a table of
 * the lab's own logs each packet in front of all chains as well.
 */
import type { Family, Lab } from './lab.ts'

export interface Backend {
  name: 'iptables-legacy' | 'iptables-nft'
  tools: string[]
  /** Reads iptables-save text from standard input and replaces the tables in it. */
  restore(family: Family): string[]
  /** Prints all tables with counters. */
  save(family: Family): string[]
  /** What the lab needs before the first packet. */
  prepare(lab: Lab): Promise<void>
}

const tool = (family: Family) => (family === 'ip' ? 'iptables' : 'ip6tables')

export const legacy: Backend = {
  name: 'iptables-legacy',
  tools: ['iptables', 'ip6tables'].flatMap((name) => [`${name}-legacy-restore`, `${name}-legacy-save`]),
  restore: (family) => [`${tool(family)}-legacy-restore`],
  save: (family) => [`${tool(family)}-legacy-save`, '-c'],
  prepare: async () => {},
}

/** The table in front of all chains; its events begin a packet's way. */
export const NFT_LAB = 'lab'

const logged = (chain: string) =>
  `meta nftrace set 1 log prefix "TRACE: ${NFT_LAB}:${chain}:rule:1 " flags tcp sequence,options flags ip options flags skuid`
const labTable = (family: Family) => `table ${family} ${NFT_LAB} {
  chain pre { type filter hook prerouting priority -350; ${logged('PREROUTING')}; }
  chain out { type filter hook output priority -350; ${logged('OUTPUT')}; }
}\n`

export const nft: Backend = {
  name: 'iptables-nft',
  tools: ['nft', 'stdbuf', ...['iptables', 'ip6tables'].flatMap((name) => [`${name}-nft-restore`, `${name}-nft-save`])],
  restore: (family) => [`${tool(family)}-nft-restore`],
  save: (family) => [`${tool(family)}-nft-save`, '-c'],
  prepare: async (lab) => {
    await lab.must(['nft', '-f', '-'], labTable('ip') + labTable('ip6'))
    await lab.watch(['stdbuf', '-oL', 'nft', '-a', 'monitor', 'trace'])
  },
}
