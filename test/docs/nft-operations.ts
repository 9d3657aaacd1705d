/** What nft makes of values: operators, and the shapes that the right side of a match may have. */
import type { Use } from './nft-samples.ts'

export const OPERATIONS: readonly (readonly [name: string, shape: string])[] = [
  ['`==`, and no operator', 'op =='],
  ['`!=`', 'op !='],
  ['`<`', 'op <'],
  ['`>`', 'op >'],
  ['`<=`', 'op <='],
  ['`>=`', 'op >='],
  ['any of some flags (`ct state new,established`)', 'op in'],
  ['`&`', '&'],
  ['`\\|`', '|'],
  ['`^`', '^'],
  ['`<<`', '<<'],
  ['`>>`', '>>'],
  ['prefix (`192.0.2.0/24`)', 'prefix'],
  ['range (`1-10`)', 'range'],
  ['set (`{ 22, 80 }`)', 'set'],
  ['named set (`@name`)', '@'],
  ['concatenation (`ip saddr . tcp dport`)', 'concat'],
  ['map (`tcp dport map { … }`)', 'map'],
  ['named map (`ip saddr map @name`)', 'map @'],
  ['beginning of a name (`"eth*"`)', 'wildcard'],
]

/** Operators alone are folded away where their operands are constants. */
export function shapesIn({ statement, kind }: Use): Set<string> {
  const shapes = new Set<string>()
  if (['match', 'vmap', 'mangle', 'dnat', 'snat', 'redirect'].includes(kind)) walk(Object.values(statement), shapes)
  return shapes
}

function walk(value: unknown, shapes: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('@')) shapes.add('@')
    if (/^\w+\*$/.test(value)) shapes.add('wildcard')
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, held] of Object.entries(value)) {
    if (key === 'op') shapes.add(`op ${held}`)
    else if (!Array.isArray(value)) {
      shapes.add(key)
      if (key === 'map' && typeof held === 'object' && typeof held.data === 'string') shapes.add('map @')
    }
    walk(held, shapes)
  }
}
