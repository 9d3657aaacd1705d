/** Conditions against one packet at one moment: true, false, or unknown with the reason. One evaluator for all. */
import type { Condition } from '../model/condition.ts'
import { ABSENT, held, type Moment } from './facts.ts'
import { FIELDS } from './fields.ts'
import { inSet } from './in-set.ts'
import { all, any, not, type Truth, unknown } from './truth.ts'
import { compare } from './values.ts'

export function evaluate(condition: Condition, moment: Moment): Truth {
  switch (condition.kind) {
    case 'compare': {
      const value = held(condition.field, moment)
      // not even `!=` holds for a field that the packet does not have
      if (value === ABSENT) return false
      if (typeof value === 'object' && 'unknown' in value) return value
      return compare(FIELDS[condition.field] ?? 'name', value as never, condition.op, condition.value, condition.mask)
    }
    case 'lookup':
      return inSet(condition.set, condition.fields, moment)
    case 'not':
      return not(evaluate(condition.of, moment))
    case 'all':
      return all(condition.of, (one) => evaluate(one, moment))
    case 'any':
      return any(condition.of, (one) => evaluate(one, moment))
    case 'unknown':
      return unknown(condition.reason)
  }
}

/** All of a rule's conditions. */
export const evaluateAll = (conditions: readonly Condition[], moment: Moment): Truth =>
  all(conditions, (condition) => evaluate(condition, moment))

/** A condition in its rule's own words. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'not' && condition.text === undefined) return `! ${conditionText(condition.of)}`
  if (condition.text !== undefined) return condition.text
  switch (condition.kind) {
    case 'compare':
      return `${condition.field} ${condition.op} ${JSON.stringify(condition.value)}`
    case 'lookup':
      return `${condition.fields.join(' . ')} in @${condition.set}`
    case 'all':
      return condition.of.map(conditionText).join(' and ')
    case 'any':
      return condition.of.map(conditionText).join(' or ')
    default:
      return ''
  }
}
