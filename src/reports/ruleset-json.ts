/** A ruleset as nfwhy understood it, as one JSON document (`nfwhy.ruleset/1`). */
import type { Chain, NamedSet, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { Tail } from './form.ts'
import { printableJson } from './printable.ts'

/** Worlds of several machines: `host` says of each table and set whose it is. */
export function rulesetJson(
  machines: readonly { name?: string; world: World }[],
  { inputs, warnings }: Pick<Tail, 'inputs' | 'warnings'>,
): string {
  const of = <T extends object>(name: string | undefined, one: T) => (name === undefined ? one : { host: name, ...one })
  const tables = machines.flatMap(({ name, world }) => world.tables.map((table) => of(name, tableData(table))))
  const sets = machines.flatMap(({ name, world }) => world.sets.map((set: NamedSet) => of(name, set)))
  return `${printableJson({ schema: 'nfwhy.ruleset/1', tables, sets, inputs, warnings })}\n`
}

/** Maps as lists; base chains in the order in which packets come to them would be another document. */
function tableData({ chains, flowtables, objects, ...table }: Table) {
  return {
    ...table,
    chains: [...chains.values()].map(chainData),
    ...(flowtables ? { flowtables: [...flowtables.values()] } : {}),
    ...(objects ? { objects: [...objects.values()] } : {}),
  }
}

/** `iptables` and `nft`, how a rule is worded, are told by `text`; the rest is the same for both. */
const chainData = ({ rules, ...chain }: Chain) => ({
  ...chain,
  rules: rules.map(({ iptables: _, nft: __, ...rule }) => rule),
})
