/** A rule as the command line names it: `nat:KUBE-NODEPORTS:16`, `inet filter input handle 7`. */
import type { WantedRule } from '../analysis/select.ts'
import { isNft } from '../explain/refs.ts'
import type { RuleRef } from '../model/journey.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'

/** Undefined for a policy, and where neither number nor handle is known. */
export function refWords(
  ref: Pick<RuleRef, 'family' | 'table' | 'chain' | 'ruleNumber' | 'handle' | 'rule'>,
): string | undefined {
  const { family, table, chain, ruleNumber, handle } = ref
  if (isNft(ref)) return handle === undefined ? undefined : `${family} ${table} ${chain} handle ${handle}`
  return ruleNumber === undefined ? undefined : `${family === 'ip6' ? 'ip6/' : ''}${table}:${chain}:${ruleNumber}`
}

export interface FoundRule {
  table: Table
  chain: Chain
  rule: Rule
}

/** Both backends may have one of this name. */
export function findRules({ tables }: World, wanted: WantedRule): FoundRule[] {
  return tables.flatMap((table) => {
    const chain = table.chains.get(wanted.chain)
    if (!chain || table.name !== wanted.table) return []
    const isMeant = ({ ruleNumber, handle }: Rule) => {
      if ('policy' in wanted) return false
      if ('handle' in wanted) return table.family === wanted.family && handle === wanted.handle
      return table.kind !== 'nft' && (table.family === 'ip6') === wanted.ip6 && ruleNumber === wanted.ruleNumber
    }
    return chain.rules.filter(isMeant).map((rule) => ({ table, chain, rule }))
  })
}
