/** Classes of journeys that are told of in the very same words, but for values of their own. */
import { nuancesOf } from '../explain/nuances.ts'
import type { Member } from '../model/member.ts'
import type { World } from '../model/world.ts'

/** Of one class; what comes after is told of by itself. */
export const MOST_KINDS = 1000

// no memo: of each only so many
const kinds = new WeakMap<object, Map<string, object>>()

/** The same, with what findings make of the values; undefined where too many differ in that. */
export function finer(member: Member, world: World): Member | undefined {
  let within = kinds.get(member.kind)
  if (!within) {
    within = new Map()
    kinds.set(member.kind, within)
  }
  const key = nuancesOf(world).of(member.names, member.values)
  let kind = within.get(key)
  if (!kind) {
    if (within.size >= MOST_KINDS) return undefined
    kind = {}
    within.set(key, kind)
  }
  return { ...member, kind }
}
