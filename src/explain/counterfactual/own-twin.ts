/** A rule that does for the packet what its neighbour in the chain, which the packet failed, does for others. */
import type { Condition } from '../../model/condition.ts'
import type { Rule } from '../../model/ruleset.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { type FailedCondition, fieldOf } from './failed-condition.ts'
import type { SkippedRule } from './skipped-rules.ts'

/** So many rules in front of it and behind it are looked at: what is written for each of several stands together. */
const NEAR = 50

/** One asks for what the packet has, where this one asks for something else: it was never meant for the packet. */
export function hasOwnTwin({ chain, rule, moment }: SkippedRule, { condition }: FailedCondition): boolean {
  const field = fieldOf(condition)
  if (field === undefined) return false
  const at = chain.rules.indexOf(rule)
  const own = keyOf(rule, condition)
  return chain.rules
    .slice(Math.max(0, at - NEAR), at + NEAR + 1)
    .some(
      (other) =>
        other !== rule &&
        other.conditions.length === rule.conditions.length &&
        evaluateAll(other.conditions, moment) === true &&
        other.conditions.some((one) => fieldOf(one) === field && keyOf(other, one) === own),
    )
}

/** What it does, and asks besides that condition. */
const keyOf = ({ conditions, statements }: Rule, but: Condition): string =>
  JSON.stringify([
    conditions.filter((one) => one !== but),
    statements.filter(({ kind }) => kind !== 'note' && kind !== 'log'),
  ])
