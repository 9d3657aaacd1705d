/** Which base chains a packet has yet to pass, of those that exist in the ruleset and in its family. */
import { type Hook, NEXT_HOOKS } from '../model/hook.ts'
import { memo } from '../model/memo.ts'
import type { Family } from '../model/packet.ts'
import type { Chain, RuleFamily, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'

export interface BaseChain {
  table: Table
  chain: Chain
  hook: Hook
  priority: number
}

/**
 * At one hook, in order. `nat`: does the packet pass nat chains (only a flow's first packet does)? Of chains with one
 * priority the kernel runs the last first (nf_hook_entries_grow, net/netfilter/core.c); nft lists tables as they were added.
 */
export function baseChainsAt(world: World, family: Family, hook: Hook, nat: boolean): readonly BaseChain[] {
  const known = listed(world.tables)
  const key = `${family} ${hook} ${nat}`
  let found = known.get(key)
  if (!found) {
    found = findAt(world.tables, family, hook, nat)
    known.set(key, found)
  }
  return found
}

const listed = memo((_: World['tables']) => new Map<string, readonly BaseChain[]>())

function findAt(tables: World['tables'], family: Family, hook: Hook, nat: boolean): BaseChain[] {
  const found: BaseChain[] = []
  for (const table of newestFirst(tables)) {
    if (table.family !== family && !(table.family === 'inet' && (family === 'ip' || family === 'ip6'))) continue
    for (const chain of basesOf(table).toReversed())
      if (chain.hook === hook && (nat || chain.type !== 'nat'))
        found.push({ table, chain, hook, priority: chain.priority ?? 0 })
  }
  return found.sort((a, b) => a.priority - b.priority)
}

/** Of nft's; when others came is not known, so they keep their places. */
const newestFirst = memo((tables: World['tables']): readonly Table[] => {
  const nft = tables.filter(({ kind }) => kind === 'nft')
  return tables.map((table) => (table.kind === 'nft' ? nft.pop()! : table))
})

/** Its chains that hang on a hook, among perhaps thousands of others. Those of a dormant table hang on none. */
export const basesOf = memo((table: Table): readonly Chain[] =>
  table.flags?.includes('dormant') ? [] : [...table.chains.values()].filter(({ hook }) => hook !== undefined),
)

/** Those that hang on a device, of all tables. */
const deviceChains = memo((tables: World['tables']) => {
  const at = (hook: Hook): BaseChain[] =>
    newestFirst(tables)
      .flatMap((table) =>
        basesOf(table)
          .filter((chain) => chain.hook === hook)
          .map((chain) => ({ table, chain, hook, priority: chain.priority ?? 0 }))
          .reverse(),
      )
      .sort((a, b) => a.priority - b.priority)
  return { ingress: at('ingress'), egress: at('egress') }
})

/** At a device's ingress or egress, in order. */
export const deviceChainsAt = (world: World, hook: 'ingress' | 'egress'): readonly BaseChain[] =>
  deviceChains(world.tables)[hook]

/** A chain's devices are names, or beginnings of names. */
export const hangsOn = (devices: readonly string[], device: string): boolean =>
  devices.some((one) => one === device || (one.endsWith('*') && device.startsWith(one.slice(0, -1))))

/** The next one at the same hook, behind `priority`. */
export const nextAtHook = (
  world: World,
  family: Family,
  hook: Hook,
  priority: number,
  nat: boolean,
): BaseChain | undefined => baseChainsAt(world, family, hook, nat).find((base) => base.priority > priority)

/** The first one behind `hook`, on the way to this host (`local`) or through it. */
export function nextBehindHook(
  world: World,
  family: Family,
  hook: Hook,
  nat: boolean,
  local: boolean,
): BaseChain | undefined {
  for (const next of NEXT_HOOKS[hook]) {
    if (hook === 'postrouting' || (hook === 'prerouting' && (next === 'input') !== local)) continue
    return baseChainsAt(world, family, next, nat)[0] ?? nextBehindHook(world, family, next, nat, local)
  }
  return undefined
}

/**
 * iptables-nft makes a built-in chain when a rule is put into it, and lists those of the table that nobody has made as
 * well, as empty ones (`:INPUT ACCEPT [0:0]`). What nft lists is there. What no listing shows may be, or not.
 */
export const mayBeAbsent = ({ kind, backend, unlisted }: Table, { handle, rules, policy, counters }: Chain): boolean =>
  unlisted === true ||
  (kind === 'iptables' &&
    backend === 'nft' &&
    handle === undefined &&
    rules.length === 0 &&
    policy !== 'drop' &&
    (counters?.packets ?? 0) === 0)

/** Without the base chains of which nobody knows whether they are there. */
export const withoutMaybes = memo((world: World): World => {
  const isThere = (table: Table, chain: Chain) => chain.hook === undefined || !mayBeAbsent(table, chain)
  const tables = world.tables.map((table) =>
    [...table.chains.values()].every((chain) => isThere(table, chain))
      ? table
      : { ...table, chains: new Map([...table.chains].filter(([, chain]) => isThere(table, chain))) },
  )
  return { ...world, tables }
})

const familiesWithNat = memo((tables: World['tables']): ReadonlySet<RuleFamily> => {
  const rewriting = tables.filter((table) => [...table.chains.values()].some(({ type }) => type === 'nat'))
  return new Set([...rewriting, ...tables.filter(({ name }) => name === 'nat')].map((table) => table.family))
})

/** Does any chain rewrite addresses of this family? */
export function hasNatChains({ tables }: World, family: Family): boolean {
  const families = familiesWithNat(tables)
  return families.has(family) || (families.has('inet') && (family === 'ip' || family === 'ip6'))
}

/** Is there for certain a chain at that hook that a flow's first packet traverses to be rewritten? */
export const hasNatAt = (world: World, family: Family, hook: Hook): boolean =>
  baseChainsAt(world, family, hook, true).some(
    ({ table, chain }) =>
      (chain.type === undefined ? table.name === 'nat' : chain.type === 'nat') && !mayBeAbsent(table, chain),
  )
