import { lookupRoute, routeDevices } from '../../rules/route.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { deleteRoute, homeOf } from '../routes.ts'

/** The route leads away from the network that the destination is in. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { world, ended } = context
    const { dst, out, src, mark = 0, in: from } = lastPacket(context)
    if (dst === undefined || out === undefined || out === 'lo') return []
    const home = homeOf(dst, world.host)
    if (!home || home.link.name === out) return []
    const question = { dst, mark, ...(from === undefined ? {} : { in: from }), ...(src === undefined ? {} : { src }) }
    const route = lookupRoute(question, world.host)
    // another way than the routes of now lead is not theirs to explain
    if (!route || !routeDevices(route).includes(out)) return []
    const why = `${dst} is in the network of ${home.link.name} (${home.network}), but the route to ${route.destination} leads out of ${out}`
    return [
      finding('wrong-way-out', 'warning', `It went the wrong way: ${why}.`, {
        steps: [ended.step + 1],
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
