import { parseAddress } from '../../model/address.ts'
import { isLocal } from '../../rules/fib.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { atRouting, larger } from './routing.ts'

/** Addresses that cannot come from outside; asked before the route (net/ipv4/route.c, ip_route_input_slow). */
export const vanishedMartian: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    const [src, dst] = [parseAddress(routed.packet.src), parseAddress(routed.dst)]
    if (!src || !dst) return []
    if ((src[0]! >= 224 && src[0]! < 240) || routed.packet.src === '255.255.255.255')
      return martian(context, device, `${routed.packet.src} cannot be a source`)
    if ((src[0] !== 127 && dst[0] !== 127) || larger(context, device, 'route_localnet')) return []
    const loopback = src[0] === 127 ? routed.packet.src : routed.dst
    return martian(context, device, `${loopback} may not come in from outside (route_localnet is 0)`)
  },
}

/** The host's own address as source; asked once the route is known (net/ipv4/fib_frontend.c, fib_validate_source). */
export const vanishedOwnAddress: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    const { src } = routed.packet
    if (isLocal(src, context.world.host) !== true || larger(context, device, 'accept_local')) return []
    // of the loopback network only what an interface has, not all that is routed to lo
    const assigned = context.world.host.links?.some((link) => link.addresses?.some(({ address }) => address === src))
    if (src.startsWith('127.') && !assigned) return []
    return martian(context, device, `${src} is this host's own address (accept_local is 0)`)
  },
}

const martian = (context: Context, device: string, why: string): Detected[] => [
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
