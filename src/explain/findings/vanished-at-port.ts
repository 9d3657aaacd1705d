import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Link } from '../../model/host.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { bridgeCalls, bridgeNamed, bridgePassingOn, isSentBack } from '../../rules/bridge-calls.ts'
import { entryOpened } from '../../rules/conntrack/entries.ts'
import { portsOfBridge } from '../../rules/links.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { routeDevices } from '../../rules/route.ts'
import { droppedBy } from '../cause-words.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { rewritesSources } from '../counterfactual/undeliverable.ts'
import { BRIDGED_UNPLAYED } from '../host/bridges.ts'
import { nameRef } from '../refs.ts'
import { keepOut } from './bridge-nf-call.ts'
import { takenFromOthers } from './rewritten-in-vain.ts'
import { toForward } from './routing.ts'

/**
 * nat sent what came in by a port of a bridge back to where it came from. A bridge that calls IP's chains passes it on by
 * itself, and sends nothing out of the port that it came in by (net/bridge/br_netfilter_hooks.c, br_forward.c should_deliver).
 */
export const vanishedAtPort: Detector = {
  code: 'vanished-at-port',
  detect(context) {
    const routed = toForward(context)
    if (!routed) return []
    const { packet, dst, route } = routed
    const { world, journey, ended } = context
    const bridge = bridgeNamed(world.host, packet.in)
    if (!bridge || !routeDevices(route).includes(bridge.name)) return []
    const back = isSentBack(world.host, bridge, packet, dst)
    // whose link address nobody has told is behind no port
    if (back === 'only-port' && silentNeighbour(world.host, bridge.name, dst)) return []
    if (!back || bridgeCalls(world.host, bridge, journey.family) !== true) return []
    const ports = portsOfBridge(world.host, bridge.name).filter(
      ({ name }) => packet.physIn === undefined || name === packet.physIn,
    )
    const asker = {
      sender: 'the sender itself',
      'same-mac': 'on the same machine as the sender',
      'only-port': `behind ${ports[0]!.name}, the only port, like the sender`,
    }[back]
    const behind = packet.physIn === undefined || back === 'only-port' ? '' : `, behind port ${packet.physIn}`
    const taken = takenFromOthers(context)
    const why = taken
      ? ` ${nameRef(taken.rule.ref)} rewrote its destination. The packet was for ${taken.asked}, another host.`
      : ''
    // a whole network may be behind it, which hairpin mode gives back all that it floods
    const isOfNetwork = back === 'only-port'
    const hairpin = setPort(
      // where several may be its port, all of them send nothing back
      ports.length === 1 ? ports[0] : undefined,
      "enable hairpin mode on the sender's port",
      'hairpin',
      true,
      isOfNetwork
        ? 'do this only if no switch is behind the port: the port then sends broadcasts back too, and a switch learns wrong ports from these'
        : "the program that created the port has a setting for it, such as the bridge plugin's hairpinMode",
    )
    const { sentence, ...words } = droppedBy(
      `Bridge ${bridge.name}`,
      `${dst} is ${asker}${behind}, and a port without hairpin mode does not send a frame back to its sender`,
    )
    return [
      finding('vanished-at-port', 'error', `${sentence}${why}`, {
        ...words,
        steps: [ended.step + 1],
        rules: taken ? [taken.rule.ref] : [],
        fix: taken ? taken.fix : isOfNetwork ? [...routeInstead(context, bridge, packet, dst), ...hairpin] : hairpin,
      }),
    ]
  },
}

/** Without the call nat sees the packet where this host routes it, and what is routed may leave by the port that it came in by. */
function routeInstead(context: Context, bridge: Link, { src }: Packet, dst: string): Proposal[] {
  // past this host no rule undoes what nat did
  const past = rewritesSources(context) === false ? `; without masquerading, ${dst} replies directly to ${src}` : ''
  return keepOut(context, bridge).map((one) => ({
    ...one,
    description: `${one.description}: this host then routes the packet`,
    unverified: BRIDGED_UNPLAYED,
    note: `${one.note}${past}`,
  }))
}

/**
 * Two ports of one bridge that are both isolated: it passes no frame from one to the other (net/bridge/br_private.h,
 * br_skb_isolated). What is only bridged has met IP's chains up to PREROUTING, if the bridge calls them.
 */
export const notBetweenIsolated: Detector = {
  code: 'vanished-at-port',
  detect(context) {
    const { world, journey, evidence, ended } = context
    const { packet } = evidence.arrivals.at(-1) ?? {}
    const bridge = packet && bridgePassingOn(packet, world.host)
    if (!packet?.dst || !bridge || evidence.arrivals.some(({ hook }) => hook !== 'prerouting')) return []
    if (isStoppedByRule(journey.outcome)) return []
    // what nat sends elsewhere is routed
    const { original, reply } = entryOpened(packet, world) ?? {}
    if (destinationRule(context) || original?.dst !== reply?.src) return []
    if (bridgeCalls(world.host, bridge, journey.family) === false) return []
    const ports = portsOfBridge(world.host, bridge.name)
    if (ports.length < 2 || ports.some(({ isolated }) => isolated !== true)) return []
    const { sentence, [FOR_REPORTS]: cause } = droppedBy(
      `Bridge ${bridge.name}`,
      `all its ports are isolated (${ports.map(({ name }) => name).join(', ')}), and it forwards no frame from one isolated port to another`,
    )
    return [
      finding('vanished-at-port', 'error', sentence, {
        steps: [ended.step + 1],
        [FOR_REPORTS]: { headline: 'isolated bridge ports', ...cause },
        fix: setPort(
          // both ends have to be: of more ports than two, the others stay out of it
          ports.find(({ name }) => name === packet.physIn) ?? (ports.length === 2 ? ports[0] : undefined),
          'turn isolation off on one port, if the sender should reach the destination',
          'isolated',
          false,
          "the program that created the port has a setting for it, such as the bridge plugin's portIsolation; the port then exchanges frames with all other ports",
        ),
      }),
    ]
  },
}

/** Undefined: which port it is, is not known. */
function setPort(
  port: Link | undefined,
  description: string,
  setting: 'hairpin' | 'isolated',
  on: boolean,
  note: string,
): Proposal[] {
  const unverified = 'the model does not simulate what a bridge forwards'
  if (!port)
    return [
      { description: `${description}: bridge link set dev PORT ${setting} ${on ? 'on' : 'off'}`, unverified, note },
    ]
  const edit = { kind: 'bridge-port', device: port.name, setting } as const
  return propose(description, { edits: [{ ...edit, on }], undo: [{ ...edit, on: !on }] }, note, unverified)
}
