/** The way of a packet through hooks and routing (net/ipv4/ip_input.c, ip_forward.c, ip_output.c and their IPv6 likes). */
import { type BaseChain, deviceChainsAt, nextAtHook, nextBehindHook } from '../journey/base-chains.ts'
import type { Hook } from '../model/hook.ts'
import type { Outcome } from '../model/journey.ts'
import { beside } from '../rules/assign.ts'
import { bridgeCalls, isFrameForHost, isSentBack } from '../rules/bridge-calls.ts'
import { unkeptPolicy } from '../rules/ipsec.ts'
import { lookupRoute } from '../rules/route.ts'
import { unknown } from '../rules/truth.ts'
import {
  type BridgePort,
  passesTo,
  portOfEntry,
  portOfExit,
  refuseUnlisted,
  runBridge,
  writeFrame,
} from './bridge-hooks.ts'
import { refuseLower, runAtDevice } from './device-hooks.ts'
import { type Fields, isFragment } from './packet-state.ts'
import { deviceOf, isRefused, isTooLong, mayForward, routeInput, routeOutput } from './routing.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { change, changeAll, hasIcmp, type Skb } from './skb.ts'
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
  const port = portOfEntry(machine, skb)
  if (!port) refuseUnlisted(machine, skb.indev, 'in')
  if (port?.name !== undefined) skb.indev = port.name
  // the bridge alone does not tell which port's chains the frame traverses
  if (port && port.name === undefined) refuseLower(machine.world, skb, 'ingress', port.bridge.name)
  const held = port && port.name === undefined ? undefined : passDevice(machine, skb, 'ingress')
  if (held) return held
  return port ? receiveAtPort(machine, skb, port) : receivePacket(machine, skb)
}

/** Where IP begins; `isTracked`: br_netfilter has had PREROUTING done. */
function receivePacket(machine: Simulator, skb: Skb, isPastPrerouting = false): End {
  if (isPastPrerouting) showWay(machine, skb, 'prerouting')
  const stopped = isPastPrerouting ? undefined : prerouting(machine, skb)
  if (stopped) return stopped
  if (skb.isRouted) return deliver(machine, skb)
  skb.routedAfter = skb.journal.changes
  const route = routeInput(machine, skb)
  if (!route) return vanished(machine, skb, 'prerouting')
  if (route.type !== 'unicast') return deliver(machine, skb)
  return forward(machine, skb, route)
}

function prerouting(machine: Simulator, skb: Skb): End | undefined {
  if (skb.headerWrongBy !== 0 || isRefused(skb.packet, skb.indev!)) return vanished(machine, skb, undefined)
  return pass(machine, skb, 'prerouting')
}

/** br_handle_frame: the bridge's own tables first, and IP's PREROUTING in between where br_netfilter calls it. */
function receiveAtPort(machine: Simulator, skb: Skb, port: BridgePort): End {
  const { bridge, name } = port
  const first = passBridge(machine, skb, 'prerouting', { in: name }, 'before-ip')
  if (first) return first
  const calls = callsIp(machine, skb, port)
  skb.indev = bridge.name
  if (calls) {
    if (name !== undefined) change(skb, 'physIn', name)
    const stopped = prerouting(machine, skb)
    if (stopped) return stopped
    // what nat sends elsewhere is routed
    if (skb.packet.dst !== skb.given.dst)
      return isTurnedBack(machine, skb, port) ? vanished(machine, skb, 'prerouting') : receivePacket(machine, skb, true)
  }
  const second = passBridge(machine, skb, 'prerouting', { in: name }, 'behind-ip')
  if (second) return second
  const to = passesTo(machine, skb, port)
  if (to) return passOn(machine, skb, port, to, calls)
  const taken = passBridge(machine, skb, 'input', { in: name }) ?? passDevice(machine, skb, 'ingress', true)
  return taken ?? receivePacket(machine, skb, calls)
}

/** nat sends it to whom the bridge finds behind the port that it came in by: it does not come to FORWARD. */
function isTurnedBack({ world: { host } }: Simulator, { packet }: Skb, { bridge }: BridgePort): boolean {
  const route = lookupRoute({ dst: packet.dst!, src: packet.src!, in: bridge.name }, host)
  const isBridged = route?.type === 'unicast' && route.device === bridge.name
  return isBridged && isSentBack(host, bridge, packet, route.gateway ?? packet.dst!) !== false
}

/** Does the bridge hand it to IP's chains? Throws Undetermined where that is not known and may matter. */
function callsIp({ world }: Simulator, { given, family }: Skb, { bridge }: BridgePort): boolean {
  const calls = bridgeCalls(world.host, bridge, family)
  if (calls !== undefined) return calls
  // only br_netfilter tells IP of both ports, and of another machine's frame
  const isOthers = () => isFrameForHost(given.dstMac, bridge, world.host) === false
  return given.in === bridge.name && (given.physIn !== undefined || isOthers())
}

/** br_forward: IP's chains, where they are called, and no routing between them. */
function passOn(machine: Simulator, skb: Skb, { bridge, name }: BridgePort, to: BridgePort, calls: boolean): End {
  const ports = { in: name, out: to.name }
  const first = passBridge(machine, skb, 'forward', ports, 'before-ip')
  if (first) return first
  skb.outdev = bridge.name
  if (calls) {
    if (to.name !== undefined) change(skb, 'physOut', to.name)
    const stopped = pass(machine, skb, 'forward')
    if (stopped) return stopped
  }
  const second = passBridge(machine, skb, 'forward', ports, 'behind-ip')
  const last = second ?? passBridge(machine, skb, 'postrouting', { out: to.name })
  if (last) return last
  skb.indev = undefined
  const stopped = calls ? pass(machine, skb, 'postrouting') : undefined
  return stopped ?? passPort(machine, skb, to) ?? { outcome: 'forwarded' }
}

/** Out of the bridge by its port, whose egress sees the frame last. */
function passPort(machine: Simulator, skb: Skb, { bridge, name }: BridgePort): End | undefined {
  if (name === undefined) refuseLower(machine.world, skb, 'egress', bridge.name)
  skb.outdev = name
  const held = name === undefined ? undefined : passDevice(machine, skb, 'egress')
  change(skb, 'out', skb.given.in === bridge.name ? bridge.name : name)
  return held
}

function deliver(machine: Simulator, skb: Skb): End {
  // IPv4 waits for the whole packet in front of the hook, IPv6 behind it (ip_local_deliver, ip6_protocol_deliver_rcu)
  const waits = isFragment(skb.packet)
  const end = waits && skb.family === 'ip' ? undefined : pass(machine, skb, 'input')
  if (waits && !end)
    throw new Undetermined('a fragment', 'this host reassembles fragments: simulate the whole packet instead')
  if (end) return end
  // icmp_rcv, icmpv6_rcv; TCP and UDP look in their sockets, behind all that is played
  return skb.wrongBy !== 0 && hasIcmp(skb) ? { outcome: 'vanished' } : { outcome: 'delivered' }
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
  setPriorityByTos(skb)
  return pass(machine, skb, 'forward') ?? leave(machine, skb, skb.given.in === undefined ? 'sent' : 'forwarded')
}

/** ip_forward writes it anew (rt_tos2priority, include/net/route.h); IPv6 does not. */
function setPriorityByTos({ family, moment, packet: { tos } }: Skb): void {
  if (family !== 'ip' || !moment.written?.has(PRIORITY)) return
  const value = tos === undefined ? unknown('its TOS is not known') : PRIORITIES[(tos & 0x1e) >> 1]!
  moment.written = beside(moment, PRIORITY, value)
}

const PRIORITY = 'meta priority'
/** ip_tos2prio of net/ipv4/route.c: by the four bits of RFC 1349. */
const PRIORITIES: readonly number[] = [0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4]

/** By this host's own programs. */
function send(machine: Simulator, skb: Skb): End {
  const route = routeOutput(machine, skb)
  if (!route) return vanished(machine, skb, undefined)
  skb.route = route
  // IP knows no port of the bridge that it sends by
  change(skb, 'physOut', undefined)
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
  const port = portOfExit(machine, skb)
  if (!port) refuseUnlisted(machine, skb.outdev, 'out')
  const held = passDevice(machine, skb, 'egress', port?.name !== undefined)
  if (held) return held
  if (port) return leaveByPort(machine, skb, port) ?? { outcome }
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

/** br_dev_xmit: the frame goes through the bridge's OUTPUT and POSTROUTING, and out of its port. */
function leaveByPort(machine: Simulator, skb: Skb, port: BridgePort): End | undefined {
  const { out } = skb.packet
  writeFrame(machine, skb, port)
  const stopped =
    passBridge(machine, skb, 'output', { out: port.name }) ??
    passBridge(machine, skb, 'postrouting', { out: port.name })
  if (stopped || port.name === undefined) return stopped
  skb.outdev = port.name
  const held = passDevice(machine, skb, 'egress')
  // it left by the bridge, as IP sees it
  skb.outdev = port.bridge.name
  change(skb, 'out', out)
  return held
}

/** Undefined: the packet goes on behind the hook. */
function pass(machine: Simulator, skb: Skb, hook: Hook): End | undefined {
  skb.hook = hook
  showWay(machine, skb, hook)
  return endOf(machine, skb, hook, machine.hooks.run(machine, skb, hook))
}

/** As pass, for a bridge's own tables. */
function passBridge(machine: Simulator, skb: Skb, hook: Hook, ...at: Tail<typeof runBridge>): End | undefined {
  return endOf(machine, skb, hook, runBridge(machine, skb, hook, ...at))
}

type Tail<F> = F extends (machine: Simulator, skb: Skb, hook: Hook, ...rest: infer R) => unknown ? R : never

/** As pass, for what hangs on a device; `portPlayed`: so have chains of the bridge's port been, or they will be. */
function passDevice(machine: Simulator, skb: Skb, hook: 'ingress' | 'egress', portPlayed = false): End | undefined {
  if (deviceChainsAt(machine.world, hook).length === 0) return undefined
  skb.hook = hook
  showWay(machine, skb, hook)
  return endOf(machine, skb, hook, runAtDevice(machine, skb, hook, portPlayed))
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
