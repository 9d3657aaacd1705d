/** Of each rule that a packet came by and that did not match: which of its conditions did not hold. */
import type { Evidence } from '../journey/evidence.ts'
import { decideOutcome } from '../journey/outcome.ts'
import type { UnmatchedRule } from '../model/journey.ts'
import type { Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'
import { conditionsOf } from '../rules/match.ts'
import { makeContext } from './context.ts'
import { passes, skippedRules } from './counterfactual/skipped-rules.ts'

/** Notes them at the steps in front of which they stand. */
export function noteUnmatched(evidence: Evidence, world: World): void {
  const context = makeContext(evidence, decideOutcome(evidence, world), world, [])
  for (const pass of passes(context))
    for (const { rule, step, moment } of skippedRules(context, pass)) {
      const noted = evidence.journey.steps[step]!
      const one = unmatched(rule, moment)
      // it matched before tracing began
      if (one.failed.length === 0 && !one.unknown) continue
      noted.unmatched ??= []
      noted.unmatched.push(one)
    }
}

function unmatched(rule: Rule, moment: EvalContext): UnmatchedRule {
  const failed: string[] = []
  const unknown: string[] = []
  for (const [condition, at] of conditionsOf(rule, moment)) {
    const truth = evaluate(condition, at)
    if (truth === false) failed.push(conditionText(condition))
    else if (truth !== true) unknown.push(`${conditionText(condition)}: ${truth.unknown}`)
  }
  return { ruleNumber: rule.ruleNumber, rule: rule.text, failed, ...(unknown.length > 0 ? { unknown } : {}) }
}
