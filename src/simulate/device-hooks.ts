/**
 * What hangs on devices: chains at ingress and egress (nf_hook_ingress, nf_hook_egress).
 */
import { decides } from '../journey/backends.ts'
import { type BaseChain, deviceChainsAt, hangsOn } from '../journey/base-chains.ts'
import type { Host } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import type { World } from '../model/world.ts'
import { linkNamed } from '../rules/links.ts'
import { preparedChain } from '../rules/prepared-chain.ts'
import { playTable, type TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { joinTied, type TiedChain } from './tied-chains.ts'
import { Undetermined } from './undetermined.ts'

type DeviceHook = 'ingress' | 'egress'
type Run = TiedChain['run']

/** By hook and device. */
const known = memo((_: World['tables']) => new Map<string, readonly Run[]>())

/** `portPlayed`: those of the bridge's port, too, by which the packet comes or goes. */
export function runAtDevice(machine: Simulator, skb: Skb, hook: DeviceHook, portPlayed: boolean): TableVerdict {
  const { world } = machine
  const chains = deviceChainsAt(world, hook)
  if (chains.length === 0) return 'accept'
  const device = (hook === 'ingress' ? skb.indev : skb.outdev)!
  refuseLower(world, skb, hook, device, portPlayed)
  const runs = known(world.tables)
  const key = `${hook} ${device}`
  let here = runs.get(key)
  if (!here) {
    const hooked = chains.filter(({ chain }) => hangsOn(chain.devices ?? [], device)).map(runnable)
    here = joinTied(hooked).map(({ run }) => run)
    runs.set(key, here)
  }
  for (const run of here) {
    const verdict = run(machine, skb)
    if (verdict !== 'accept') return verdict
  }
  return 'accept'
}

function runnable({ table, chain, priority }: BaseChain): TiedChain & { priority: number } {
  const base = preparedChain(table, chain.name)!
  const run: Run = (machine, skb) => {
    // in a table of inet it is a packet of IP there, too
    if (table.family === 'inet') return playTable(machine, skb, base)
    skb.moment.family = 'netdev'
    try {
      return playTable(machine, skb, base)
    } finally {
      skb.moment.family = skb.family
    }
  }
  return { priority, base, run }
}

/**
 * A packet that comes in by a bridge or a VLAN came in by another device before, and which one need not be known. Throws
 * Undetermined where a chain there may stop it.
 */
export function refuseLower(world: World, skb: Skb, hook: DeviceHook, device: string, portPlayed = false): void {
  const port = hook === 'ingress' ? skb.given.physIn : skb.given.physOut
  for (const { chain, table } of deviceChainsAt(world, hook)) {
    if (!decides(chain)) continue
    const name = `${table.family} ${table.name} ${chain.name}`
    if (!chain.devices) throw new Undetermined(name, 'the devices of the chain are unknown')
    if (portPlayed) continue
    for (const one of chain.devices) {
      const isLower = one !== device && (port === one || (port === undefined && liesUnder(world.host, one, device)))
      if (isLower)
        throw new Undetermined(
          name,
          `the packet may traverse ${one} (a device under ${device}); the model does not simulate the chains there`,
        )
    }
  }
}

function liesUnder(host: Host, lower: string, device: string): boolean {
  if (linkNamed(host, lower)?.master === device) return true
  return device.startsWith(`${lower}.`) || device.startsWith(`${lower}@`)
}
