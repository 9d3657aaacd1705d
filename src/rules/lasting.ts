/** Conditions that hold for so much and no more: what comes to one is counted, also where it does not match in the end. */
import type { Condition } from '../model/condition.ts'

/** Also where it is inverted. */
export const lasts = (condition: Condition): boolean =>
  condition.kind === 'not' ? lasts(condition.of) : condition.kind === 'unknown' && condition.lasts !== undefined
