/** A mark for which one rule drops, and which others read as well: whoever sets it means more than the drop. */
import type { Rule } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { asksForMark } from '../../rules/route.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { carries } from './mark-behind.ts'
import { markAsked, markGiven } from './marks.ts'
import { STOPS } from './misled-jump.ts'

/** Does a rule that stops nothing read the mark that this one sets, as one that masquerades by it, or a routing rule? */
export function isReadForMore({ tables, host }: World, setter: Rule | undefined): boolean {
  const given = setter && markGiven(setter)
  if (!given) return false
  const isReader = (rule: Rule) =>
    !STOPS.has(verdictOf(rule).ending) &&
    rule.conditions.some((one) => {
      const asked = markAsked(one)
      return asked !== undefined && asked.value !== 0 && carries({ mark: given.value }, asked)
    })
  return (
    tables.some(({ chains }) => [...chains.values()].some(({ rules }) => rules.some(isReader))) ||
    host.routingRules?.some((one) => asksForMark(one, given.value)) === true
  )
}
