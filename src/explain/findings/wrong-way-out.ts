import type { Route } from '../../model/host.ts'
import { lookupRoute, routeDevices } from '../../rules/route.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { deleteRoute, type Home, homeOf } from '../routes.ts'

/** The route that leads away from the network that the destination is in; undefined where it does not. */
function strayRoute(context: Context): { route: Route; home: Home; dst: string; out: string } | undefined {
  const { world } = context
  const { dst, out, src, mark = 0, in: from } = lastPacket(context)
  if (dst === undefined || out === undefined || out === 'lo') return undefined
  const home = homeOf(dst, world.host)
  if (!home || home.link.name === out) return undefined
  const question = { dst, mark, ...(from === undefined ? {} : { in: from }), ...(src === undefined ? {} : { src }) }
  const route = lookupRoute(question, world.host)
  // another way than the routes of now lead is not theirs to explain
  return route && routeDevices(route).includes(out) ? { route, home, dst, out } : undefined
}

export const leadsAstray = (context: Context): boolean => strayRoute(context) !== undefined

/** It left, or was to leave, by another interface than that of its own network. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const stray = strayRoute(context)
    if (!stray) return []
    const { route, home, dst, out } = stray
    const why = `${dst} is in the network of ${home.link.name} (${home.network}), but the route to ${route.destination} leads out of ${out}`
    return [
      finding('wrong-way-out', 'warning', `It went the wrong way: ${why}.`, {
        steps: [context.ended.step + 1],
        fix: [
          {
            description: 'take that route away',
            ...deleteRoute(route),
            unverified: 'not tried',
            note: `ask for the way then: ip route get ${dst}`,
          },
        ],
      }),
    ]
  },
}
