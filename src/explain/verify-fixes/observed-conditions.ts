/** What the trace itself says of conditions that nothing else tells: a rule that is shown has matched, one that is not has not. */
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { conditionsOf } from '../../rules/match.ts'
import { choiceText } from '../../rules/nft/map.ts'
import { isUnknown } from '../../rules/truth.ts'
import { type Context, momentAt } from '../context.ts'
import { asks, onlyFailed } from '../counterfactual/failed-condition.ts'
import { passes, skippedRules } from '../counterfactual/skipped-rules.ts'

/** In their rules' own words, whether they hold; what is said both ways is left out. */
export function observedConditions(context: Context): Map<string, boolean> {
  const settled = new Map<string, boolean | undefined>()
  const say = (text: string, holds: boolean) =>
    settled.set(text, settled.has(text) && settled.get(text) !== holds ? undefined : holds)
  for (const pass of passes(context)) {
    for (const step of pass.steps) {
      const { rule } = context.evidence.arrivals[step]!
      if (context.journey.steps[step]!.kind !== 'rule' || !rule) continue
      const moment = momentAt(context, step)
      for (const [condition, at] of conditionsOf(rule, moment))
        if (isUnknown(evaluate(condition, at))) say(conditionText(condition), true)
      const { verdict } = context.journey.steps[step]!
      if (verdict !== undefined && rule.statements.some(({ kind }) => kind === 'vmap'))
        say(choiceText(rule, verdict), true)
    }
    for (const { rule, moment } of skippedRules(context, pass)) {
      const miss = onlyFailed(rule, moment)
      if (miss?.settled) say(asks(miss), false)
    }
  }
  return new Map([...settled].filter((one): one is [string, boolean] => one[1] !== undefined))
}
