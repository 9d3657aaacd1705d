/** What this host sends out of an interface that its program has chosen, and that has no route to the destination. */
import type { Route } from '../../model/host.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { lookupRoute, type RouteQuestion, routeDevices } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { addRoute, isDefault, isOwnTable } from '../host/routes.ts'
import { nextHops } from './next-hops.ts'

/**
 * Where an interface is chosen (SO_BINDTODEVICE, IP_PKTINFO) and none of its routes leads there, IPv4 takes the destination
 * for a neighbour of that interface (ip_route_output_key_hash_rcu); IPv6 refuses to send.
 */
export function routeless(context: Context, question: RouteQuestion, route: Route, out: string): Detected[] {
  const { journey, world, ended } = context
  const { host } = world
  const { dst } = question
  if (journey.packet.in !== undefined || journey.family !== 'ip' || routeDevices(route).includes(out)) return []
  const own = (host.routes ?? []).filter((one) => routeDevices(one).includes(out))
  // null: there is none; undefined: unknown
  if (lookupRoute(question, { ...host, routes: own }) !== null) return []
  const found = silentNeighbour(host, out, dst)
  if (!found) return []
  const leads = route.type === 'unicast' ? `: the route to it leads out of ${routeDevices(route).join(' or ')}` : ''
  const message = `It left by ${out}, although no route out of ${out} leads to ${dst}${leads}. Its program has chosen the interface, as "ping -I" and "curl --interface" do. So this host took ${dst} for a neighbour on ${out}, and nothing replied to ARP: its neighbour entry is ${silentState(found)}.`
  const last = lastMetric(host.routes ?? [])
  const gateways = nextHops({ family: 'ip' }, out, host)
  return [
    finding('neighbour-failed', 'warning', message, {
      steps: [ended.step + 1],
      fix: [
        ...gateways.flatMap((gateway) =>
          propose(
            `add a default route out of ${out}${last === undefined ? '' : ' that other packets do not take'}`,
            addRoute({
              ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', device: out, gateway },
              metric: (last ?? 0) + MORE,
            }),
            last === undefined ? 'every packet that has no other route then takes it, too' : undefined,
            `whether ${gateway} is a router to other networks is unknown here`,
          ),
        ),
        ...(gateways.length > 0
          ? []
          : [
              {
                description: `add a route to ${dst} out of ${out}, via the router on ${out}; with a higher metric than the other default routes it changes nothing for other packets`,
                unverified: 'the right next hop is unknown here',
              },
            ]),
      ],
    }),
  ]
}

const MORE = 100

/** Behind it, a default route of table main is the last that is taken; undefined: there is none. */
function lastMetric(routes: readonly Route[]): number | undefined {
  const found = routes.filter((one) => one.family === 'ip' && isOwnTable(one.table) && isDefault(one))
  return found.length > 0 ? Math.max(...found.map(({ metric = 0 }) => metric)) : undefined
}
