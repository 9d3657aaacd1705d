/** Conditions and statements in one form, so that two rules that mean the same are the same. */
import type { Allowance, Condition, Scalar, Value } from '../../../src/model/condition.ts'
import type { Statement } from '../../../src/model/statement.ts'

/** All conditions of a rule, without their words; in one order, for none of them changes anything. */
export const canonicalConditions = (conditions: readonly Condition[]): string[] =>
  [
    ...new Set(
      conditions
        .flatMap((one) => flat(condition(one)))
        .filter((one) => !asksOnlyForField(one))
        .map((one) => JSON.stringify(one)),
    ),
  ].sort()

/** nft reads a field before it counts by it or writes a part of it; iptables does nothing there to a packet without one. */
const asksOnlyForField = (one: Condition): boolean =>
  one.kind === 'compare' &&
  one.op === '!=' &&
  typeof one.value === 'object' &&
  'set' in one.value &&
  one.value.set.length === 0

const flat = (one: Condition): Condition[] => (one.kind === 'all' ? one.of.flatMap(flat) : [one])

function condition(one: Condition): Condition {
  switch (one.kind) {
    case 'compare':
      return compare(one)
    case 'not':
      return negated(condition(one.of))
    case 'all':
    case 'any': {
      const of = one.of.map(condition).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      return of.length === 1 ? of[0]! : { kind: one.kind, of }
    }
    case 'lookup':
    case 'room': {
      const { text: _, ...rest } = one
      return rest
    }
    case 'unknown': {
      // an allowance's words differ, and so does the unit it counts in
      const { reason } = one
      const lasts = sortedFields(one.lasts)
      return { kind: 'unknown', text: '', reason, ...(lasts ? { lasts } : {}) }
    }
  }
}

/** Whose names the table of counts has is left out. */
function sortedFields(lasts: Allowance | undefined): Allowance | undefined {
  if (!lasts || !('each' in lasts) || !lasts.each) return lasts
  const { nft: _, ...each } = lasts.each
  return { ...lasts, each: { ...each, fields: [...each.fields].sort() } }
}

/** What else a packet without such a field would do is asked by another condition: nft asks for the header first. */
function negated(of: Condition): Condition {
  if (of.kind === 'compare' && (of.op === '==' || of.op === '!='))
    return compare({ ...of, op: of.op === '==' ? '!=' : '==' })
  if (of.kind === 'not') return of.of
  return { kind: 'not', of }
}

function compare({ field, op, value, mask }: Condition & { kind: 'compare' }): Condition {
  const given = canonicalValue(value)
  // any bit of one is that bit
  if (typeof mask === 'number' && given === 0 && isOneBit(mask) && (op === '==' || op === '!='))
    return { kind: 'compare', field, op: op === '==' ? '!=' : '==', value: mask, mask }
  const isWhole = mask === 0xffffffff || mask === 255
  return { kind: 'compare', field, op, value: given, ...(mask === undefined || isWhole ? {} : { mask }) }
}

const isOneBit = (mask: number): boolean => mask > 0 && (mask & (mask - 1)) === 0

function canonicalValue(value: Value): Value {
  if (typeof value !== 'object') return value
  if ('set' in value) {
    const set = value.set.map(canonicalValue).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    return set.length === 1 ? set[0]! : { set }
  }
  if (!('range' in value)) return value
  const [low, high] = value.range as [Scalar, Scalar]
  return low === high ? low : value
}

/** Without what has no effect; a log's level and the like are not part of the model. */
export const canonicalStatements = (statements: readonly Statement[]): string[] =>
  statements.filter(({ kind }) => kind !== 'note').map((one) => JSON.stringify(sortKeys(statement(one))))

function statement(one: Statement): Statement {
  if ('flags' in one && one.flags) return { ...one, flags: [...one.flags].sort() }
  if (one.kind === 'stolen') return { ...one, by: one.by.toLowerCase() }
  if (one.kind === 'unknown') return { ...one, text: '' }
  if (one.kind !== 'set') return one
  const { mask, value, ...rest } = one
  const whole = typeof value === 'object' && value.mask === 0xffffffff ? { ...value, mask: undefined } : value
  return { ...rest, value: whole, ...(mask === undefined || mask === 0xffffffff ? {} : { mask }) } as Statement
}

const sortKeys = (object: object): object => Object.fromEntries(Object.entries(object).sort())
