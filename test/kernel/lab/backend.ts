/**
 * The tools that load rules and tell their counters. iptables-legacy traces to the kernel log, which the lab reads.
 * iptables-nft sends its trace as netlink events: it needs a capture of its own beside these commands.
 */
import type { Family } from './lab.ts'

export interface Backend {
  name: string
  tools: string[]
  /** Reads iptables-save text from standard input and replaces the tables in it. */
  restore(family: Family): string[]
  /** Prints all tables with counters. */
  save(family: Family): string[]
}

const tool = (family: Family) => (family === 'ip' ? 'iptables' : 'ip6tables')

export const legacy: Backend = {
  name: 'iptables-legacy',
  tools: ['iptables', 'ip6tables'].flatMap((name) => [`${name}-legacy-restore`, `${name}-legacy-save`]),
  restore: (family) => [`${tool(family)}-legacy-restore`],
  save: (family) => [`${tool(family)}-legacy-save`, '-c'],
}
