/** Map lookups: the rule asks first whether there is such an element, as the kernel does. */
import type { MapLookup } from '../../../model/statement.ts'
import type { AnonymousSet, Expression } from '../ast.ts'
import type { Lowering } from './context.ts'
import { hasEffect } from './effect.ts'
import { keyOf, place, setName } from './key.ts'

/** Undefined where the key is not understood. */
export function lowerMap(
  key: Expression,
  data: AnonymousSet | string,
  text: string,
  lowering: Lowering,
  isVerdicts = false,
): MapLookup | undefined {
  const fields = keyOf(key)
  if (!fields) return undefined
  for (const { layers } of fields.parts) lowering.need(layers, text)
  const lookup: MapLookup = {
    fields: fields.parts.map(({ field }) => field),
    set: setName(data),
    nft: place(data, fields, lowering, true),
  }
  // of data the rule needs to know which; of verdicts each may be tried, unless a statement before wrote what they hang on
  if (!isVerdicts || lowering.statements.some(hasEffect) || !hasAll(key, data))
    lowering.ask({ kind: 'lookup', ...lookup, text })
  return lookup
}

/** Chance and hashes give numbers below a bound: is there an element for each? */
function hasAll(key: Expression, data: AnonymousSet | string): boolean {
  if (typeof key !== 'object' || Array.isArray(key) || typeof data === 'string') return false
  const of = 'numgen' in key ? key.numgen : 'jhash' in key ? key.jhash : 'symhash' in key ? key.symhash : undefined
  if (!of) return false
  const ranges = data.set
    .map((member) => (Array.isArray(member) ? member[0] : undefined))
    .flatMap((one): [number, number][] => {
      if (typeof one === 'number') return [[one, one]]
      if (typeof one !== 'object' || Array.isArray(one) || !('range' in one)) return []
      return [[Number(one.range[0]), Number(one.range[1])]]
    })
    .sort(([a], [b]) => a - b)
  const from = of.offset ?? 0
  let next = from
  for (const [low, high] of ranges) if (low <= next && high >= next) next = high + 1
  return next >= from + of.mod
}

/** The map in an expression, if it is one. */
export const mapIn = (
  expression: Expression | undefined,
): { key: Expression; data: AnonymousSet | string } | undefined =>
  typeof expression === 'object' && !Array.isArray(expression) && 'map' in expression ? expression.map : undefined
