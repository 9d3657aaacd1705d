/** One-to-one NAT has two halves: who reads the one knows what the other should say. */
import type { Condition } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { Nat } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { fieldOf } from './failed-condition.ts'
import { isNatStatement } from './rewritten.ts'

export interface Pair {
  /** The inner host. */
  host: string
  /** The rule that pairs them: it gives the host's packets the address for a source, or sends there what is for the address. */
  rule: Rule
  chain: Chain
  table: Table
}

/** The one host that rules other than `but` pair with the address; undefined where there is none, or more than one. */
export function pairedHost(world: World, address: string | undefined, but?: Rule): Pair | undefined {
  const pairs = (address === undefined ? undefined : pairsOf(world).get(address))?.filter(({ rule }) => rule !== but)
  return new Set(pairs?.map(({ host }) => host)).size === 1 ? pairs![0] : undefined
}

/** Does the rule send whatever it takes to the host that is paired with the address? */
export function sendsToPaired(world: World, { statements }: Rule, address: string | undefined): boolean {
  const to = statements.find(({ kind }) => kind === 'dnat')
  const host = isNatStatement(to) ? soleAddress(to) : undefined
  return host !== undefined && pairedHost(world, address)?.host === host
}

/** By the outer address. */
const pairsOf = memo((world: World): ReadonlyMap<string, readonly Pair[]> => {
  const found = new Map<string, Pair[]>()
  for (const table of world.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules)
        for (const [address, host] of pairsIn(rule)) {
          const pair = { host, rule, chain, table }
          found.set(address, [...(found.get(address) ?? []), pair])
        }
  return found
})

function* pairsIn({ conditions, statements }: Rule): Generator<[address: string, host: string]> {
  for (const one of statements) {
    if (!isNatStatement(one)) continue
    const given = soleAddress(one)
    // one service's rule pairs nothing: another service may have another host
    if (given === undefined || !asksNoService(conditions)) continue
    if (one.kind === 'snat') {
      const host = hostAsked(conditions, / saddr$/)
      if (host !== undefined) yield [given, host]
    }
    if (one.kind === 'dnat') {
      const address = hostAsked(conditions, / daddr$/)
      if (address !== undefined) yield [address, given]
    }
  }
}

/** Undefined where ports are given as well, or one of several addresses. */
function soleAddress({ addresses, ports, map }: Nat): string | undefined {
  return addresses && !ports && !map && addresses[0] === addresses[1] ? addresses[0] : undefined
}

/** It chooses by addresses and interfaces alone: nothing is left to chance, either. */
export const asksNoService = (conditions: readonly Condition[]): boolean =>
  conditions.every((one) => /addr$|^meta [io]ifname$/.test(fieldOf(one) ?? ''))

/** The single host that the conditions ask for. */
function hostAsked(conditions: readonly Condition[], field: RegExp): string | undefined {
  for (const one of conditions) if (one.kind === 'compare' && field.test(one.field)) return hostOf(one)
  return undefined
}

/** One host, not a network. */
export function hostOf({ op, value }: Condition & { kind: 'compare' }): string | undefined {
  if (op !== '==') return undefined
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || !('prefix' in value)) return undefined
  return value.length === (value.prefix.includes(':') ? 128 : 32) ? value.prefix : undefined
}
