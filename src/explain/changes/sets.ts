/** Elements that come into sets and maps, ipset's and nft's, and go. */
import type { NftEdit, SetEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { setFields, setParts } from '../../rules/ipset.ts'
import type { Expression } from '../../rules/nft/ast.ts'
import type { Context } from '../context.ts'
import { blockingRule } from '../counterfactual/blocked-members.ts'
import { forEachState, keyHeld, type Lookup, nftSetOf } from '../counterfactual/map-keys.ts'
import { givenVerdict } from './given-verdict.ts'
import type { Change } from './proposal.ts'

type Part = string | number

export function setOf(context: Pick<Context, 'world'>, lookup: Lookup): NamedSet | undefined {
  if (lookup.nft) return nftSetOf(context, lookup)
  return context.world.sets.find(({ name, table }) => name === lookup.set && table === undefined)
}

/** What of the packet the set is asked for, in the set's own words; undefined where a packet does not tell it. */
export function elementHeld(set: NamedSet, lookup: Lookup, moment: EvalContext): string | undefined {
  return lookup.nft ? keyHeld(lookup, moment)?.join(' . ') : ipsetElement(set, lookup.fields, moment)
}

/** As `ipset add` takes it; undefined for types whose elements a packet does not tell. */
function ipsetElement(set: NamedSet, directions: readonly string[], moment: EvalContext): string | undefined {
  const { family, packet } = moment
  if (family !== 'ip' && family !== 'ip6') return undefined
  const fields = setFields(set.type, directions, family)
  if (!fields) return undefined
  const parts = setParts(set.type)
  const words = fields.map((field, i) => {
    const value = held(field, moment)
    if (typeof value !== 'string' && typeof value !== 'number') return undefined
    if (parts[i] !== 'port' || set.type === 'bitmap:port') return String(value)
    return packet.protocol === undefined ? undefined : `${packet.protocol}:${value}`
  })
  return words.every((word) => word !== undefined) ? words.join(',') : undefined
}

/**
 * Undefined for a set whose members a rule drops. `gives`: what a map is to give for it; where that is not clear, there is
 * no such element.
 */
export function addElement(
  { world }: Pick<Context, 'world'>,
  lookup: Lookup,
  set: NamedSet,
  element: string,
  key: readonly Part[] | undefined,
  gives?: string,
): Change | undefined {
  const { nft, set: name } = lookup
  if (blockingRule(world, set)) return undefined
  if (!nft) return { edits: ipset('add', name, element), undo: ipset('del', name, element) }
  const data = gives === undefined ? undefined : dataOf(gives.split(' . '))
  if (!key || !nft.table || (set.dataType !== undefined && data === undefined)) return undefined
  const edit = elementEdit(nft.table, name)
  const keys = forEachState(set, lookup, key).map(inARow)
  return { edits: edit('add', ...keys.map((one) => pairOf(one, data))), undo: edit('delete', ...keys) }
}

/** Undefined where the set holds it as a part of something wider. */
export function removeElement(
  { nft, set: name }: Lookup,
  { elements }: NamedSet,
  element: string,
  key: readonly Part[] | undefined,
): Change | undefined {
  const has = elements.find(({ parts }) => parts.join(nft ? ' . ' : ',') === element)
  if (!has || has.nomatch) return undefined
  if (!nft) return { edits: ipset('del', name, element), undo: ipset('add', name, element, optionsOf(has)) }
  if (!key || !nft.table) return undefined
  const edit = elementEdit(nft.table, name)
  const { timeout, comment, data } = has
  const more = { ...(timeout === undefined ? {} : { timeout }), ...(comment === undefined ? {} : { comment }) }
  const val = inARow(key)
  const whole = Object.keys(more).length > 0 ? { elem: { val, ...more } } : val
  return { edits: edit('delete', val), undo: edit('add', pairOf(whole, data && dataOf(data))) }
}

const ipset = (op: 'add' | 'del', set: string, element: string, options?: Record<string, string>): SetEdit[] => [
  { kind: 'ipset', op, set, element, ...(options && Object.keys(options).length > 0 ? { options } : {}) },
]

const optionsOf = ({ timeout, comment }: SetElement): Record<string, string> => ({
  ...(timeout === undefined ? {} : { timeout: String(timeout) }),
  ...(comment === undefined ? {} : { comment }),
})

const elementEdit =
  ({ family, name: table }: { family: string; name: string }, name: string) =>
  (op: 'add' | 'delete', ...elem: unknown[]): NftEdit[] => [
    { kind: 'nft', op, object: { element: { family, table, name, elem } } },
  ]

const pairOf = (key: Expression, data: unknown): unknown => (data === undefined ? key : [key, data])

const dataOf = (words: readonly string[]): unknown =>
  (words.length === 1 ? givenVerdict(words[0]!) : undefined) ?? inARow(words.map(numbered))

const inARow = (parts: readonly Part[]): Expression => (parts.length === 1 ? parts[0]! : { concat: [...parts] })

const numbered = (word: string): Part => (/^\d+$/.test(word) ? Number(word) : word)
