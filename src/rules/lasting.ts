/** Conditions that hold for so much and no more: what comes to one is counted, also where it does not match in the end. */
import type { Condition } from '../model/condition.ts'
import { CONNECTIONS_OPEN, SEEN_LATELY } from './by-turns.ts'
import type { EvalContext } from './eval-context.ts'
import { evaluateAll } from './evaluate.ts'
import type { Unknown } from './truth.ts'

/** Also where it is inverted. */
export const lasts = (condition: Condition): boolean =>
  condition.kind === 'not' ? lasts(condition.of) : condition.kind === 'unknown' && condition.lasts !== undefined

/** Does it hold for the first packet that comes to it? Undefined: not known, or it does not count. */
function holdsUnused(condition: Condition): boolean | undefined {
  if (condition.kind === 'not') {
    const holds = holdsUnused(condition.of)
    return holds === undefined ? undefined : !holds
  }
  if (condition.kind !== 'unknown') return undefined
  // nobody has come so often
  if (condition.reason === SEEN_LATELY) return /--hitcount ([2-9]|\d\d)/.test(condition.text) ? false : undefined
  if (condition.reason === CONNECTIONS_OPEN && !condition.lasts)
    return /-upto [1-9]/.test(condition.text) || (/-above [1-9]/.test(condition.text) ? false : undefined)
  const { lasts } = condition
  if (!lasts || 'element' in lasts) return undefined
  return !(('over' in lasts && lasts.over) || ('behind' in lasts && lasts.behind))
}

/** Whether they hold for the first packet that comes to them. */
export function evaluateUnused(conditions: readonly Condition[], state: EvalContext): boolean | Unknown {
  const counting = conditions.filter((one) => holdsUnused(one) !== undefined)
  const truth = evaluateAll(
    conditions.filter((one) => !counting.includes(one)),
    state,
  )
  return truth !== false && counting.some((one) => holdsUnused(one) === false) ? false : truth
}
