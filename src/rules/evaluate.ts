/** Conditions against one packet at one moment: true, false, or unknown with the reason. One evaluator for all. */
import type { Condition, Scalar, Value } from '../model/condition.ts'
import { memo } from '../model/memo.ts'
import { ABSENT, type EvalContext } from './eval-context.ts'
import { reader, readerUnder } from './facts.ts'
import { fieldType } from './fields.ts'
import { inSet } from './in-set.ts'
import { peculiar } from './nft/fields.ts'
import { inNftSet } from './nft/lookup.ts'
import { hasRoom } from './nft/update.ts'
import { all, any, isUnknown, not, type Truth, type Unknown, unknown } from './truth.ts'
import { comparison } from './values.ts'

export type Test = (moment: EvalContext) => Truth

// conditions never change once they are read, so each is prepared once
const testOf = memo<Condition, Test>(prepare)

export const evaluate = (condition: Condition, moment: EvalContext): Truth => testOf(condition)(moment)

/** All of a rule's conditions. */
export const evaluateAll = (conditions: readonly Condition[], moment: EvalContext): Truth =>
  all(testsOf(conditions), moment)

/** All of its conditions from one index to another. */
export function evaluateRange(conditions: readonly Condition[], from: number, to: number, moment: EvalContext): Truth {
  let open: Truth = true
  for (let i = from; i < to; i++) {
    const truth = evaluate(conditions[i]!, moment)
    if (truth === false) return false
    if (open === true) open = truth
  }
  return open
}

/** A rule's conditions as `all` asks them. */
export const testsOf = memo((conditions: readonly Condition[]): readonly Test[] => conditions.map(testOf))

function prepare(condition: Condition): Test {
  switch (condition.kind) {
    case 'compare':
      return compare(condition)
    case 'lookup': {
      const { set, fields, nft, differs = false } = condition
      if (nft) return (moment) => inNftSet({ set, fields, nft }, differs, moment)
      return (moment) => inSet(set, fields, moment)
    }
    case 'room':
      return (moment) => hasRoom(condition, moment)
    case 'not': {
      const of = testOf(condition.of)
      return (moment) => not(of(moment))
    }
    case 'all': {
      const parts = condition.of.map(testOf)
      return (moment) => all(parts, moment)
    }
    case 'any': {
      const parts = condition.of.map(testOf)
      return (moment) => any(parts, moment)
    }
    case 'unknown': {
      const { lasts } = condition
      const truth = unknown(condition.reason)
      if (!lasts || !('refills' in lasts)) return () => truth
      const length = reader('meta length')
      return (moment) => (isLonger(length(moment), lasts.bytes) ? false : truth)
    }
  }
}

/** Whatever came before, a limit has no room for it. */
const isLonger = (held: unknown, bytes: number): boolean => typeof held === 'number' && held > bytes

function compare({ field, op, value, mask, nft }: Condition & { kind: 'compare' }): Test {
  const read = readerUnder(field, typeof mask === 'number' ? mask : undefined)
  const holds = comparison(fieldType(field) ?? 'name', op, value, mask)
  const isEquality = op === '==' || op === '!='
  return (moment) => {
    const otherwise = nft ? peculiar(field, moment) : undefined
    if (otherwise === ABSENT) return false
    if (otherwise !== undefined) return isUnknown(otherwise) ? otherwise : holds(otherwise)
    const held = read(moment)
    // not even `!=` holds for a field that the packet does not have
    if (held === ABSENT) return false
    if (typeof held !== 'object' || !('unknown' in held)) return holds(held)
    if (held.bits && isEquality && differs(held.bits, value, mask)) return op === '!='
    return held.within ? amongAll(held, holds) : held
  }
}

/** More are not tried. */
const MOST_TRIED = 4096

/** It holds for all that the number may be, or for none; else it is not known. */
function amongAll(held: Unknown, holds: (held: number) => boolean): Truth {
  const [low, high] = held.within!
  if (high - low >= MOST_TRIED) return held
  const first = holds(low)
  for (let one = low + 1; one <= high; one++) if (holds(one) !== first) return held
  return first
}

/** Does one of the known bits that are asked for differ, whatever the others are? From a set: from each of its elements. */
function differs(bits: readonly (0 | 1 | undefined)[], value: Value, mask: Scalar | undefined): boolean {
  if (typeof value === 'object' && 'set' in value) return value.set.every((one) => differs(bits, one, mask))
  if (typeof value !== 'number' || (mask !== undefined && typeof mask !== 'number')) return false
  const bitOf = (number: number, at: number) => Math.floor(number / 2 ** (bits.length - 1 - at)) % 2
  return bits.some(
    (bit, at) => bit !== undefined && (mask === undefined || bitOf(mask, at) === 1) && bit !== bitOf(value, at),
  )
}

/** A condition in its rule's own words. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'not' && condition.text === undefined) return `! ${conditionText(condition.of)}`
  if (condition.text !== undefined) return condition.text
  switch (condition.kind) {
    case 'compare':
      return `${condition.field} ${condition.op} ${JSON.stringify(condition.value)}`
    case 'lookup':
      return `${condition.fields.join(' . ')} ${condition.differs ? 'not ' : ''}in ${condition.set ? `@${condition.set}` : 'a set'}`
    case 'room':
      return `room in @${condition.set}`
    case 'all':
      return condition.of.map(conditionText).join(' and ')
    case 'any':
      return condition.of.map(conditionText).join(' or ')
    default:
      return ''
  }
}
