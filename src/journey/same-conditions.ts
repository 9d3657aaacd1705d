/** nft's words for a rule of iptables-nft, laid on the rules of iptables-save, which has no handles: by what both ask for. */
import type { Condition } from '../model/condition.ts'
import type { Rule, RuleFamily, Table } from '../model/ruleset.ts'
import { nftText } from '../rules/nft/text/later.ts'

/** Those of `rules` with the very conditions that the text has; none where not all of the text is understood. */
export function withSameConditions(text: string, { family, name }: Table, rules: readonly Rule[]): readonly Rule[] {
  const { canonicalStatement, lowerRule, parseNftRule } = nftText.loaded
  const { expr, problems } = parseNftRule(text, family as RuleFamily)
  if (problems.length > 0) return []
  const canonical = expr.map((one) => canonicalStatement(one, family as RuleFamily))
  const wanted = keyOf(lowerRule(canonical, family as RuleFamily, name).conditions)
  return rules.filter(({ conditions }) => keyOf(conditions) === wanted)
}

const keyOf = (conditions: readonly Condition[]): string => JSON.stringify(conditions.map(partOf).sort())

/** Without the words that it is written in. */
function partOf(condition: Condition): string {
  if (condition.kind !== 'not' || condition.of.kind !== 'compare' || condition.of.op !== '==') return plain(condition)
  return plain({ ...condition.of, op: '!=' })
}

const plain = (condition: Condition): string =>
  JSON.stringify(condition, (key, value) =>
    key === 'text' || key === 'nft' ? undefined : key === 'set' && Array.isArray(value) ? [...value].sort() : value,
  )
