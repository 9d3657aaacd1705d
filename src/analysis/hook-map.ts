/**
 * The hooks in the order in which a packet meets them, with what hangs on each: base chains of all tables at their
 * priorities, connection tracking and defragmentation between them; and where a listing does not tell the order.
 */

import { decides } from '../journey/backends.ts'
import { HOOKS, type Hook } from '../model/hook.ts'
import { withoutOwn } from '../model/own-table.ts'
import type { Chain, Flowtable, RuleFamily, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { usesConntrack } from '../rules/uses-conntrack.ts'

/** Which chains a packet meets, hook by hook. */
export interface HookMap {
  /** One for each way that packets go: through IP, through a bridge, ARP, a device. */
  ways: { way: Way; hooks: HookPlace[] }[]
  /** What cannot be told from rules alone. */
  ambiguous: Ambiguous[]
  /** Tables that hang on nothing: nft's `dormant` ones. */
  dormant: Table[]
  /** Connections in these pass no hook but ingress. */
  flowtables: { table: Table; flowtable: Flowtable }[]
}

/** What passes a hook: IP packets, bridged frames, ARP, or all frames of a device. */
export type Way = 'ip' | 'bridge' | 'arp' | 'netdev'

export interface HookPlace {
  hook: Hook
  /** In order. */
  entries: HookEntry[]
}

/** A chain at its priority, or one of the kernel's own steps. */
export type HookEntry =
  | { kind: 'chain'; priority: number; table: Table; chain: Chain }
  /** What the kernel does there by itself, while rules ask for it. */
  | { kind: 'core'; priority: number; does: 'defragmentation' | 'connection tracking'; families: ('ip' | 'ip6')[] }

/** Base chains of one hook and priority: the one that was registered last comes first, and no listing tells which that is. */
export interface Ambiguous {
  hook: Hook
  priority: number
  chains: { table: Table; chain: Chain }[]
}

const WAYS: Readonly<Record<RuleFamily, Way>> = {
  ip: 'ip',
  ip6: 'ip',
  inet: 'ip',
  bridge: 'bridge',
  arp: 'arp',
  netdev: 'netdev',
}
/** As the kernel hangs them (nf_defrag_ipv4.c, nf_conntrack_proto.c). */
const CORE = [
  { priority: -400, does: 'defragmentation' },
  { priority: -200, does: 'connection tracking' },
] as const

/** Without what trace sessions put there. */
export function mapHooks(all: World): HookMap {
  const world = withoutOwn(all)
  const dormant = world.tables.filter((table) => table.flags?.includes('dormant'))
  const ways = (['netdev', 'bridge', 'arp', 'ip'] as const).flatMap((way) => {
    const tables = world.tables.filter((table) => WAYS[table.family] === way && !dormant.includes(table))
    const hooks = HOOKS.flatMap((hook) => {
      const entries = entriesAt(hook, tables, way === 'ip' ? world : undefined)
      return entries.length === 0 ? [] : [{ hook, entries }]
    })
    return hooks.length === 0 ? [] : [{ way, hooks }]
  })
  const ambiguous = ways.flatMap(({ hooks }) => hooks.flatMap(ambiguousAt))
  const flowtables = world.tables.flatMap((table) =>
    dormant.includes(table) ? [] : [...(table.flowtables?.values() ?? [])].map((flowtable) => ({ table, flowtable })),
  )
  return { ways, ambiguous, dormant, flowtables }
}

function entriesAt(hook: Hook, tables: readonly Table[], world: World | undefined): HookEntry[] {
  const entries: HookEntry[] = []
  for (const table of tables)
    for (const chain of table.chains.values())
      if (chain.hook === hook) entries.push({ kind: 'chain', priority: chain.priority ?? 0, table, chain })
  if (world && (hook === 'prerouting' || hook === 'output')) {
    const families = (['ip', 'ip6'] as const).filter((family) => usesConntrack(world, family))
    if (families.length > 0) for (const one of CORE) entries.push({ kind: 'core', families, ...one })
  }
  return entries.sort((a, b) => a.priority - b.priority)
}

/** Can one packet meet two of them? Those of one family, and any with one of inet. */
function haveTwoThatMeet({ chains }: Ambiguous): boolean {
  const families = new Set<string>()
  for (const { table } of chains) {
    if (families.has(table.family) || families.has('inet') || (table.family === 'inet' && families.size > 0))
      return true
    families.add(table.family)
  }
  return false
}

function ambiguousAt({ hook, entries }: HookPlace): Ambiguous[] {
  const groups = new Map<string, Ambiguous>()
  for (const entry of entries) {
    if (entry.kind !== 'chain' || !decides(entry.chain)) continue
    const { priority, table, chain } = entry
    // nat chains have a list of their own; what hangs on several devices is one of each
    const key = `${priority} ${chain.type === 'nat'}`
    const group = groups.get(key) ?? { hook, priority, chains: [] }
    groups.set(key, group)
    group.chains.push({ table, chain })
  }
  return [...groups.values()].filter(haveTwoThatMeet)
}
