import { deviceSysctl } from '../../edits/words.ts'
import { parseAddress } from '../../model/address.ts'
import type { Fix } from '../../model/journey.ts'
import { isLocal } from '../../rules/fib.ts'
import { setSysctl } from '../changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import type { Proposal } from '../proposal.ts'
import { atRouting, larger, sysctlName } from './routing.ts'

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
    const why = `${loopback} may not come in from outside (net.ipv4.conf.${sysctlName(device)}.route_localnet is 0)`
    // sent there by a rule of this host's own
    const meant = routed.dst !== context.journey.packet.dst
    return martian(context, device, why, meant ? [allowLoopback(device)] : [])
  },
}

/** Priorities of the rules that are there from the start. */
const KERNELS_OWN: readonly number[] = [0, 32766, 32767]

/** The host's own address as source; asked once the route is known (net/ipv4/fib_frontend.c, fib_validate_source). */
export const vanishedOwnAddress: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    const { src } = routed.packet
    if (isLocal(src, context.world.host) !== true || larger(context, device, 'accept_local')) return []
    const { links, routingRules } = context.world.host
    // of the loopback network only what an interface has; all that is routed to lo, where the routes are asked
    const assigned = links?.some((link) => link.addresses?.some(({ address }) => address === src))
    const ownRules = routingRules?.some(({ family, priority }) => family === 'ip' && !KERNELS_OWN.includes(priority))
    if (src.startsWith('127.') && !assigned && !ownRules && !larger(context, device, 'rp_filter')) return []
    return martian(context, device, `${src} is this host's own address (accept_local is 0)`)
  },
}

/** Who rewrites destinations to 127.0.0.1 needs it. */
function allowLoopback(device: string): Fix {
  return {
    description: `let ${device} bring in packets for 127.0.0.0/8, which nat has sent there`,
    ...setSysctl(deviceSysctl('ipv4', device, 'route_localnet'), 1, 0),
    unverified: 'not tried',
    note: 'neighbours can then reach what listens on 127.0.0.1: drop in INPUT what is for it and was not rewritten',
  }
}

const martian = (context: Context, device: string, why: string, fix: Proposal[] = []): Detected[] => [
  finding('vanished-martian', 'error', `Routing dropped it as a martian: it came in on ${device}, and ${why}.`, {
    steps: [context.ended.step + 1],
    fix: [
      ...fix,
      {
        description: 'see who sends with that address; `sysctl -w net.ipv4.conf.all.log_martians=1` logs them',
        unverified: 'it is not in the rules',
      },
    ],
  }),
]
