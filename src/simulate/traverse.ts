/** The way of a packet through hooks and routing (net/ipv4/ip_input.c, ip_forward.c, ip_output.c and their IPv6 likes). */
import { type BaseChain, deviceChainsAt, nextAtHook, nextBehindHook } from '../journey/base-chains.ts'
import type { Hook } from '../model/hook.ts'
import type { Link } from '../model/host.ts'
import type { Outcome } from '../model/journey.ts'
import { bridgeCalls, bridgeNamed } from '../rules/bridge-calls.ts'
import { unkeptPolicy } from '../rules/ipsec.ts'
import { refuseBridged, runAtDevice } from './device-hooks.ts'
import { type Fields, isFragment } from './packet-state.ts'
import { deviceOf, isRefused, isTooLong, mayForward, routeInput, routeOutput } from './routing.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { change, changeAll, type Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

export interface End {
  outcome: Outcome
  /** The base chain that had to come and did not. */
  missing?: BaseChain
}

export const traverse = (machine: Simulator, skb: Skb): End =>
  skb.indev === undefined ? send(machine, skb) : receive(machine, skb)

/** From a wire, or back in over lo. */
function receive(machine: Simulator, skb: Skb): End {
  const held = passDevice(machine, skb, 'ingress')
  if (held) return held
  refuseBridged(machine, skb, skb.indev!, BEFORE_IP)
  const bridge = bridgeOf(machine, skb)
  if (bridge && bridgeCalls(machine.world.host, bridge, skb.family) === false) return { outcome: 'forwarded' }
  if (skb.headerWrongBy !== 0 || isRefused(skb.packet, skb.indev!)) return vanished(machine, skb, undefined)
  const stopped = pass(machine, skb, 'prerouting')
  if (stopped) return stopped
  // what nat sends elsewhere is routed
  if (bridge && skb.packet.dst === skb.given.dst) return passOn(machine, skb)
  if (skb.isRouted) return deliver(machine, skb)
  skb.routedAfter = skb.journal.changes
  const route = routeInput(machine, skb)
  if (!route) return vanished(machine, skb, 'prerouting')
  if (route.type !== 'unicast') return deliver(machine, skb)
  return forward(machine, skb, route)
}

/** The bridge that passes the packet on from one of its ports to another. */
function bridgeOf({ world }: Simulator, { given, indev }: Skb): Link | undefined {
  if (given.physIn === undefined || given.physOut === undefined || given.in !== indev) return undefined
  return bridgeNamed(world.host, indev)
}

/** br_nf_forward_ip and br_nf_post_routing: IP's chains, and no routing between them. */
function passOn(machine: Simulator, skb: Skb): End {
  refuseBridged(machine, skb, skb.indev!, ['forward', 'postrouting'])
  skb.outdev = skb.indev
  const stopped = pass(machine, skb, 'forward')
  if (stopped) return stopped
  skb.indev = undefined
  const end = pass(machine, skb, 'postrouting')
  return end ?? { outcome: 'forwarded' }
}

function deliver(machine: Simulator, skb: Skb): End {
  // IPv4 waits for the whole packet in front of the hook, IPv6 behind it (ip_local_deliver, ip6_protocol_deliver_rcu)
  const waits = isFragment(skb.packet)
  const end = waits && skb.family === 'ip' ? undefined : pass(machine, skb, 'input')
  if (waits && !end)
    throw new Undetermined('a fragment', 'this host reassembles fragments: simulate the whole packet instead')
  return end ?? { outcome: 'delivered' }
}

function forward(machine: Simulator, skb: Skb, route: NonNullable<Skb['route']>): End {
  const { ttl } = skb.packet
  if (ttl === undefined && skb.mayExpire !== undefined) throw new Undetermined('its TTL', skb.mayExpire)
  skb.outdev = deviceOf(machine, skb, route)
  const mayGo = (ttl ?? 64) > 1 && mayForward(skb, skb.indev!, skb.outdev)
  const held = ['fwd', 'out'] as const
  const isHeld = held.some((direction) => unkeptPolicy(skb.packet, direction, machine.world.host))
  if (!mayGo || isHeld || isTooLong(machine, skb, route, skb.outdev)) return vanished(machine, skb, 'prerouting')
  skb.route = route
  if (ttl !== undefined) change(skb, 'ttl', ttl - 1)
  return pass(machine, skb, 'forward') ?? leave(machine, skb, skb.given.in === undefined ? 'sent' : 'forwarded')
}

/** By this host's own programs. */
function send(machine: Simulator, skb: Skb): End {
  const route = routeOutput(machine, skb)
  if (!route) return vanished(machine, skb, undefined)
  skb.route = route
  skb.moment.routedTo = skb.packet.dst
  skb.outdev = deviceOf(machine, skb, route)
  const stopped = pass(machine, skb, 'output')
  // its route leads nowhere until a program has made the association
  if (!stopped && unkeptPolicy(skb.packet, 'out', machine.world.host)) return vanished(machine, skb, 'output')
  return stopped ?? leave(machine, skb, 'sent')
}

function leave(machine: Simulator, skb: Skb, outcome: Outcome): End {
  const stopped = pass(machine, skb, 'postrouting')
  if (stopped) return stopped
  const held = passDevice(machine, skb, 'egress')
  if (held) return held
  refuseBridged(machine, skb, skb.outdev!, BEHIND_IP)
  if (skb.outdev !== 'lo') return { outcome }
  skb.looped = true
  skb.isRouted = true
  // what has no entry is looked at once more
  if (skb.tracking?.state === 'invalid') {
    skb.tracking = undefined
    skb.zone = undefined
  }
  skb.indev = 'lo'
  return receive(machine, skb)
}

/** Of a bridge's tables. */
const BEFORE_IP: readonly Hook[] = ['prerouting', 'input']
const BEHIND_IP: readonly Hook[] = ['output', 'postrouting']

/** Undefined: the packet goes on behind the hook. */
function pass(machine: Simulator, skb: Skb, hook: Hook): End | undefined {
  skb.hook = hook
  showWay(machine, skb, hook)
  return endOf(machine, skb, hook, machine.hooks.run(machine, skb, hook))
}

/** As pass, for what hangs on a device. */
function passDevice(machine: Simulator, skb: Skb, hook: 'ingress' | 'egress'): End | undefined {
  if (deviceChainsAt(machine.world, hook).length === 0) return undefined
  skb.hook = hook
  showWay(machine, skb, hook)
  return endOf(machine, skb, hook, runAtDevice(machine, skb, hook))
}

function endOf(machine: Simulator, skb: Skb, hook: Hook, verdict: TableVerdict): End | undefined {
  switch (verdict) {
    case 'accept':
      return undefined
    case 'vanished':
      return vanished(machine, skb, hook)
    case 'drop':
      return { outcome: 'dropped' }
    case 'reject':
      return { outcome: 'rejected' }
    case 'queue':
      return { outcome: 'queued' }
    case 'stolen':
      return { outcome: 'stolen' }
  }
}

/** Which interfaces rules see there; and before connection tracking has looked, that there is no connection. */
function showWay(machine: Simulator, skb: Skb, hook: Hook): void {
  const { indev, outdev, tracking } = skb
  // what this host sends has no input interface; before Linux 5.7 nothing had one there
  if (hook === 'postrouting')
    change(skb, 'in', indev === undefined ? '' : machine.settings.isBefore57 ? undefined : indev)
  else change(skb, 'in', hook === 'output' || hook === 'egress' ? undefined : indev)
  change(skb, 'out', hook === 'prerouting' || hook === 'input' || hook === 'ingress' ? undefined : outdev)
  if (!tracking) changeAll(skb, NO_CONNECTION)
}

/** What has no entry is so to rules. */
const NO_CONNECTION: Fields = { ctState: 'invalid', ctDir: undefined, ctStatus: undefined, ctMark: undefined }

/** It disappeared behind `hook`; `missing` is the chain that no packet of its kind would have skipped. */
function vanished({ world }: Simulator, { family, packet, indev }: Skb, hook: Hook | undefined): End {
  const first = indev === undefined ? 'output' : 'prerouting'
  const missing =
    hook === undefined
      ? nextAtHook(world, family, first, Number.NEGATIVE_INFINITY, true)
      : nextBehindHook(world, family, hook, true, !packet.in)
  return { outcome: 'vanished', ...(missing ? { missing } : {}) }
}
