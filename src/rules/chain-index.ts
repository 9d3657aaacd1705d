/**
 * Thousands of sibling rules that differ in an address or a port are found by look-up, not asked one by one: a rule
 * that wants another value than the packet has cannot match, whatever else it asks. What matches, and in which order,
 * stays the same.
 */
import { formatAddress, parseAddress } from '../model/address.ts'
import type { Condition, Scalar, Value } from '../model/condition.ts'
import { memo } from '../model/memo.ts'
import type { Rule } from '../model/ruleset.ts'
import { ABSENT, type EvalContext } from './eval-context.ts'
import { reader } from './facts.ts'
import { lasts } from './lasting.ts'
import { isUnknown } from './truth.ts'

/** Fields by which siblings differ. */
const FIELDS = ['ip daddr', 'ip saddr', 'ip6 daddr', 'ip6 saddr', 'tcp dport', 'udp dport', 'th dport'] as const
type Field = (typeof FIELDS)[number]

/** Shorter chains are walked as fast. */
const FEWEST = 16

export interface ChainIndex {
  /** The field by which the rules differ. */
  read: ReturnType<typeof reader>
  /** Indexes of the rules that want just this value, rising. */
  byValue: ReadonlyMap<Scalar, readonly number[]>
  /** Of those that want something else, or nothing, of the field. */
  others: readonly number[]
  /** How many rules there are. */
  count: number
}

/** Undefined where the rules are few, or do not differ so. */
export const indexOf = (rules: readonly Rule[]): ChainIndex | undefined =>
  rules.length < FEWEST ? undefined : indexes(rules)

// rules never change once they are read; a change makes a new list
const indexes = memo(makeIndex)

/** The index of the first rule at or behind `from` that may match; where there is none, one behind the last rule. */
export function nextIn({ read, byValue, others, count }: ChainIndex, from: number, moment: EvalContext): number {
  const held = read(moment)
  if (typeof held === 'object' && (isUnknown(held) || Array.isArray(held))) return from
  // nft may find something there all the same
  if (held === ABSENT && (moment.packet.fragOffset ?? 0) > 0) return from
  const same = held === ABSENT ? undefined : byValue.get(keyOf(held as Scalar))
  return Math.min(firstFrom(same, from, count), firstFrom(others, from, count))
}

function makeIndex(rules: readonly Rule[]): ChainIndex | undefined {
  const wanted = FIELDS.map((field) => ({ field, values: rules.map((rule) => valuesOf(rule, field)) }))
  const count = ({ values }: (typeof wanted)[number]) => values.filter((one) => one !== undefined).length
  const best = wanted.reduce((a, b) => (count(b) > count(a) ? b : a))
  if (count(best) < FEWEST / 2) return undefined
  const byValue = new Map<Scalar, number[]>()
  const others: number[] = []
  best.values.forEach((values, i) => {
    if (!values) others.push(i)
    for (const value of new Set(values)) {
      const siblings = byValue.get(value)
      if (siblings) siblings.push(i)
      else byValue.set(value, [i])
    }
  })
  return { read: reader(best.field), byValue, others, count: rules.length }
}

/** The values that alone match; undefined where the rule leaves the field open. */
function valuesOf(rule: Rule, field: Field): Scalar[] | undefined {
  const { conditions, statements, order } = rule
  // what stands behind a statement fails only once that is executed
  const first = order && statements.findIndex(({ kind }) => kind !== 'log' && kind !== 'note')
  for (const condition of conditions.slice(0, first === undefined ? undefined : order![first])) {
    const values = wantedBy(condition, field)
    if (values) return values
    // it counts what comes to it, also of packets that do not fit what stands behind it
    if (lasts(condition)) return undefined
  }
  return undefined
}

function wantedBy(condition: Condition, field: Field): Scalar[] | undefined {
  if (
    condition.kind !== 'compare' ||
    condition.field !== field ||
    condition.op !== '==' ||
    condition.mask !== undefined
  )
    return undefined
  return scalars(condition.value)
}

function scalars(value: Value): Scalar[] | undefined {
  if (typeof value !== 'object') return [keyOf(value)]
  if (!('set' in value)) return undefined
  const each = value.set.map(scalars)
  return each.every((one) => one !== undefined) ? each.flat() : undefined
}

/** One text for one address, however it is written. */
function keyOf(value: Scalar): Scalar {
  if (typeof value === 'number' || !value.includes(':')) return value
  const bytes = parseAddress(value)
  return bytes ? formatAddress(bytes) : value
}

function firstFrom(rising: readonly number[] | undefined, from: number, none: number): number {
  if (!rising) return none
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rising[middle]! < from) low = middle + 1
    else high = middle
  }
  return rising[low] ?? none
}
