/** A map of nft's that is asked by a number which nft makes (a hash, chance, turns), and has no element for each of them. */
import { named } from '../../rules/nft/lookup.ts'
import type { Context } from '../context.ts'
import type { FailedCondition } from './failed-condition.ts'
import { lookupOf } from './map-keys.ts'

export interface MissingNumbers {
  /** What the map lacks, in order. */
  missing: readonly number[]
  /** `jhash`, `numgen inc` … */
  kind: string
  /** How many numbers there are. */
  count: number
  /** With so many numbers the map would have them all; undefined where others are missing than the last. */
  enough?: number
}

const MADE = /^(numgen inc|numgen random|symhash|jhash)\b.* mod (\d+)(?: seed \d+)?(?: offset (\d+))?$/

/** More are not counted. */
const MOST = 1000

/** Undefined where none is missing. */
export function missingNumbers({ world }: Context, { condition }: FailedCondition): MissingNumbers | undefined {
  const lookup = condition.kind === 'lookup' ? lookupOf(condition) : undefined
  const [, kind, modulus, first = '0'] = MADE.exec(lookup?.fields.join() ?? '') ?? []
  const [count, offset] = [Number(modulus), Number(first)]
  if (!lookup?.nft || kind === undefined || !(count <= MOST)) return undefined
  const ranges = (lookup.nft.elements ?? named(world, lookup.nft, lookup.set)?.elements)?.map(({ parts }) =>
    rangeOf(parts[0]),
  )
  if (!ranges?.every((one) => one !== undefined)) return undefined
  const has = (number: number) => ranges.some(([low, high]) => low <= number && number <= high)
  const missing = Array.from({ length: count }, (_, i) => offset + i).filter((one) => !has(one))
  if (missing.length === 0) return undefined
  const isTail = missing[0] === offset + count - missing.length && missing.length < count
  return { missing, kind, count, ...(isTail ? { enough: count - missing.length } : {}) }
}

function rangeOf(part: string | undefined): [number, number] | undefined {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(part ?? '') ?? []
  return low === undefined ? undefined : [Number(low), Number(high)]
}

/** Goes on after "but": `its map has no element for 2, and jhash … mod 3 gives 0 to 2`. */
export function missingWords({ missing, kind, count }: MissingNumbers, map?: string): string {
  const shown = missing.slice(0, 5).join(', ')
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
  return `${map === undefined ? 'its map' : `map ${map}`} has no element for ${shown}${more}, which ${kind} (mod ${count}) can give`
}
