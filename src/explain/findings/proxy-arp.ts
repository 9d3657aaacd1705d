import { deviceSysctl } from '../../edits/words.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { setSysctl } from '../changes/change.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { areNeighbours } from '../host/routes.ts'

/**
 * Sender and destination are neighbours on the link that it came in by, and this host answers ARP there for others, so
 * that it gets what is not for it (arp_fwd_pvlan in net/ipv4/arp.c). proxy_arp alone does so for other links' hosts only.
 */
export const proxyArp: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world, ended } = context
    if (journey.family !== 'ip' || !isStopped(journey.outcome)) return []
    const { src, dst, in: device, physIn } = lastPacket(context)
    if (src === undefined || dst === undefined || device === undefined || physIn !== undefined) return []
    const named = (leaf: string) => `net.ipv4.conf.${sysctlName(device)}.${leaf}`
    const isOn = (leaf: string) => world.host.sysctls?.get(named(leaf)) === '1'
    // older kernels do not ask the setting of all
    if (journey.packet.dst !== dst || !isOn('proxy_arp_pvlan') || !isOn('forwarding')) return []
    if (!areNeighbours(src, dst, device, world.host)) return []
    const question = questionOf(journey.packet)
    const route = question && lookupRoute(question, world.host)
    if (route?.type !== 'unicast' || route.gateway !== undefined || route.device !== device) return []
    return [
      finding(
        'wrong-way-out',
        'warning',
        `This host replies to ARP requests for ${dst} with its own MAC address (${named('proxy_arp_pvlan')}=1). So ${src} sends packets for ${dst} to this host, although both are neighbours on ${device}.`,
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: 'set proxy_arp_pvlan to 0, unless this host should forward between neighbours',
              ...setSysctl(deviceSysctl('ipv4', device, 'proxy_arp_pvlan'), 0, 1),
              unverified: 'the model does not simulate ARP',
              note: `${src} keeps this host's MAC address for ${dst} until its neighbour entry is deleted or resolved again`,
            },
          ],
        },
      ),
    ]
  },
}
