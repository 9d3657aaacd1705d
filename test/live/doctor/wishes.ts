import { parseFilter } from '../../../src/filter/parse.ts'
import { ANY_PACKET, type Wish, wishOf } from '../../../src/live/doctor/wish.ts'

/** Of a filter as it is typed. */
export function wishFor(filter: string | undefined): Wish {
  if (filter === undefined) return ANY_PACKET
  const result = parseFilter(filter)
  if ('error' in result) throw new Error(result.error.message)
  return wishOf(filter, result.condition)
}
