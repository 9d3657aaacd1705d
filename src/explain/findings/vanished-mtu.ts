import { exceedsMtu, mtuOf } from '../../rules/mtu.ts'
import { routeDevices } from '../../rules/route.ts'
import { changesOf } from '../changes.ts'
import { type Detector, finding } from '../context.ts'
import { toForward } from './routing.ts'

const MANGLE = { family: 'ip', table: 'mangle', chain: 'FORWARD' } as const

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
        `It is ${routed.packet.length} bytes long, ${device} takes ${mtuOf(routed.route, device, host)}, and it must not be fragmented: the kernel drops it and replies "${ipv6 ? 'packet too big' : 'fragmentation needed'}".`,
        {
          steps: [context.ended.step + 1],
          fix: [
            {
              description: "clamp TCP's segment size to the path's MTU, and accept the ICMP error",
              ...changesOf(MANGLE).add(MANGLE, { chain: MANGLE.chain }, { kind: 'openings' }, { kind: 'clamp' }),
              unverified: 'not tried',
            },
          ],
        },
      ),
    ]
  },
}
