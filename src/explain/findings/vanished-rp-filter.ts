import type { Route } from '../../model/host.ts'
import type { Fix } from '../../model/journey.ts'
import { lookupRoute, routeDevices } from '../../rules/route.ts'
import { shellWord } from '../commands.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { deleteRoute, homeOf } from '../routes.ts'
import { atRouting, larger, sysctlName } from './routing.ts'

/** Reverse path filter: the way back to the source leads over another interface (net/ipv4/fib_frontend.c). */
export const vanishedRpFilter: Detector = {
  code: 'vanished-rp-filter',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const { packet } = routed
    const device = packet.in!
    const mode = larger(context, device, 'rp_filter')
    if (!mode || packet.src === '0.0.0.0') return []
    // the mark counts only with src_valid_mark
    const marked = (larger(context, device, 'src_valid_mark') ?? 0) > 0 ? packet.mark : 0
    const back = lookupRoute({ dst: packet.src!, src: routed.dst, mark: marked ?? 0 }, context.world.host)
    if (back === undefined) return []
    const devices = back === null ? [] : routeDevices(back)
    const own = back?.type === 'local' && (larger(context, device, 'accept_local') ?? 0) > 0
    const anyRoute = back?.type === 'unicast' || own
    if (anyRoute && (mode !== 1 || devices.includes(device))) return []
    const way =
      back === null || devices.length === 0
        ? 'there is no route back to it'
        : `the way back to it is ${devices.join(' or ')}`
    const name = `net.ipv4.conf.${sysctlName(device)}.rp_filter`
    return [
      finding(
        'vanished-rp-filter',
        'error',
        `The reverse path filter dropped it: it came in on ${device}, but ${way} (rp_filter=${mode}).`,
        {
          steps: [context.ended.step + 1],
          fix: [
            ...strayRoute(context, packet.src!, device, back),
            {
              description: 'add the route back, or let the filter be loose',
              command: `sysctl -w ${shellWord(name)}=2`,
              undo: `sysctl -w ${shellWord(name)}=${context.world.host.sysctls?.get(name) ?? mode}`,
              unverified: 'not tried',
              note: 'the larger of this value and net.ipv4.conf.all.rp_filter counts',
            },
          ],
        },
      ),
    ]
  },
}

/** The source is in the network that it came from, and a route says otherwise. */
function strayRoute({ world }: Context, src: string, device: string, back: Route | null): Fix[] {
  if (!back || homeOf(src, world.host)?.link.name !== device) return []
  return [
    {
      description: `${src} is in the network of ${device}: take away the route that leads elsewhere`,
      ...deleteRoute(back),
      unverified: 'not tried',
    },
  ]
}
