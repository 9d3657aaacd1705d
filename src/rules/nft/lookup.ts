/** Is a packet in an nft set or map, and what does the map give? (net/netfilter/nft_lookup.c, nft_objref.c) */
import { formatAddress } from '../../model/address.ts'
import type { Bits, NftSet, Scalar } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { World } from '../../model/world.ts'
import { ABSENT, type EvalContext } from '../eval-context.ts'
import { reader } from '../facts.ts'
import { isUnknown, type Truth, type Unknown, unknown } from '../truth.ts'
import { addressBytes, type Held } from '../values.ts'
import { peculiar } from './fields.ts'
import { candidates, findElement, setIndex } from './set-index.ts'

export interface Lookup {
  fields: readonly string[]
  set: string
  nft: NftSet
}

/**
 * The element; undefined: there is none; ABSENT: the packet has no such field, whatever is asked. `surely`: it has to be
 * known that the packet has every field.
 */
export function findIn(
  { fields, set, nft }: Lookup,
  moment: EvalContext,
  surely = false,
): SetElement | undefined | typeof ABSENT | Unknown {
  const of = nft.elements ? undefined : named(moment.world, nft, set)
  let open: Unknown | undefined
  const values: (Held | undefined)[] = []
  for (const [i, field] of fields.entries()) {
    const held = nft.constants?.[i] ?? peculiar(field, moment) ?? reader(field)(moment)
    if (held === ABSENT) return ABSENT
    if (isUnknown(held)) open ??= held
    values.push(isUnknown(held) ? undefined : masked(held, nft.masks?.[i]))
  }
  const elements = nft.elements ?? of?.elements
  if (!elements) return unknown(`the elements of set ${set} are not known`)
  const index = setIndex(elements, fields, of?.type.split(' . '))
  if (!open) return findElement(index, values as Held[])
  if (open.within && fields.length === 1) return amongAll(index, open, nft.masks?.[0])
  return surely || candidates(index, values).length > 0 ? open : undefined
}

/** More are not looked for. */
const MOST_TRIED = 4096

/** The one element of all that the number may be, or one that gives the same. */
function amongAll(index: ReturnType<typeof setIndex>, open: Unknown, mask: Mask): SetElement | undefined | Unknown {
  const [low, high] = open.within!
  if (high - low >= MOST_TRIED) return open
  const found: (SetElement | undefined)[] = []
  for (let one = low; one <= high; one++) found.push(findElement(index, [masked(one, mask)]))
  if (found.every((one) => one === undefined)) return undefined
  if (!found.every((one) => one !== undefined)) return open
  const same = found.every(({ data, carries }) => !carries && data?.join() === found[0]!.data?.join())
  return same ? found[0] : { ...open, found: true }
}

/** `differs`: whether it is in no element. */
export function inNftSet(lookup: Lookup, differs: boolean, moment: EvalContext): Truth {
  const found = findIn(lookup, moment, differs)
  if (found === ABSENT) return false
  if (isUnknown(found)) return found.found ? !differs : found
  if (!found) return differs
  if (differs) return false
  // the element's own limit may say no
  return ownAllowance(lookup, found) ?? true
}

const COUNTS = ['limit', 'quota', 'ct count']

export const counting = (carries: readonly object[] = []): object[] =>
  carries.filter((one) => COUNTS.includes(Object.keys(one)[0] ?? ''))

/** Undefined: it allows everything. */
export function ownAllowance({ set, nft }: Lookup, { parts, carries }: SetElement): Unknown | undefined {
  const own = counting(carries)
  if (own.length === 0) return undefined
  const { family, name } = nft.table ?? { family: '', name: '' }
  return {
    ...unknown(`the matching element of set ${set} has its own ${Object.keys(own[0]!)[0]}`),
    element: { key: `${family} ${name} ${set} ${parts.join(' . ')}`, carries: own },
  }
}

type Mask = Scalar | Bits | null | undefined

export function masked(held: Held, mask: Mask): Held {
  if (mask === null || mask === undefined) return held
  if (typeof mask === 'object') {
    const shifted = mask.shift < 0 ? Number(held) >>> -mask.shift : Number(held) << mask.shift
    return ((shifted & mask.and) ^ mask.xor) >>> 0
  }
  if (typeof mask === 'number') return (Number(held) & mask) >>> 0
  const [value, bits] = [addressBytes(String(held)), addressBytes(mask)]
  return value && bits?.length === value.length ? formatAddress(value.map((byte, i) => byte & bits[i]!)) : held
}

const byName = memo(
  (sets: World['sets']): ReadonlyMap<string, NamedSet> =>
    new Map(sets.map((set) => [keyOf(set.family, set.table, set.name), set])),
)

/** The set of the rule's table. */
export const named = ({ sets }: World, { table }: NftSet, name: string): NamedSet | undefined =>
  table && byName(sets).get(keyOf(table.family, table.name, name))

const keyOf = (family = '', table = '', name = ''): string => `${family} ${table} ${name}`
