import { parseAddress } from '../../model/address.ts'
import { isLocal } from '../../rules/fib.ts'
import { type Detector, finding } from '../context.ts'
import { atRouting, larger } from './routing.ts'

/** An address that cannot come from that side (net/ipv4/route.c, ip_route_input_slow). */
export const vanishedMartian: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    if (device === 'lo') return []
    const [src, dst] = [parseAddress(routed.packet.src), parseAddress(routed.dst)]
    if (!src || !dst) return []
    const why =
      src[0]! >= 224
        ? `${routed.packet.src} cannot be a source`
        : (src[0] === 127 || dst[0] === 127) && !larger(context, device, 'route_localnet')
          ? `${src[0] === 127 ? routed.packet.src : routed.dst} may not come in from outside (route_localnet is 0)`
          : isLocal(routed.packet.src, context.world.host) === true && !larger(context, device, 'accept_local')
            ? `${routed.packet.src} is this host's own address (accept_local is 0)`
            : undefined
    if (why === undefined) return []
    return [
      finding('vanished-martian', 'error', `Routing dropped it as a martian: it came in on ${device}, and ${why}.`, {
        steps: [context.ended.step + 1],
        fix: [
          {
            description: 'see who sends with that address; `sysctl -w net.ipv4.conf.all.log_martians=1` logs them',
            unverified: 'it is not in the rules',
          },
        ],
      }),
    ]
  },
}
