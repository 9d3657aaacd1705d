/** Map lookups: the rule asks first whether there is such an element, as the kernel does. */
import type { MapLookup } from '../../../model/statement.ts'
import type { AnonymousSet, Expression } from '../ast.ts'
import type { Lowering } from './context.ts'
import { keyOf, place, setName } from './key.ts'

/** Undefined where the key is not understood. */
export function lowerMap(
  key: Expression,
  data: AnonymousSet | string,
  text: string,
  lowering: Lowering,
): MapLookup | undefined {
  const fields = keyOf(key)
  if (!fields) return undefined
  for (const { layers } of fields.parts) lowering.need(layers, text)
  const lookup: MapLookup = {
    fields: fields.parts.map(({ field }) => field),
    set: setName(data),
    nft: place(data, fields, lowering, true),
  }
  lowering.ask({ kind: 'lookup', ...lookup, text })
  return lookup
}

/** The map in an expression, if it is one. */
export const mapIn = (
  expression: Expression | undefined,
): { key: Expression; data: AnonymousSet | string } | undefined =>
  typeof expression === 'object' && !Array.isArray(expression) && 'map' in expression ? expression.map : undefined
