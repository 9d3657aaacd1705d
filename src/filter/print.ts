import type { Condition } from '../model/condition.ts'

/** A condition that parseFilter made, as a filter again. */
export function printFilter(condition: Condition): string {
  return print(condition, false)
}

function print(condition: Condition, inner: boolean): string {
  if (condition.text !== undefined) return condition.text
  switch (condition.kind) {
    case 'not':
      return `not ${print(condition.of, true)}`
    case 'all':
    case 'any': {
      const text = condition.of.map((one) => print(one, true)).join(condition.kind === 'all' ? ' and ' : ' or ')
      return inner && condition.of.length > 0 ? `(${text})` : text
    }
    default:
      return ''
  }
}
