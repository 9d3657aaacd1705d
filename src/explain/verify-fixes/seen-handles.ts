/** A ruleset that was listed without `nft -a`, with the handles that the trace shows: commands name rules by them. */
import type { Evidence } from '../../journey/evidence.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'

/** `world` itself where it has them, or the trace shows none. */
export function withSeenHandles(world: World, { journey, arrivals }: Evidence): World {
  const seen = new Map<Rule, number>()
  journey.steps.forEach(({ kind, handle }, i) => {
    const rule = arrivals[i]?.rule
    if (kind === 'rule' && handle !== undefined && rule && rule.handle === undefined && rule.nft) seen.set(rule, handle)
  })
  return seen.size === 0 ? world : { ...world, tables: world.tables.map((table) => named(table, seen)) }
}

function named(table: Table, seen: ReadonlyMap<Rule, number>): Table {
  if (table.kind !== 'nft') return table
  const chains = new Map(
    [...table.chains].map(([name, chain]) => {
      const isMet = chain.rules.some((rule) => seen.has(rule))
      const rules = isMet ? chain.rules.map((rule) => withHandle(rule, seen.get(rule))) : chain.rules
      return [name, isMet ? { ...chain, rules } : chain]
    }),
  )
  return { ...table, chains }
}

const withHandle = (rule: Rule, handle: number | undefined): Rule => (handle === undefined ? rule : { ...rule, handle })
