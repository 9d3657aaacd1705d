import type { Link } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import { linkNamed } from '../../rules/links.ts'
import { neighboursAt } from '../../rules/neighbours.ts'
import { questionOf } from '../../rules/route.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { hasReplied } from '../counterfactual/known-there.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { hasNoLinkLayer } from '../host/routes.ts'

/** Without ARP or neighbour discovery an interface sends every frame to its own link address (arp_constructor, ndisc_constructor). */
export const arpOff: Detector = {
  code: 'neighbour-failed',
  detect(context) {
    const { journey, world, ended } = context
    const { host } = world
    if (!hasLeft(journey.outcome) || !lacksReply(context)) return []
    const { out, ...packet } = lastPacket(context)
    const link = linkNamed(host, out)
    if (!out || !link?.noArp || link.mac === undefined || hasNoLinkLayer(link) || OWN_WAY.has(link.kind)) return []
    if (isModem(link) || hasReplied(out, host)) return []
    const next = nextHopOf(packet, out, host) ?? questionOf(packet)?.dst
    // somebody has entered the link address
    if (next === undefined || neighboursAt(host, out, next).some(({ mac }) => mac !== undefined && mac !== link.mac))
      return []
    const asks = journey.family === 'ip6' ? 'neighbour discovery' : 'ARP'
    const message = `ARP is off on ${out} (NOARP): this host does not ask for the MAC address of ${next} by ${asks}, and sends the frames to the MAC address of ${out} itself. It does not answer who asks for its own addresses on ${out} either.`
    return [
      finding('neighbour-failed', 'warning', message, {
        steps: [ended.step + 1],
        fix: [
          {
            description: `switch ARP on for ${out}: ip link set dev ${out} arp on`,
            unverified: 'the model does not change interfaces',
          },
        ],
      }),
    ]
  },
}

/** A modem takes packets, and no frames (cdc_mbim.c, sierra_net.c); the kernel and systemd name it so. */
const isModem = ({ name }: Link): boolean => name.startsWith('ww')

/** Kinds that go without: their frames need no link address of a neighbour, or go nowhere. */
const OWN_WAY: ReadonlySet<string | undefined> = new Set(['ipvlan', 'ipvtap', 'dummy', 'vrf', 'nlmon', 'ifb'])
