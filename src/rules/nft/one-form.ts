/** A rule's words in the one form in which the model has rules, so that words of different versions can be compared. */
import type { RuleFamily } from '../../model/ruleset.ts'
import { nftText } from './text/later.ts'

/** Without what counters hold; undefined where not all of it is understood. */
export function inOneForm(text: string, family: RuleFamily): string | undefined {
  const { canonicalStatement, parseNftRule, ruleText } = nftText.loaded
  const { expr, comment, problems } = parseNftRule(text, family)
  if (problems.length > 0) return undefined
  return ruleText(
    expr.map((one) => canonicalStatement(one, family)),
    comment,
  )
}
