/** A mark for which one rule drops, and which others read as well: whoever sets it means more than the drop. */
import type { Rule } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { markAsked, markGiven } from './marks.ts'

const STOPS: ReadonlySet<string> = new Set(['drop', 'reject'])

interface Bits {
  value: number
  mask: number
}

/** Does a rule that stops nothing read the mark that this one sets, as one that masquerades by it, or a routing rule? */
export function isReadForMore({ tables, host }: World, setter: Rule | undefined): boolean {
  const given = setter && markGiven(setter)
  if (!given) return false
  const isGiven = ({ value, mask }: Bits) => value !== 0 && ((value ^ given.value) & mask) === 0
  const isReader = (rule: Rule) =>
    !STOPS.has(verdictOf(rule).ending) &&
    rule.conditions.some((one) => {
      const asked = markAsked(one)
      return asked !== undefined && isGiven(asked)
    })
  return (
    tables.some(({ chains }) => [...chains.values()].some(({ rules }) => rules.some(isReader))) ||
    host.routingRules?.some(({ mark = 0, markMask = -1 }) => isGiven({ value: mark, mask: markMask })) === true
  )
}
