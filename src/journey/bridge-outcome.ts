/**
 * Behind a chain of a bridge's own tables that accepted the frame: which chain of the bridge, or of IP, had to come
 * (br_input.c, br_forward.c, br_netfilter_hooks.c).
 */
import type { Hook } from '../model/hook.ts'
import type { Family } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { bridgeCalls, bridgeOfPort, isFrameForHost } from '../rules/bridge-calls.ts'
import { type BaseChain, baseChainsAt } from './base-chains.ts'
import type { StepContext } from './step-context.ts'

export interface BridgeWay {
  /** The chain that had to come; absent: none. */
  missing?: BaseChain
  /** Where it ended, if none did. */
  end: 'delivered' | 'forwarded' | 'sent' | 'unknown'
}

/** `next`: the chain of the bridge that comes next at the same hook. */
export function behindBridgeChain(
  arrivals: readonly StepContext[],
  world: World,
  step: number,
  next: BaseChain | undefined,
): BridgeWay {
  const { hook, packet } = arrivals[step]!
  const came = arrivals.some((one) => one.packet.in !== undefined)
  const end = came ? 'forwarded' : 'sent'
  const found = (missing: BaseChain | undefined, otherwise: BridgeWay['end']): BridgeWay =>
    missing ? { missing, end: otherwise } : { end: otherwise }
  if (next) return found(next, end)
  const bridgeChain = (at: Hook) => baseChainsAt(world, 'bridge', at, true)[0]
  switch (hook) {
    case 'prerouting': {
      const local = isFrameForHost(packet.dstMac, bridgeOfPort(world.host, packet.in), world.host)
      const called = ipChain(arrivals, world, step, 'prerouting')
      if (called) return found(called, 'unknown')
      const [input, through] = [bridgeChain('input'), bridgeChain('forward') ?? bridgeChain('postrouting')]
      // to whomever it goes, one of them had to come
      if (local === undefined) return found(input && through ? input : undefined, 'unknown')
      return local ? found(input, 'delivered') : found(through, 'forwarded')
    }
    case 'input':
      return { end: 'delivered' }
    case 'forward':
      return found(ipChain(arrivals, world, step, 'forward') ?? bridgeChain('postrouting'), end)
    case 'output':
      return found(bridgeChain('postrouting'), end)
    case 'postrouting':
      return found(came ? ipChain(arrivals, world, step, 'postrouting') : undefined, end)
    default:
      return { end: 'unknown' }
  }
}

/** IP's first chain there, where the bridge surely calls it and it has not been seen. */
function ipChain(arrivals: readonly StepContext[], world: World, step: number, hook: Hook): BaseChain | undefined {
  const { packet } = arrivals[step]!
  if (packet.src === undefined) return undefined
  const family: Family = packet.src.includes(':') ? 'ip6' : 'ip'
  const port = arrivals.find((one) => one.table?.family === 'bridge' && one.packet.in !== undefined)?.packet.in
  const bridge = bridgeOfPort(world.host, port)
  if (!bridge || bridgeCalls(world.host, bridge, family) !== true) return undefined
  const isSeen = arrivals.some((one) => one.hook === hook && one.table !== undefined && one.table.family !== 'bridge')
  // a flow's first packet alone comes to nat
  return isSeen ? undefined : baseChainsAt(world, family, hook, false)[0]
}
