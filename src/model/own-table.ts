/** What a trace session puts into the rules for itself: no rule of its is part of what a person asks about. */
import type { Rule, Table } from './ruleset.ts'
import type { World } from './world.ts'

/** Of nft tables, and of the comments of iptables' rules. */
const OWN_NAME = /^nfwhy-\d+$/

export const isOwnTable = (name: string | undefined): boolean => name !== undefined && OWN_NAME.test(name)

/** Marks the rules of a session in a table as it was read. */
export function markOwn({ name, chains }: Table): void {
  const all = isOwnTable(name)
  for (const { rules } of chains.values())
    for (const rule of rules) if (all || (rule.comment !== undefined && OWN_NAME.test(rule.comment))) rule.own = true
}

/** Without them; rules keep their numbers. */
export function withoutOwn(all: World): World {
  const world = withoutOwnTables(all)
  return { ...world, tables: world.tables.map(tableWithoutOwn) }
}

/** The same World where it has none. */
export function withoutOwnTables(world: World): World {
  if (!world.tables.some(({ name }) => isOwnTable(name))) return world
  const tables = world.tables.filter(({ name }) => !isOwnTable(name))
  return { ...world, tables, sets: world.sets.filter(({ table }) => !isOwnTable(table)) }
}

function tableWithoutOwn(table: Table): Table {
  const isOwn = ({ own }: Rule): boolean => own === true
  if (![...table.chains.values()].some(({ rules }) => rules.some(isOwn))) return table
  const chains = [...table.chains].map(
    ([name, chain]) => [name, { ...chain, rules: chain.rules.filter((rule) => !isOwn(rule)) }] as const,
  )
  return { ...table, chains: new Map(chains) }
}
