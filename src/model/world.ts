import type { Host } from './host.ts'
import type { Family } from './packet.ts'
import type { Chain, NamedSet, Rule, Table } from './ruleset.ts'

/** All that decides a packet's way on one machine: its rules and its state. */
export interface World {
  tables: Table[]
  sets: NamedSet[]
  host: Host
}

export const emptyWorld = (): World => ({ tables: [], sets: [], host: {} })

/** The iptables table of this name and family. */
export const findTable = (world: World, family: Family, name: string): Table | undefined =>
  world.tables.find((table) => table.family === family && table.name === name)

export const findChain = (world: World, family: Family, table: string, chain: string): Chain | undefined =>
  findTable(world, family, table)?.chains.get(chain)

/** By its place in the chain, counted from 1. */
export const findRule = (chain: Chain | undefined, ruleNumber: number | undefined): Rule | undefined =>
  ruleNumber === undefined ? undefined : chain?.rules[ruleNumber - 1]
