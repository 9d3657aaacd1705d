/** A chain gets another name: what jumps there goes on doing so, for to the kernel names are nothing. */
import type { NamedSet, Rule, RuleFamily } from '../../model/ruleset.ts'
import type { Statement } from '../../rules/nft/ast.ts'
import type { NftRuleset } from '../../rules/nft/ruleset.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import { mentions } from './mentions.ts'

/** Rules and elements of the table that say the old name, with the new one. Tables and sets are the caller's own. */
export function renameJumps({ tables, sets }: NftRuleset, from: string, to: string): NftRuleset {
  for (const table of tables)
    for (const chain of table.chains.values()) chain.rules = chain.rules.map(renamed(table, from, to))
  return { tables, sets: sets.map((set) => withElements(set, from, to)) }
}

const renamed =
  ({ family, name }: { family: RuleFamily; name: string }, from: string, to: string) =>
  (rule: Rule): Rule => {
    if (!rule.nft || !mentions(rule.nft).chains.includes(from)) return rule
    const { lowerRule, ruleText } = nftText.loaded
    const nft = replaceTarget(rule.nft, from, to) as Statement[]
    return { ...rule, nft, text: ruleText(nft, rule.comment), ...lowerRule(nft, family, name) }
  }

function withElements(set: NamedSet, from: string, to: string): NamedSet {
  const verdicts = [`jump ${from}`, `goto ${from}`]
  if (!set.elements.some(({ data }) => verdicts.includes(data?.[0] ?? ''))) return set
  const elements = set.elements.map((element) =>
    verdicts.includes(element.data?.[0] ?? '')
      ? { ...element, data: [`${element.data![0]!.slice(0, 5)}${to}`] }
      : element,
  )
  return { ...set, elements }
}

function replaceTarget(node: unknown, from: string, to: string): unknown {
  if (Array.isArray(node)) return node.map((one) => replaceTarget(one, from, to))
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === 'target' && value === from ? to : replaceTarget(value, from, to),
    ]),
  )
}
