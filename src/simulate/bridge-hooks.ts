/**
 * What a bridge of this host does with a frame before IP sees it, beside IP, and behind it (net/bridge/br_input.c,
 * br_forward.c): which port it came in by, whom it is for, and the chains of its own tables.
 */

import { type BaseChain, baseChainsAt } from '../journey/base-chains.ts'
import type { Hook } from '../model/hook.ts'
import type { Host, Link } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import type { Chain } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { bridgeCalls, bridgeNamed, bridgeOfPort, isFrameForHost } from '../rules/bridge-calls.ts'
import { isGroup, isLocal, LIMITED_BROADCAST } from '../rules/fib.ts'
import { groupMac } from '../rules/group-mac.ts'
import { linkNamed, portsOfBridge } from '../rules/links.ts'
import { preparedChain } from '../rules/prepared-chain.ts'
import { leadsHere, lookupRoute } from '../rules/route.ts'
import { isOfFlow } from './conntrack.ts'
import type { Hooked } from './nat-hook.ts'
import { playTable, type TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { change, type Skb } from './skb.ts'
import { joinTied } from './tied-chains.ts'
import { Undetermined } from './undetermined.ts'

/** Where a frame comes in, or goes out: the port's name is not always known. */
export interface BridgePort {
  bridge: Link
  name: string | undefined
}

/** Undefined: it did not come in by a bridge. */
export function portOfEntry({ world: { host } }: Simulator, { given, indev }: Skb): BridgePort | undefined {
  if (given.in !== indev) return undefined
  const bridge = bridgeNamed(host, indev)
  if (bridge) return { bridge, name: given.physIn ?? onlyPort(host, bridge) }
  const master = bridgeOfPort(host, indev)
  return master && { bridge: master, name: indev }
}

function onlyPort(host: Host, bridge: Link): string | undefined {
  const ports = portsOfBridge(host, bridge.name)
  return ports.length === 1 ? ports[0]!.name : undefined
}

/**
 * Of a device that no listing has nobody knows whether it is a bridge, or a bridge's port. Throws Undetermined where a chain
 * of bridges may stop what goes that way.
 */
export function refuseUnlisted({ world }: Simulator, device: string | undefined, way: 'in' | 'out'): void {
  if (device === undefined || device === 'lo' || linkNamed(world.host, device)) return
  for (const hook of way === 'in' ? ARRIVING : LEAVING)
    for (const { chain, table } of baseChainsAt(world, 'bridge', hook, true))
      if (mayStop(chain))
        throw new Undetermined(
          `${table.family} ${table.name} ${chain.name}`,
          `whether ${device} is a bridge is unknown (${world.host.links ? 'the list of interfaces lacks it' : 'no `ip addr` given'})`,
        )
}

const mayStop = ({ policy, rules }: Chain): boolean =>
  policy === 'drop' || rules.some(({ statements }) => statements.some(({ kind }) => !LETS.includes(kind)))

/** Whatever else a rule does, by these it stops nothing. */
const LETS: readonly string[] = ['accept', 'return', 'log', 'trace']
const ARRIVING = ['prerouting', 'input', 'forward'] as const
const LEAVING = ['output', 'postrouting'] as const

/** By which port the bridge passes it on; undefined: it takes the frame in, for IP. Throws Undetermined where nobody can tell. */
export function passesTo(machine: Simulator, skb: Skb, { bridge, name }: BridgePort): BridgePort | undefined {
  const { host } = machine.world
  const { given, packet } = skb
  const { dst, dstMac } = packet
  const others = portsOfBridge(host, bridge.name).filter((link) => link.name !== name)
  const told = given.physOut ?? (others.some((link) => link.name === given.out) ? given.out : undefined)
  const through: BridgePort = { bridge, name: told ?? (others.length === 1 ? others[0]!.name : undefined) }
  if (told !== undefined) return through
  const isForHost = isFrameForHost(dstMac, bridge, host)
  // as far as is known, IP received it there, if the frame is not another machine's
  const isReceived = isForHost !== false && (!isOnlyBridged(host, skb, bridge) || isOfFlow(machine, skb))
  if (given.in === bridge.name && isReceived) return undefined
  // what is for many goes to this host as well
  if (dstMac !== undefined && groupMac(dstMac)) return undefined
  if (isForHost !== undefined) return isForHost ? undefined : through
  if (isGroup(dst!) || dst === LIMITED_BROADCAST) return undefined
  if (bridge.addresses?.length === 0) return through
  const local = isLocal(dst, host)
  const route = local === undefined ? undefined : lookupRoute({ dst: dst!, src: packet.src!, in: bridge.name }, host)
  if (local || (route && leadsHere(route))) return undefined
  // a neighbour of the sender is asked for its own link address
  if (route && route.device === bridge.name && route.gateway === undefined) return through
  throw new Undetermined(
    'the destination MAC address',
    `without it, it is unknown whether bridge ${bridge.name} forwards the frame or this host receives it`,
  )
}

/**
 * The bridge hands nothing to IP that is for another link address, and a neighbour of the sender is asked for its own: no
 * chain of IP sees it, whatever interface somebody names. (What comes back past the connection is told by who asks for that.)
 */
function isOnlyBridged(host: Host, { packet, family }: Skb, bridge: Link): boolean {
  if (bridgeCalls(host, bridge, family) !== false || packet.dstMac !== undefined) return false
  if (isGroup(packet.dst!) || packet.dst === LIMITED_BROADCAST) return false
  const [there, back] = [packet.dst, packet.src].map((one) =>
    lookupRoute({ dst: one!, src: packet.src!, in: bridge.name }, host),
  )
  return [there, back].every(
    (route) => route && !leadsHere(route) && route.device === bridge.name && route.gateway === undefined,
  )
}

/** Of what this host sends by a bridge: where its tables see it go. */
export function portOfExit({ world: { host } }: Simulator, { given, outdev }: Skb): BridgePort | undefined {
  const bridge = bridgeNamed(host, outdev)
  if (!bridge) return undefined
  const isTold = given.physIn === undefined && bridgeOfPort(host, given.physOut) === bridge
  return { bridge, name: isTold ? given.physOut : onlyPort(host, bridge) }
}

/** The frame's own header, as this host writes it (br_dev_xmit). */
export function writeFrame({ world: { host } }: Simulator, skb: Skb, { bridge }: BridgePort): void {
  const next = skb.route?.gateway ?? skb.packet.dst
  const neighbour = host.neighbours?.find(({ address, device }) => address === next && device === bridge.name)
  change(skb, 'srcMac', bridge.mac)
  change(skb, 'dstMac', neighbour?.mac)
}

/** br_netfilter calls IP's chains at this priority (NF_BR_PRI_BRNF); chains of the same, added later, come first. */
const BRNF = 0

type Part = 'before-ip' | 'behind-ip' | 'all'

/** Those of tables of family bridge; `part`: of which IP's chains, called by br_netfilter, stand between. */
export function runBridge(
  machine: Simulator,
  skb: Skb,
  hook: Hook,
  ports: { in?: string | undefined; out?: string | undefined },
  part: Part = 'all',
): TableVerdict {
  const here = hookedAt(machine.world.tables, hook, machine.world).filter(
    ({ priority }) => part === 'all' || (part === 'before-ip') === priority <= BRNF,
  )
  if (here.length === 0) return 'accept'
  skb.hook = hook
  change(skb, 'in', ports.in)
  change(skb, 'out', ports.out)
  skb.moment.family = 'bridge'
  try {
    for (const { run } of here) {
      const verdict = run(machine, skb)
      if (verdict !== 'accept') return verdict
    }
    return 'accept'
  } finally {
    skb.moment.family = skb.family
  }
}

const known = memo((_: World['tables']) => new Map<Hook, readonly Hooked[]>())

function hookedAt(tables: World['tables'], hook: Hook, world: World): readonly Hooked[] {
  const hooks = known(tables)
  let here = hooks.get(hook)
  if (!here) {
    here = joinTied(baseChainsAt(world, 'bridge', hook, true).map(runnable))
    hooks.set(hook, here)
  }
  return here
}

function runnable({ table, chain, priority }: BaseChain) {
  const base = preparedChain(table, chain.name)!
  return { priority, base, run: (machine: Simulator, skb: Skb) => playTable(machine, skb, base) }
}
