/** By which ports of a bridge of this host a packet came and left, and its request before it. */

import type { Evidence } from '../../journey/evidence.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import { bridgeOfPort } from '../../rules/bridge-calls.ts'
import { portsOfBridge } from '../../rules/links.ts'
import type { Context } from '../context.ts'

/** Between which ports its bridge passes it on, which FORWARD and the bridge's own tables show. */
export function portsOf({ arrivals, journey }: Evidence): Pick<Packet, 'physIn' | 'physOut' | 'out'> {
  const bridged = arrivals.find(
    ({ packet: one, hook }) =>
      hook === 'forward' && one.physIn !== undefined && one.physOut !== undefined && one.in === one.out,
  )
  if (bridged) return { physIn: bridged.packet.physIn!, physOut: bridged.packet.physOut! }
  const left = arrivals.find(({ packet: { out }, table }) => isOfLink(table) && out !== undefined)
  if (!left) return {}
  const { in: from, out: to } = left.packet
  // IP's chains name the bridge, and the bridge's own chains its ports
  const isPassedOn = from !== undefined && from !== journey.packet.in && left.hook === 'forward'
  if (isPassedOn && journey.packet.in !== undefined) return { physIn: from, physOut: to! }
  return journey.packet.in === undefined ? { physOut: left.packet.out! } : { out: left.packet.out! }
}

/** Its chains see devices, as a bridge's ports. */
const isOfLink = (table: Table | undefined): boolean => table?.family === 'bridge' || table?.family === 'netdev'

/** What was asked, as it came to the bridge by whose ports its answer goes. */
export function openingBehindPort({ evidence, journey, world: { host } }: Context, asked?: Packet): Packet | undefined {
  const { in: came, srcMac, dstMac } = journey.packet
  const { out, physOut } = portsOf(evidence)
  const bridge = bridgeOfPort(host, came) ?? bridgeOfPort(host, physOut)
  if (!asked || !bridge) return asked
  // this host had asked, and sent it by that port
  if (asked.in === undefined) return came === undefined ? asked : { ...asked, physOut: came }
  if (asked.in !== bridge.name) return asked
  const others = portsOfBridge(host, bridge.name).filter(({ name }) => name !== came)
  const from = out ?? physOut ?? (others.length === 1 ? others[0]!.name : undefined)
  if (from === undefined) return asked
  // whoever it was for is a neighbour of who asked, or this host itself
  const isPassedOn = came !== undefined
  return {
    ...asked,
    in: from,
    ...(isPassedOn ? { out: came } : {}),
    ...(isPassedOn && srcMac !== undefined ? { dstMac: srcMac } : {}),
    ...(isPassedOn && dstMac !== undefined ? { srcMac: dstMac } : {}),
  }
}
