import { bridgeCalls, bridgeNamed } from '../../rules/bridge-calls.ts'
import { routeDevices } from '../../rules/route.ts'
import { type Detector, finding } from '../context.ts'
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
    const { links = [], neighbours = [] } = world.host
    const bridge = bridgeNamed(world.host, packet.in)
    if (!bridge || !routeDevices(route).includes(bridge.name)) return []
    // nft's trace does not show by which port it came in
    const ports = links.filter(
      ({ name, master }) => master === bridge.name && (packet.physIn === undefined || name === packet.physIn),
    )
    if (ports.length === 0 || ports.some(({ hairpin }) => hairpin !== false)) return []
    const asker = packet.src === dst ? 'the sender itself' : 'the same machine'
    const isBack =
      packet.src === dst ||
      (packet.srcMac !== undefined &&
        neighbours.some(
          ({ address, mac, device }) => address === dst && mac === packet.srcMac && device === bridge.name,
        ))
    if (!isBack || bridgeCalls(world.host, bridge, journey.family) !== true) return []
    return [
      finding(
        'vanished-at-port',
        'error',
        `Bridge ${bridge.name} dropped it: ${dst} is ${asker}${packet.physIn === undefined ? '' : `, behind port ${packet.physIn}`}, and a port without hairpin mode does not send a frame back to its sender.`,
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: 'enable hairpin mode on that port: bridge link set dev PORT hairpin on',
              unverified: 'this is not a rule change',
              note: "the program that created the port has a setting for it, such as the bridge plugin's hairpinMode",
            },
          ],
        },
      ),
    ]
  },
}
