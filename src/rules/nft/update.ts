/** What rules put into sets and maps, and take out of them (net/netfilter/nft_dynset.c). */
import type { Scalar } from '../../model/condition.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { MapData, Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { ABSENT, type EvalContext } from '../eval-context.ts'
import { reader } from '../facts.ts'
import { isUnknown, type Truth, type Unknown, unknown } from '../truth.ts'
import type { Held } from '../values.ts'
import { peculiar } from './fields.ts'
import { findIn, type Lookup, masked, named } from './lookup.ts'

type Update = Statement & { kind: 'update-set' } & Lookup

/** A set with more elements is not kept up to date: every change makes a new one. */
const MOST_KEPT = 1000
/** As many as a set that rules fill takes where its size is not listed. */
const MOST = 65535

/** Is the packet in the set already, or does the set take one more? Where it takes none, the rule ends here. */
export function hasRoom(lookup: Lookup, moment: EvalContext): Truth {
  const set = named(moment.world, lookup.nft, lookup.set)
  const found = findIn(lookup, moment, true)
  if (found === ABSENT) return false
  // of a set that is not listed nobody knows that it is full
  const most = set?.most ?? MOST
  if (!set || set.elements.length + (set.gone ?? 0) < most) return true
  if (isUnknown(found)) return found
  if (found) return true
  if (set.elements.length < most)
    return unknown(`set ${set.name} was full, and whether the kernel has collected what rules deleted is not known`)
  if (set.elements.some(({ timeout, expires }) => timeout !== undefined || expires !== undefined) || set.timeout)
    return unknown(`set ${set.name} is full, and whether an element of it has expired by now is not known`)
  return false
}

/** The world with the set as the statement leaves it; undefined: what the set holds then is not known. */
export function updated(update: Update, moment: EvalContext): World | undefined {
  const { world } = moment
  const set = named(world, update.nft, update.set)
  const found = set && findIn(update, moment, true)
  if (!set || isUnknown(found)) return undefined
  // the packet has no such field
  if (found === ABSENT) return world
  if (update.op === 'delete') {
    if (!found) return world
    const others = set.elements.filter((one) => one !== found)
    return withElements(world, { ...set, gone: (set.gone ?? 0) + 1 }, others)
  }
  if (found || set.elements.length >= (set.most ?? MOST)) return world
  if (set.elements.length >= MOST_KEPT) return undefined
  const parts = update.fields.map((field, i) => partOf(field, update.nft.constants?.[i], update.nft.masks?.[i], moment))
  const data = update.data && dataOf(update.data, moment)
  if (parts.some((part) => typeof part !== 'string') || isUnknown(data)) return undefined
  const timeout = update.timeout ?? set.timeout
  const element: SetElement = {
    parts: parts as string[],
    ...(data ? { data } : {}),
    ...(timeout ? { timeout } : {}),
  }
  return withElements(world, set, [...set.elements, element])
}

const withElements = (world: World, set: NamedSet, elements: SetElement[]): World => ({
  ...world,
  sets: world.sets.map((one) => (one.elements === set.elements ? { ...set, elements } : one)),
})

/** Without it: nobody knows what it holds. */
export const withoutSet = (world: World, { set, nft }: Update | { set: string; nft?: Lookup['nft'] }): World => ({
  ...world,
  sets: world.sets.filter(
    (one) => one.name !== set || one.table !== nft?.table?.name || (nft?.table && one.family !== nft.table.family),
  ),
})

function partOf(
  field: string,
  constant: Scalar | null | undefined,
  mask: Scalar | null | undefined,
  moment: EvalContext,
): string | typeof ABSENT | Unknown {
  if (constant !== null && constant !== undefined) return String(constant)
  const held = peculiar(field, moment) ?? reader(field)(moment)
  if (held === ABSENT || isUnknown(held)) return held
  return textOf(mask === null || mask === undefined ? held : masked(held, mask))
}

const textOf = (held: Held): string => (typeof held === 'object' ? held.join(',') : String(held))

function dataOf({ fields, constants }: MapData, moment: EvalContext): string[] | Unknown {
  const data: string[] = []
  for (const [i, field] of fields.entries()) {
    const part = partOf(field, constants?.[i], undefined, moment)
    if (typeof part !== 'string') return isUnknown(part) ? part : unknown(`the packet has no ${field}`)
    data.push(part)
  }
  return data
}
