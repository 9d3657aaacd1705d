/** A ruleset as nfwhy understood it, as one JSON document (`nfwhy.ruleset/1`). */

import type { Ending } from '../analysis/ending.ts'
import type { HookEntry, HookMap } from '../analysis/hook-map.ts'
import { withoutOwn } from '../model/own-table.ts'
import { printableJson } from '../model/printable.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { ChainDocument, HookChainsDocument, RulesetDocument, TableDocument } from './documents.ts'

/** Worlds of several machines: `host` says of each table, set and hook whose it is. */
export function rulesetJson(
  machines: readonly { name?: string | undefined; world: World; map: HookMap }[],
  { inputs, warnings }: Pick<Ending, 'inputs' | 'warnings'>,
): string {
  const all = <T extends object>(data: (world: World, map: HookMap) => readonly T[]) =>
    machines.flatMap(({ name, world, map }) =>
      data(withoutOwn(world), map).map((one) => (name === undefined ? one : { host: name, ...one })),
    )
  const hooks = all((_, { ways }) =>
    ways.flatMap(({ way, hooks }) => hooks.map(({ hook, entries }) => ({ way, hook, chains: chainsOf(entries) }))),
  )
  const tables = all((world) => world.tables.map(tableData))
  const sets = all((world) => world.sets)
  const document: RulesetDocument = { schema: 'nfwhy.ruleset/1', hooks, tables, sets, inputs, warnings }
  return `${printableJson(document)}\n`
}

/** In the order in which packets come to them. */
const chainsOf = (entries: readonly HookEntry[]): HookChainsDocument['chains'] =>
  entries.flatMap((entry) =>
    entry.kind === 'chain'
      ? [{ family: entry.table.family, table: entry.table.name, chain: entry.chain.name, priority: entry.priority }]
      : [],
  )

/** Maps as lists. */
function tableData({ chains, flowtables, objects, ...table }: Table): TableDocument {
  return {
    ...table,
    chains: [...chains.values()].map(chainData),
    ...(flowtables ? { flowtables: [...flowtables.values()] } : {}),
    ...(objects ? { objects: [...objects.values()] } : {}),
  }
}

/** `iptables` and `nft`, how a rule is worded, are told by `text`; the rest is the same for both. */
const chainData = ({ rules, ...chain }: Chain): ChainDocument => ({
  ...chain,
  rules: rules.map(({ iptables: _, nft: __, ...rule }) => rule),
})
