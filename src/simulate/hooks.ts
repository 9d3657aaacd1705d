/** What hangs on each hook, in the order of priorities: base chains of all tables, connection tracking, NAT. */

import { type BaseChain, baseChainsAt, mayBeAbsent } from '../journey/base-chains.ts'
import { withUnlisted } from '../journey/unlisted.ts'
import type { Hook } from '../model/hook.ts'
import type { World } from '../model/world.ts'
import { isUnshown } from '../rules/end-policy.ts'
import { type PreparedChain, preparedChain } from '../rules/prepared-chain.ts'
import { joinsFragments, usesConntrack } from '../rules/uses-conntrack.ts'
import { confirm, track } from './conntrack.ts'
import { natAt } from './nat.ts'
import type { Hooked, NatHook } from './nat-hook.ts'
import { natOrder } from './nat-order-later.ts'
import { isFragment } from './packet-state.ts'
import { routeAnew } from './routing.ts'
import { playTable, type TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { SYNPROXY, takeHandshake } from './synproxy.ts'
import { joinTied } from './tied-chains.ts'
import { Undetermined } from './undetermined.ts'
import { leavesOpen } from './unshown-chains.ts'

/** -400; which of them and chains with that priority come first is not known, nor what becomes of a fragment there. */
const DEFRAG = -400.5
const CONNTRACK = -200
const NAT_DST = -100
const NAT_SRC = 100
const CONFIRM = Number.POSITIVE_INFINITY

// the tables of a world never change; only its sets and its state do, of which the key has what matters: no memo
const known = new WeakMap<World['tables'], Map<string, Hooks>>()

export function hooksOf(world: World): Hooks {
  let hooks = known.get(world.tables)
  if (!hooks) {
    hooks = new Map()
    known.set(world.tables, hooks)
  }
  const key = (['ip', 'ip6'] as const).filter((family) => usesConntrack(world, family)).join()
  let here = hooks.get(key)
  if (!here) {
    here = new Hooks(world)
    hooks.set(key, here)
  }
  return here
}

export class Hooks {
  private readonly world: World
  private readonly hooked: Record<Skb['family'], Partial<Record<Hook, readonly Hooked[]>>> = { ip: {}, ip6: {} }

  constructor(world: World) {
    this.world = withUnlisted(world)
  }

  run(machine: Simulator, skb: Skb, hook: Hook): TableVerdict {
    const here = this.hooked[skb.family]
    here[hook] ??= hookedAt(this.world, skb.family, hook)
    for (const one of here[hook]) {
      const verdict = one.run(machine, skb)
      if (verdict !== 'accept') return verdict
    }
    return 'accept'
  }
}

function hookedAt(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  const [own, nat] = [chains(world, family, hook), natHook(world, family, hook)]
  const beside = nat ? own.filter(({ priority }) => priority === nat.priority) : []
  const bases = chainsAt(world, family, hook, false).filter(({ priority }) => priority === nat?.priority)
  const rewriting =
    nat && (beside.length > 0 ? natOrder.loaded.besideNat(world, family, nat, beside, bases.map(prepared)) : nat)
  const others = own.filter((one) => !beside.includes(one))
  return [...others, ...core(world, family, hook), ...(rewriting ? [rewriting] : [])].sort(
    (a, b) => a.priority - b.priority,
  )
}

const prepared = ({ table, chain }: BaseChain) => preparedChain(table, chain.name)!

/**
 * What iptables-nft lists and perhaps nobody has made does nothing where it is there: no packet is said to traverse it. What
 * no listing shows is played all the same, to say that it may matter.
 */
const chainsAt = (world: World, family: Skb['family'], hook: Hook, nat: boolean): BaseChain[] =>
  baseChainsAt(world, family, hook, nat).filter(
    ({ table, chain }) => isUnshown(table, chain) || !mayBeAbsent(table, chain),
  )

function chains(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  const hooked = chainsAt(world, family, hook, false).map((base) => {
    const chain = prepared(base)
    const walk = (machine: Simulator, skb: Skb) => playTable(machine, skb, chain)
    return { priority: base.priority, base: chain, run: base.chain.type === 'route' ? walkAndRoute(walk) : walk }
  })
  return joinTied(hooked)
}

/** Connection tracking, while anything asks for it. */
function core(world: World, family: Skb['family'], hook: Hook): Hooked[] {
  const joins = hook === 'prerouting' || hook === 'output' ? [{ priority: DEFRAG, run: refuseFragment }] : []
  if (!usesConntrack(world, family)) return joinsFragments(world.tables, family) ? joins : []
  const hooked: Hooked[] = [...joins]
  if (joins.length > 0) hooked.push({ priority: CONNTRACK, run: track })
  if (hook === 'input' || hook === 'postrouting')
    hooked.push({ priority: SYNPROXY, run: takeHandshake }, { priority: CONFIRM, run: confirm })
  return hooked
}

/** NAT, where any chain asks for it. */
function natHook(world: World, family: Skb['family'], hook: Hook): NatHook | undefined {
  if (hook === 'forward' || !hasNat(world, family)) return undefined
  const chains = chainsAt(world, family, hook, true)
    .filter(({ chain }) => chain.type === 'nat')
    .map(prepared)
  const priority = hook === 'prerouting' || hook === 'output' ? NAT_DST : NAT_SRC
  if (!usesConntrack(world, family)) {
    // rules that no listing shows may have connections tracked
    const unshown = chains.filter(({ table, chain }) => isUnshown(table, chain))
    if (unshown.length === 0) return undefined
    return { priority, chains: unshown, run: (machine) => leaveOpen(machine, unshown) }
  }
  return { priority, chains, run: (machine, skb) => natAt(machine, skb, chains) }
}

function leaveOpen(machine: Simulator, unshown: readonly PreparedChain[]): TableVerdict {
  for (const one of unshown) leavesOpen(machine, one)
  return 'accept'
}

const NAT_HOOKS: readonly Hook[] = ['prerouting', 'input', 'output', 'postrouting']

const hasNat = (world: World, family: Skb['family']): boolean =>
  NAT_HOOKS.some((hook) => chainsAt(world, family, hook, true).some(({ chain }) => chain.type === 'nat'))

/** The kernel puts the packet together first, and no rule sees its parts. */
function refuseFragment(_: Simulator, { packet }: Skb): TableVerdict {
  if (isFragment(packet))
    throw new Undetermined('a fragment', 'conntrack waits for the whole packet: simulate the whole packet instead')
  return 'accept'
}

/** mangle's OUTPUT: what routing reads may be changed there, then the route is looked up anew (iptable_mangle.c). */
const walkAndRoute =
  (walk: (machine: Simulator, skb: Skb) => TableVerdict) =>
  (machine: Simulator, skb: Skb): TableVerdict => {
    const { src, dst, mark, tos, ttl } = skb.packet
    const verdict = walk(machine, skb)
    if (verdict === 'drop' || verdict === 'reject' || verdict === 'stolen' || verdict === 'vanished') return verdict
    const now = skb.packet
    const same = now.src === src && now.dst === dst && now.mark === mark && now.tos === tos
    if (same && (skb.family === 'ip' || now.ttl === ttl)) return verdict
    return routeAnew(machine, skb) ? verdict : 'vanished'
  }
