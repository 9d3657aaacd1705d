import type { Condition } from '../model/condition.ts'

export type SimpleCondition = Exclude<Condition, { kind: 'not' | 'all' | 'any' }>

/** What a condition is made of, whichever way it is put together. */
export function simpleConditions(condition: Condition): readonly SimpleCondition[] {
  switch (condition.kind) {
    case 'not':
      return simpleConditions(condition.of)
    case 'all':
    case 'any':
      return condition.of.flatMap(simpleConditions)
    default:
      return [condition]
  }
}
