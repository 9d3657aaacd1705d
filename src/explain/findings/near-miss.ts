import type { Condition } from '../../model/condition.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { nameRef, refAt, refOf } from '../refs.ts'

/** More would bury the answer. */
const MOST = 5

/** An accept rule in front of the one that dropped it, which failed in exactly one condition. */
export const nearMiss: Detector = {
  code: 'near-miss',
  detect(context) {
    if (context.journey.outcome !== 'dropped' && context.journey.outcome !== 'rejected') return []
    const found: Detected[] = []
    for (const { chain, rule, step } of passedRules(context)) {
      if (verdictOf(rule).ending !== 'accept') continue
      const failed = onlyFailure(context, rule, step)
      if (!failed) continue
      const table = context.journey.steps[step]!.table!
      const ref = refOf(context, table, chain, rule)
      const end = refAt(context, context.ended.step)
      found.push(
        finding('near-miss', 'note', `${nameRef(ref)} would have accepted it, but only for ${conditionText(failed)}.`, {
          steps: [step + 1],
          rules: end ? [ref, end] : [ref],
        }),
      )
    }
    return found.slice(0, MOST)
  },
}

/** Rules that were looked at before the end and did not match, the latest first: in the last chain, and up the jumps to it. */
function* passedRules(context: Context): Generator<{ chain: Chain; rule: Rule; step: number }> {
  const { arrivals } = context.evidence
  for (let at: number | undefined = context.ended.step; at !== undefined; at = arrivals[at]!.caller) {
    const { chain } = arrivals[at]!
    const before = context.journey.steps[at]!.ruleNumber
    if (!chain || before === undefined) return
    const met = new Set(
      context.journey.steps
        .filter((one) => one.chain === chain.name && one.kind === 'rule')
        .map((one) => one.ruleNumber),
    )
    for (let number = Math.min(before - 1, chain.rules.length); number >= 1; number--) {
      const rule = chain.rules[number - 1]!
      if (!met.has(number)) yield { chain, rule, step: at }
    }
  }
}

/** The one condition that failed where all others held; a rule of one condition is not near, but merely another rule. */
function onlyFailure(context: Context, rule: Rule, step: number): Condition | undefined {
  const moment = momentAt(context, step)
  let failed: Condition | undefined
  for (const condition of rule.conditions) {
    const truth = evaluate(condition, moment)
    if (truth === true) continue
    if (truth !== false || failed) return undefined
    failed = condition
  }
  return rule.conditions.length > 1 ? failed : undefined
}
