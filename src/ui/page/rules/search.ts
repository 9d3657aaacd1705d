/** What is found in a ruleset: by words that all have to be there. */
import type { ChainOf, RuleOf, RulesetOf, TableOf } from '../../protocol.ts'

export interface Found {
  table: TableOf
  chain: ChainOf
  rule: RuleOf
}

export function find(of: RulesetOf, query: string) {
  const words = query.toLowerCase().trim().split(/\s+/)
  const has = (text: string): boolean => {
    const lower = text.toLowerCase()
    return words.every((word) => lower.includes(word))
  }
  const chains: { table: TableOf; chain: ChainOf }[] = []
  const rules: Found[] = []
  for (const table of of.tables)
    for (const chain of table.chains) {
      if (has(chain.name)) chains.push({ table, chain })
      for (const rule of chain.rules) if (has(rule.text)) rules.push({ table, chain, rule })
    }
  const sets = of.tables.flatMap(({ sets }) =>
    sets.filter(({ name, elements }) => has(name) || elements.some((one) => has(one))),
  )
  return { chains, rules, sets }
}

/** Rules of the table that jump or go to the chain. */
export const callersOf = ({ chains }: TableOf, name: string): { chain: string; rule: RuleOf }[] =>
  chains.flatMap((chain) => chain.rules.filter(({ to }) => to === name).map((rule) => ({ chain: chain.name, rule })))
