import type { Host } from './host.ts'
import type { Family } from './packet.ts'
import type { NamedSet, Table } from './ruleset.ts'

/** All that decides a packet's way on one machine: its rules and its state. */
export interface World {
  tables: Table[]
  sets: NamedSet[]
  host: Host
  /** Tables that this machine may have, and that the commands which were given do not print. */
  unlisted?: readonly Table[]
  /** A listing of the rules was given, and there are none. */
  hasNoRules?: boolean
  /** Where rules were saved more than once, and differ: when these were (local time as written), and the others. */
  saved?: { at: string; before?: World; next?: World }
  /** Both of the kernel's packet filters are traced: each tells of a packet in a journey of its own. */
  tracedBoth?: boolean
}

/** No rules, and nothing known of the host. */
export const emptyWorld = (): World => ({ tables: [], sets: [], host: {} })

/** There are rules, and none of iptables'. */
export const isNftAlone = ({ tables }: World): boolean =>
  tables.length > 0 && tables.every(({ kind }) => kind === 'nft')

/** The iptables table of this name and family; where both backends have one, that which stands first. */
export function findTable({ tables }: World, family: Family, name: string): Table | undefined {
  const named = tables.filter((table) => table.family === family && table.name === name)
  return named.find(({ kind }) => kind === 'iptables') ?? named[0]
}
