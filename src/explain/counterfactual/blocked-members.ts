/** Sets whose members some rule drops: nobody is added there to be let in elsewhere. */
import { memo } from '../../model/memo.ts'
import type { Chain, NamedSet, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { isNegated } from './failed-condition.ts'

export interface Blocking {
  table: Table
  chain: Chain
  rule: Rule
}

/** The rule that drops its members. What a map gives for its elements is the element's own. */
export function blockingRule({ tables, sets }: World, set: NamedSet): Blocking | undefined {
  if (set.dataType !== undefined) return undefined
  const found = blocking(tables)
  if (set.table !== undefined) return found.get(keyOf(set.name, { family: `${set.family}`, name: set.table }))
  const lists = sets.filter(
    ({ type, elements }) => type === 'list:set' && elements.some(({ parts: [one] }) => one === set.name),
  )
  return [set, ...lists].map(({ name }) => found.get(keyOf(name))).find((one) => one !== undefined)
}

const keyOf = (set: string, table?: { family: string; name: string }): string =>
  table ? `${table.family} ${table.name} ${set}` : set

const blocking = memo((tables: World['tables']): ReadonlyMap<string, Blocking> => {
  const found = new Map<string, Blocking>()
  for (const table of tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules)
        for (const one of rule.conditions.filter((each) => !isNegated(each)).flatMap(simpleConditions)) {
          if (one.kind !== 'lookup' || one.differs || (one.nft && !one.nft.table)) continue
          const key = keyOf(one.set, one.nft?.table)
          if (!found.has(key) && stops(rule, table)) found.set(key, { table, chain, rule })
        }
  return found
})

/** By itself, or in a chain that lets none of those go on that come to its end. */
export function stops(rule: Rule, table: Table, seen = new Set<Chain>()): boolean {
  const { ending, chain: to } = verdictOf(rule)
  if (ending === 'drop' || ending === 'reject') return true
  const chain = table.chains.get(to ?? '')
  if (!chain || seen.has(chain)) return false
  seen.add(chain)
  return chain.rules.some((one) => one.conditions.length === 0 && stops(one, table, seen))
}
