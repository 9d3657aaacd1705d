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
    // nft's trace does not show that bit; without it the kernel would have fragmented the packet
    const isUnseen = !ipv6 && routed.packet.dontFragment === undefined
    const packet = isUnseen ? { ...routed.packet, dontFragment: true } : routed.packet
    if (exceedsMtu(packet, routed.route, device, host) !== true) return []
    return [
      finding(
        'vanished-mtu',
        'error',
        `It is ${packet.length} bytes long${isUnseen ? '' : ' and must not be fragmented'}, but ${device} takes at most ${mtuOf(routed.route, device, host)} bytes: ${isUnseen ? 'if it must not be fragmented, ' : ''}the kernel drops it and replies "${ipv6 ? 'packet too big' : 'fragmentation needed'}".`,
        {
          steps: [context.ended.step + 1],
          fix: smallerPackets(packet, ipv6 ? 'ip6' : 'ip', context.world),
        },
      ),
    ]
  },
}
