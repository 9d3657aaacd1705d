/** What rules put into sets and maps, and take out of them (net/netfilter/nft_dynset.c). */
import type { Bits, Condition, Scalar } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { MapData, Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { ABSENT, type EvalContext } from '../eval-context.ts'
import { reader } from '../facts.ts'
import { isUnknown, type Truth, type Unknown, unknown } from '../truth.ts'
import type { Held } from '../values.ts'
import { peculiar } from './fields.ts'
import { counting, findIn, type Lookup, masked, named, ownAllowance } from './lookup.ts'

type Update = Statement & { kind: 'update-set' } & Lookup

/** A set with more elements is not kept up to date: every change makes a new one. */
const MOST_KEPT = 1000
/** As many as a set that rules fill takes where its size is not listed. */
export const MOST = 65535

/** Is the packet in the set already, or does the set take one more? Where it takes none, the rule ends here. */
export function hasRoom(lookup: Omit<Condition & { kind: 'room' }, 'kind'>, moment: EvalContext): Truth {
  const set = named(moment.world, lookup.nft, lookup.set)
  const found = findIn(lookup, moment, true)
  if (found === ABSENT || (lookup.data && partsAt({ ...lookup.data, nft: lookup.data }, moment) === ABSENT))
    return false
  if (lookup.deletes) return true
  if (!isUnknown(found) && !lookup.counts) {
    const own = found ? ownAllowance(lookup, found) : newAllowance(lookup, set, moment)
    if (own) return own
  }
  // of a set that is not listed nobody knows that it is full
  const most = set?.most ?? MOST
  if (!set || set.elements.length + (set.gone ?? 0) < most) return true
  if (isUnknown(found)) return found
  if (found) return true
  if (set.elements.length < most)
    return unknown(`set ${set.name} was full; it is unknown whether the kernel had freed the deleted elements`)
  if (set.elements.some(({ timeout, expires }) => timeout !== undefined || expires !== undefined) || set.timeout)
    return unknown(`set ${set.name} is full; it is unknown whether an element has expired`)
  return false
}

/** What the set's own statements allow of an element that it takes. */
function newAllowance(lookup: Lookup, set: NamedSet | undefined, moment: EvalContext): Unknown | undefined {
  if (!set?.statements || set.elements.length >= (set.most ?? MOST)) return undefined
  const parts = partsAt(lookup, moment)
  return Array.isArray(parts) ? ownAllowance(lookup, { parts, carries: set.statements }) : undefined
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
  const parts = partsAt(update, moment)
  const data = update.data && dataOf(update.data, moment)
  if (parts === ABSENT || isUnknown(parts) || isUnknown(data)) return undefined
  const timeout = update.timeout ?? set.timeout
  const carries = update.carries ?? set.statements
  const element: SetElement = {
    parts,
    ...(data ? { data } : {}),
    ...(timeout ? { timeout } : {}),
    ...(carries ? { carries } : {}),
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

/** What the packet has for each field, as an element of the set would have it. */
export function partsAt({ fields, nft }: Omit<Lookup, 'set'>, moment: EvalContext): string[] | typeof ABSENT | Unknown {
  const parts: string[] = []
  for (const [i, field] of fields.entries()) {
    const part = partOf(field, nft.constants?.[i], nft.masks?.[i], moment)
    if (typeof part !== 'string') return part
    parts.push(part)
  }
  return parts
}

/** What the element that the packet has in the set allows; undefined: it has none, or one that allows everything. */
export function allowanceIn(lookup: Lookup, moment: EvalContext): Unknown | undefined {
  const parts = partsAt(lookup, moment)
  if (isUnknown(parts)) return parts
  const found = findIn(lookup, moment, true)
  if (isUnknown(found)) return found
  return found && found !== ABSENT ? ownAllowance(lookup, found) : undefined
}

/** Does an element of these sets count what comes to it? */
export const haveCounting = memo((sets: World['sets']): boolean =>
  sets.some(
    ({ elements, statements }) =>
      counting(statements).length > 0 || elements.some(({ carries }) => counting(carries).length > 0),
  ),
)

function partOf(
  field: string,
  constant: Scalar | null | undefined,
  mask: Scalar | Bits | null | undefined,
  moment: EvalContext,
): string | typeof ABSENT | Unknown {
  if (constant !== null && constant !== undefined) return String(constant)
  const held = peculiar(field, moment) ?? reader(field)(moment)
  if (held === ABSENT || isUnknown(held)) return held
  return textOf(masked(held, mask))
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
