/** What hangs on one hook, in the order of priorities: base chains of all tables, connection tracking, NAT. */
import { type BaseChain, baseChainsAt } from '../journey/base-chains.ts'
import type { Hook } from '../model/hook.ts'
import type { World } from '../model/world.ts'
import { confirm, track } from './conntrack.ts'
import type { Machine } from './machine.ts'
import { natAt } from './nat.ts'
import { routeAnew } from './routing.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'
import { usesConntrack } from './uses-conntrack.ts'
import { type TableVerdict, walkTable } from './walk-table.ts'

/** `vanished`: the kernel drops it, no rule does. */
export type HookVerdict = TableVerdict | 'vanished'

interface Hooked {
  priority: number
  run(machine: Machine, skb: Skb): HookVerdict
}

const DEFRAG = -400
const CONNTRACK = -200
const NAT_DST = -100
const NAT_SRC = 100
const CONFIRM = Number.POSITIVE_INFINITY

// the tables of a world never change; only its sets do, and those come in a new world with the same tables
const known = new WeakMap<World['tables'], Map<string, Hooked[]>>()

export function runHook(machine: Machine, skb: Skb, hook: Hook): HookVerdict {
  for (const { run } of hookedAt(machine.world, skb.family, hook)) {
    const verdict = run(machine, skb)
    if (verdict !== 'accept') return verdict
  }
  return 'accept'
}

function hookedAt(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  const all = known.get(world.tables) ?? new Map<string, Hooked[]>()
  known.set(world.tables, all)
  const key = `${family} ${hook}`
  const hooked = all.get(key) ?? [...chains(world, family, hook), ...core(world, family, hook)]
  all.set(key, hooked)
  return hooked.sort((a, b) => a.priority - b.priority)
}

function chains(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  return baseChainsAt(world, family, hook, false).map((base) => ({
    priority: base.priority,
    run:
      base.chain.type === 'route' ? walkAndRoute(base) : (machine: Machine, skb: Skb) => walkTable(machine, skb, base),
  }))
}

/** Connection tracking and NAT, while anything asks for them. */
function core(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  if (!usesConntrack(world, family)) return []
  const natChains = baseChainsAt(world, family, hook, true).filter(({ chain }) => chain.type === 'nat')
  const natUsed = world.tables.some(
    (table) =>
      (table.family === family || table.family === 'inet') &&
      [...table.chains.values()].some(({ type, hook: base }) => type === 'nat' && base !== undefined),
  )
  const hooked: Hooked[] = []
  if (hook === 'prerouting' || hook === 'output')
    hooked.push({ priority: DEFRAG, run: refuseFragment }, { priority: CONNTRACK, run: track })
  if (natUsed && hook !== 'forward')
    hooked.push({
      priority: hook === 'prerouting' || hook === 'output' ? NAT_DST : NAT_SRC,
      run: (machine, skb) => natAt(machine, skb, natChains),
    })
  if (hook === 'input' || hook === 'postrouting') hooked.push({ priority: CONFIRM, run: confirm })
  return hooked
}

/** The kernel puts the packet together first, and no rule sees its parts. */
function refuseFragment(_: Machine, { packet }: Skb): HookVerdict {
  if (packet.fragOffset || packet.moreFragments)
    throw new Undetermined('a fragment', 'connection tracking waits for the whole packet: ask for that one')
  return 'accept'
}

/** mangle's OUTPUT: what routing reads may be changed there, then the route is looked up anew (iptable_mangle.c). */
const walkAndRoute =
  (base: BaseChain) =>
  (machine: Machine, skb: Skb): HookVerdict => {
    const { src, dst, mark, tos, ttl } = skb.packet
    const verdict = walkTable(machine, skb, base)
    if (verdict === 'drop' || verdict === 'reject' || verdict === 'stolen') return verdict
    const now = skb.packet
    const dscpOnly = (value: number | undefined) => (skb.family === 'ip' ? (value ?? 0) & 0xfc : value)
    const same = now.src === src && now.dst === dst && now.mark === mark && dscpOnly(now.tos) === dscpOnly(tos)
    if (same && (skb.family === 'ip' || now.ttl === ttl)) return verdict
    return routeAnew(machine, skb) ? verdict : 'vanished'
  }
