import { type Context, type Detector, finding } from '../context.ts'
import type { Proposal } from '../proposal.ts'
import { addConnected, askRoute, deleteRoute, homeOf } from '../routes.ts'
import { atRouting, type Routed } from './routing.ts'

/** No route to the destination, or one that says no. */
export const vanishedNoRoute: Detector = {
  code: 'vanished-no-route',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || routed.route === undefined) return []
    const type = routed.route?.type
    if (routed.route !== null && type !== 'unreachable' && type !== 'blackhole' && type !== 'prohibit') return []
    const why = type === undefined ? `there is no route to ${routed.dst}` : `the route to ${routed.dst} is "${type}"`
    return [
      finding('vanished-no-route', 'error', `Routing dropped it: ${why}.`, {
        steps: [context.ended.step + 1],
        fix: [
          ...mend(context, routed),
          {
            description: `add a route to ${routed.dst}, then ask: ${askRoute(routed.dst) ?? 'ip route get'}`,
            unverified: 'which gateway is not known here',
          },
        ],
      }),
    ]
  },
}

/** Taking away the route that says no; or the one that a link's address should have brought. */
function mend({ world }: Context, { route, dst }: Routed): Proposal[] {
  const unverified = 'not tried'
  if (route) return [{ description: `take the ${route.type} route away`, ...deleteRoute(route), unverified }]
  const home = homeOf(dst, world.host)
  if (!home) return []
  const { link, network } = home
  return [
    {
      description: `${link.name} has an address in ${network}: give it its route back`,
      ...addConnected(home),
      unverified,
    },
  ]
}
