import { exceedsMtu, mtuOf } from '../../rules/mtu.ts'
import { routeDevices } from '../../rules/route.ts'
import { smallerPackets } from '../changes/smaller-packets.ts'
import { type Detector, finding } from '../context.ts'
import { toForward } from './routing.ts'

/** Too long for the way out, and not to be cut (net/ipv4/ip_forward.c, net/ipv6/ip6_output.c). */
export const vanishedMtu: Detector = {
  code: 'vanished-mtu',
  detect(context) {
    const routed = toForward(context)
    if (!routed) return []
    const ipv6 = context.journey.family === 'ip6'
    const [device] = routeDevices(routed.route)
    const { host } = context.world
    if (exceedsMtu(routed.packet, routed.route, device, host) !== true) return []
    return [
      finding(
        'vanished-mtu',
        'error',
        `It is ${routed.packet.length} bytes long and must not be fragmented, but ${device} takes at most ${mtuOf(routed.route, device, host)} bytes: the kernel drops it and replies "${ipv6 ? 'packet too big' : 'fragmentation needed'}".`,
        {
          steps: [context.ended.step + 1],
          fix: smallerPackets(routed.packet, ipv6 ? 'ip6' : 'ip', context.world),
        },
      ),
    ]
  },
}
