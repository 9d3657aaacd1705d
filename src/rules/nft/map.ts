/** What a map gives for a packet: a verdict, a number, addresses and ports. */
import { mappedInto } from '../../model/address.ts'
import type { NamedSet, Rule } from '../../model/ruleset.ts'
import type { MapLookup, Nat, Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { ABSENT, type EvalContext } from '../eval-context.ts'
import { isUnknown, type Unknown, unknown } from '../truth.ts'
import { findIn, named } from './lookup.ts'
import { SYMBOLS } from './symbols.ts'

/** The data's parts; undefined: there is no such element. */
export function mapped(map: MapLookup, moment: EvalContext): readonly string[] | undefined | Unknown {
  const found = findIn(map, moment)
  if (found === ABSENT || !found) return undefined
  if (isUnknown(found)) return found
  return found.data ?? unknown(`the value from map ${map.set} is not known`)
}

/** The verdict as a statement of its own; undefined: there is no such element, and the packet goes on to the next rule. */
export function mappedVerdict(map: MapLookup, moment: EvalContext): Statement | undefined | Unknown {
  const data = mapped(map, moment)
  if (!data || isUnknown(data)) return data
  return verdictStatement(data[0] ?? '') ?? unknown(`"${data[0]}" is no verdict`)
}

/** The verdicts that a map may give, each once. */
export function verdictsOf({ set, nft }: MapLookup, world: World): string[] {
  const elements = nft.elements ?? named(world, nft, set)?.elements ?? []
  return [...new Set(elements.flatMap(({ data }) => data?.[0] ?? []))]
}

/** That a rule's map gave this verdict, in words by which that can be assumed. */
export const choiceText = (rule: Rule, verdict: string): string => `${rule.text} → ${verdict}`

/** `accept`, `jump web` … */
export function verdictStatement(text: string): Statement | undefined {
  const [kind, chain = ''] = text.split(' ')
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind }
    case 'jump':
    case 'goto':
      return { kind, chain }
    case 'continue':
      return { kind: 'note', text: 'continue' }
    default:
      return undefined
  }
}

/** The chains that a rule may lead to; of a named map those of its elements, where `sets` has it. */
export function chainsOf(statements: readonly Statement[], sets: readonly NamedSet[] = []): string[] {
  const chains: string[] = []
  for (const one of statements) {
    if (one.kind === 'jump' || one.kind === 'goto') chains.push(one.chain)
    if (one.kind !== 'vmap') continue
    const { elements, table } = one.map.nft
    const named = sets.find(
      (set) => set.name === one.map.set && set.table === table?.name && set.family === table?.family,
    )
    for (const { data } of elements ?? named?.elements ?? []) {
      const verdict = verdictStatement(data?.[0] ?? '')
      if (verdict && 'chain' in verdict) chains.push(verdict.chain)
    }
  }
  return chains
}

/** An address, or whatever else a map of names gives. */
export function mappedText(map: MapLookup, moment: EvalContext): string | typeof ABSENT | Unknown {
  const data = mapped(map, moment)
  return data === undefined
    ? ABSENT
    : isUnknown(data)
      ? data
      : (data[0] ?? unknown(`the value from map ${map.set} is not known`))
}

export function mappedNumber(map: MapLookup, moment: EvalContext): number | typeof ABSENT | Unknown {
  const data = mapped(map, moment)
  if (data === undefined) return ABSENT
  if (isUnknown(data)) return data
  const number = Number(data[0])
  return Number.isNaN(number) ? (SYMBOLS.dscp?.[data[0] ?? ''] ?? unknown(`"${data[0]}" is no number`)) : number
}

/** NAT with the addresses and ports that its map gives; undefined: the map has no such element. */
export function mappedNat(nat: Nat, moment: EvalContext): Nat | undefined | Unknown {
  const { map, ...rest } = nat
  if (!map) return nat
  const data = mapped(map, moment)
  return !data || isUnknown(data) ? data : natGiven(rest, map, data)
}

function natGiven(nat: Nat, map: NonNullable<Nat['map']>, data: readonly string[]): Nat {
  const given: Nat = { ...nat }
  for (const [i, what] of map.gives.entries()) {
    const text = data[i]
    // a named map may give addresses alone
    if (text === undefined) break
    if (what === 'port') given.ports = rangeOf(text).map(Number) as [number, number]
    else if (text.includes('/') || nat.kind === 'netmap') given.network = networkOf(text)
    else given.addresses = rangeOf(text)
  }
  return given
}

/** Where nat sends the packet: as it is where it names no address; undefined: what its map gives is not known. */
export function sentTo(nat: Nat, moment: EvalContext): string | undefined {
  const given = mappedNat(nat, moment)
  const { dst } = moment.packet
  if (isUnknown(given)) return undefined
  if (given?.kind === 'netmap' && given.network && dst !== undefined) return mappedInto(given.network, dst)
  return given?.addresses?.[0] ?? dst
}

/** All that its map may give, in words, where what is chosen by is not known, as of `numgen` and `jhash`. */
export function natsAmong({ map, ...nat }: Nat, world: World): ReadonlyMap<string, Nat> {
  const elements = map ? (map.nft.elements ?? named(world, map.nft, map.set)?.elements ?? []) : []
  return new Map(
    elements.flatMap(({ data }) => (data ? [[`${nat.kind} to ${data.join(':')}`, natGiven(nat, map!, data)]] : [])),
  )
}

/** Their addresses; undefined: not all of them are known. */
export function sentAmong(nat: Nat, world: World): string[] | undefined {
  const all = [...natsAmong(nat, world).values()].map(({ addresses }) =>
    addresses?.[0] === addresses?.[1] ? addresses?.[0] : undefined,
  )
  return all.every((one) => one !== undefined) ? all : undefined
}

/** The same with the port, where nat gives one and no other. */
export function endSentTo(nat: Nat, moment: EvalContext): { dst: string; dport?: number } | undefined {
  const dst = sentTo(nat, moment)
  const [port, last] = nat.ports ?? []
  return dst === undefined ? undefined : { dst, ...(port !== undefined && port === last ? { dport: port } : {}) }
}

function rangeOf(text: string): [string, string] {
  const [low = '', high = low] = text.split('-')
  return [low, high]
}

function networkOf(text: string): { prefix: string; length: number } {
  const [prefix = '', length] = text.split('/')
  return { prefix, length: Number(length ?? (prefix.includes(':') ? 128 : 32)) }
}
