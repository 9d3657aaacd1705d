/**
 * Rules that drop or reject what they name: an address, a port, the members of a set. What takes whatever is left, and a
 * deny behind an exception from it, are how a firewall is meant to be, and no bans.
 */
import { ipv4Number } from '../../journey/asked.ts'
import type { Condition, Scalar, Value } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { isPrivate } from './undeliverable.ts'

/** What a condition names of a packet; `else`: whatever else narrows a rule, such as a limit or a mark. */
type Side = 'src' | 'dst' | 'sport' | 'dport' | 'in' | 'out' | 'else'

/** How many values of each a rule names. */
type Names = ReadonlyMap<Side, number>

/** Of a set: narrow, if not as narrow as one value. */
const LISTED = 2

const SIDES: readonly [RegExp, Side][] = [
  [/saddr$/, 'src'],
  [/daddr$/, 'dst'],
  [/ (sport|proto-src)$/, 'sport'],
  [/ (dport|proto-dst)$|^icmp(v6)? type$/, 'dport'],
  [/^meta iif/, 'in'],
  [/^meta oif/, 'out'],
]

const sideOf = (field: string): Side | undefined => SIDES.find(([words]) => words.test(field))?.[1]

/** They narrow no rule to certain packets of a flow's. */
const NAMELESS = /^(meta (l4proto|nfproto|protocol)|ether type|ct (state|status|direction)|ip protocol|ip6 nexthdr)$/

export const namesOf = memo((rule: Rule): Names => {
  const names = new Map<Side, number>()
  for (const condition of rule.conditions)
    for (const [side, width] of namedBy(condition)) names.set(side, Math.min(width, names.get(side) ?? width))
  return names
})

function namedBy(condition: Condition): [Side, number][] {
  switch (condition.kind) {
    case 'compare': {
      const { field, op, value, mask } = condition
      if (NAMELESS.test(field)) return []
      const side = op === '==' && mask === undefined ? sideOf(field) : undefined
      return side ? [[side, widthOf(value)]] : [['else', 1]]
    }
    case 'lookup': {
      const { fields, differs, nft } = condition
      if (differs) return [['else', 1]]
      if (nft) return fields.filter((one) => !NAMELESS.test(one)).map((one) => [sideOf(one) ?? 'else', LISTED])
      // an ipset's first part is an address, but for rare types; the others mostly are ports
      return fields.map((one, i) => [i === 0 ? (one as Side) : one === 'src' ? 'sport' : 'dport', LISTED])
    }
    case 'all':
      return condition.of.flatMap(namedBy)
    default:
      return [['else', 1]]
  }
}

function widthOf(value: Value): number {
  if (typeof value !== 'object') return 1
  if ('set' in value) return value.set.reduce<number>((sum, one) => sum + widthOf(one), 0)
  if ('prefix' in value) return 2 ** ((value.prefix.includes(':') ? 128 : 32) - value.length)
  if ('wildcard' in value) return LISTED
  const [from, to] = value.range
  return numberOf(to) - numberOf(from) + 1
}

const numberOf = (one: Scalar): number => (typeof one === 'number' ? one : (ipv4Number(one) ?? 0))

export interface Ban {
  table: Table
  chain: Chain
  rule: Rule
}

interface Bans {
  /** By the one source that they are for. */
  bySource: Map<string, Ban[]>
  others: Ban[]
}

const ADDRESSED: readonly Side[] = ['src', 'dst', 'sport', 'dport']

const bansIn = memo((tables: World['tables']): Bans => {
  const bans: Bans = { bySource: new Map(), others: [] }
  for (const table of tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules) {
        const { ending, text } = verdictOf(rule)
        if (ending !== 'drop' && ending !== 'reject' && text !== 'vmap') continue
        const names = namesOf(rule)
        if (!ADDRESSED.some((side) => names.has(side))) continue
        const source = rule.conditions.map(oneSource).find((one) => one !== undefined)
        const list = source === undefined ? bans.others : (bans.bySource.get(source) ?? [])
        list.push({ table, chain, rule })
        if (source !== undefined) bans.bySource.set(source, list)
      }
  return bans
})

function oneSource(condition: Condition): string | undefined {
  if (condition.kind !== 'compare' || condition.op !== '==' || !/ saddr$/.test(condition.field)) return undefined
  const { value } = condition
  if (typeof value === 'string') return value
  return typeof value === 'object' && 'prefix' in value && widthOf(value) === 1 ? value.prefix : undefined
}

/** Those that name what one of these packets has. */
export function bansOn(world: World, packets: readonly EvalContext[]): Ban[] {
  const { bySource, others } = bansIn(world.tables)
  if (bySource.size + others.length === 0) return []
  const isNamed = ({ rule }: Ban) =>
    packets.some((moment) =>
      rule.conditions.every((one) => {
        const sides = namedBy(one)
        return !sides.some(([side]) => ADDRESSED.includes(side)) || evaluate(one, moment) === true
      }),
    )
  const sources = new Set(packets.map(({ packet }) => packet.src ?? ''))
  return [...[...sources].flatMap((source) => bySource.get(source) ?? []), ...others].filter(isNamed)
}

/**
 * Is the rule for this sender (or receiver)? Networks that anybody may have at home, and this host's own addresses, are
 * named by rules against spoofing and between networks.
 */
export function isAgainst(
  rule: Rule,
  side: 'src' | 'dst',
  { [side]: address }: Packet,
  { host, sets }: World,
): boolean {
  if (address === undefined || !namesOf(rule).has(side) || isLocal(address, host)) return false
  if (!isPrivate(address) && !SPECIAL.test(address)) return true
  return rule.conditions.some((one) => {
    if (one.kind === 'compare') return oneOf(one.value).includes(address)
    if (one.kind !== 'lookup') return false
    const elements = one.nft?.elements ?? sets.find(({ name }) => name === one.set)?.elements ?? []
    return elements.some(({ parts }) => parts.some((part) => part === address || part === `${address}/32`))
  })
}

/** Nobody's on the net: this network, loopback, link-local, groups. */
const SPECIAL = /^(0|127|22[4-9]|2[3-5]\d)\.|^169\.254\.|^fe[89ab]|^ff|^::1?$/

function oneOf(value: Value): (string | number)[] {
  if (typeof value !== 'object') return [value]
  if ('set' in value) return value.set.flatMap(oneOf)
  return 'prefix' in value && widthOf(value) === 1 ? [value.prefix] : []
}

/** Is the rule in front an exception from the ban, and the ban for the others? `against`: the ban is for this sender. */
export function isException(front: Rule, ban: Rule, against: boolean): boolean {
  const [narrow, wide] = [namesOf(front), namesOf(ban)]
  const has = (side: Side) => (narrow.get(side) ?? Number.POSITIVE_INFINITY) <= wide.get(side)!
  const sides = [...wide.keys()]
  const more = [...narrow.keys()].some((side) => !wide.has(side))
  // one value against the same: nothing is left for the ban
  if (sides.every(has)) return more || sides.some((side) => wide.get(side)! > 1)
  // a host or a list that is let in by name
  if (against) return (narrow.get('src') ?? Number.POSITIVE_INFINITY) <= LISTED
  // of two lists that overlap, the one in front is meant to be
  const overlap = sides.some((side) => narrow.has(side) && wide.get(side)! > 1)
  return more || overlap || isForConnections(front)
}

/** It accepts what goes on, or belongs to what goes on. */
export const isForConnections = ({ conditions }: Rule): boolean => conditions.some(asksEstablished)

const asksEstablished = (condition: Condition): boolean =>
  (condition.kind === 'compare' && condition.field === 'ct state' && oneOf(condition.value).includes('established')) ||
  (condition.kind === 'lookup' && condition.fields.includes('ct state'))
