/** A rule's words in the one form in which the model has rules, so that words of different versions can be compared. */
import type { RuleFamily } from '../../model/ruleset.ts'
import { statement } from './normal.ts'
import { ruleText } from './rule-text.ts'
import { nftText } from './text/later.ts'

/** Without what counters hold; undefined where not all of it is understood. */
export function inOneForm(text: string, family: RuleFamily): string | undefined {
  const { expr, comment, problems } = nftText.loaded.parseNftRule(text, family)
  if (problems.length > 0) return undefined
  return ruleText(
    expr.map((one) => statement(one, family)),
    comment,
  )
}
