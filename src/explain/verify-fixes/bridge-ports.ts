/** By which ports of a bridge of this host a packet came and left, and its request before it. */
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import { bridgeOfPort } from '../../rules/bridge-calls.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { portsOfBridge } from '../../rules/links.ts'
import { isUnknown } from '../../rules/truth.ts'
import { type Context, momentAt } from '../context.ts'

type Ports = Pick<Packet, 'physIn' | 'physOut' | 'out'>

/** Between which ports its bridge passes it on, which FORWARD and the bridge's own tables show, or the rules that matched. */
export function portsOf(context: Context): Ports {
  const { arrivals, journey } = context.evidence
  const bridged = arrivals.find(
    ({ packet: one, hook }) =>
      hook === 'forward' && one.physIn !== undefined && one.physOut !== undefined && one.in === one.out,
  )
  if (bridged) return { physIn: bridged.packet.physIn!, physOut: bridged.packet.physOut! }
  const left = arrivals.find(({ packet: { out }, table }) => isOfLink(table) && out !== undefined)
  if (!left) return portsMatched(context) ?? {}
  const { in: from, out: to } = left.packet
  // IP's chains name the bridge, and the bridge's own chains its ports
  const isPassedOn = from !== undefined && from !== journey.packet.in && left.hook === 'forward'
  if (isPassedOn && journey.packet.in !== undefined) return { physIn: from, physOut: to! }
  return journey.packet.in === undefined ? { physOut: left.packet.out! } : { out: left.packet.out! }
}

/** What is passed on between two of them is tried for each two. */
const MOST_PORTS = 24

/** nft's trace names no ports, but the rules that matched may ask for them: undefined where more than one way is left. */
function portsMatched(context: Context): Ports | undefined {
  const { evidence, journey, world } = context
  const bridged = evidence.arrivals.findIndex(
    ({ hook, packet: { in: from, out, physIn, physOut } }) =>
      hook === 'forward' && from !== undefined && from === out && physIn === undefined && physOut === undefined,
  )
  const bridge = evidence.arrivals[bridged]?.packet.in
  const ports = bridge === undefined ? [] : portsOfBridge(world.host, bridge).map(({ name }) => name)
  if (ports.length > MOST_PORTS) return undefined
  const asked = evidence.arrivals.flatMap(({ hook, rule }, i) => {
    if (hook !== 'forward' || !rule || journey.steps[i]!.kind !== 'rule') return []
    const at = momentAt(context, i)
    return rule.conditions.filter((one) => isUnknown(evaluate(one, at))).map((condition) => ({ condition, at }))
  })
  const ways = ports.flatMap((physIn) =>
    ports.filter((one) => one !== physIn).map((physOut): Ports => ({ physIn, physOut })),
  )
  const possible = ways.filter((way) =>
    asked.every(({ condition, at }) => evaluate(condition, { ...at, packet: { ...at.packet, ...way } }) !== false),
  )
  return possible.length === 1 ? possible[0] : undefined
}

/** Its chains see devices, as a bridge's ports. */
const isOfLink = (table: Table | undefined): boolean => table?.family === 'bridge' || table?.family === 'netdev'

/** What was asked, as it came to the bridge by whose ports its answer goes. */
export function openingBehindPort(context: Context, asked?: Packet): Packet | undefined {
  const { journey, world } = context
  const { host } = world
  const { in: came, srcMac, dstMac } = journey.packet
  const { out, physOut } = portsOf(context)
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
