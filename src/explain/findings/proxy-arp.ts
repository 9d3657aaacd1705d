import { deviceSysctl } from '../../edits/words.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { setSysctl } from '../changes/change.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { areNeighbours } from '../host/routes.ts'
import { larger, sysctlName } from './routing.ts'

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
    if (journey.packet.dst !== dst || larger(context, device, 'proxy_arp_pvlan') !== 1) return []
    if (!areNeighbours(src, dst, device, world.host)) return []
    const question = questionOf(journey.packet)
    const route = question && lookupRoute(question, world.host)
    if (route?.type !== 'unicast' || route.gateway !== undefined || route.device !== device) return []
    const setting = `net.ipv4.conf.${sysctlName(device)}.proxy_arp_pvlan`
    const isOwn = world.host.sysctls?.get(setting) === '1'
    const all = world.host.sysctls?.get('net.ipv4.conf.all.proxy_arp_pvlan') !== '1'
    return [
      finding(
        'wrong-way-out',
        'warning',
        `${src} and ${dst} are neighbours on ${device}, and this host does proxy ARP there (${isOwn ? setting : 'net.ipv4.conf.all.proxy_arp_pvlan'}=1): it answers ARP for ${dst} with its own MAC address, so packets for ${dst} come here.`,
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: `unless this host is to stand between its neighbours, let it answer for its own addresses alone; what ${src} has learned lasts until its entry of ${dst} is deleted or asked for again`,
              ...(isOwn && all ? setSysctl(deviceSysctl('ipv4', device, 'proxy_arp_pvlan'), 0, 1) : {}),
              unverified: 'the model does not play ARP',
            },
          ],
        },
      ),
    ]
  },
}
