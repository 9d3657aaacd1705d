import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { leadsHere, lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { homeOf, isDefault } from '../host/routes.ts'
import { knowsSockets, listener } from '../host/sockets.ts'

/**
 * The destination is behind this host, and stands on an interface of its own as well, or is the anycast address of all
 * routers there: so it was not forwarded.
 */
export const keptHere: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world, ended, evidence } = context
    const packet = lastPacket(context)
    const { dst, in: from } = packet
    const isStopped = isStoppedByRule(journey.outcome) && evidence.arrivals[ended.step]?.hook === 'input'
    const isRefused = context.inVain === 'refused' || knowsSockets(world.host, packet.protocol)
    if (!isStopped && !(journey.outcome === 'delivered' && isRefused)) return []
    if (dst === undefined || from === undefined || listener(world.host, packet)) return []
    const shared = anycastOn(context, packet)
    if (shared !== undefined)
      return [
        finding(
          'wrong-way-out',
          'warning',
          `It was not forwarded, because ${dst} is the subnet-router anycast address of ${shared}, the first address of its network: each router there takes it as its own (RFC 4291, 2.6.1). A host in that network cannot be reached at it through a router.`,
          {
            steps: [ended.step + 1],
            fix: [
              {
                description: `if a host has ${dst}, give it another address of that network, and rules that send to ${dst} as well`,
                unverified: 'nfwhy does not change the addresses of other hosts',
              },
            ],
          },
        ),
      ]
    const full = dst.includes(':') ? 128 : 32
    const holder = world.host.links?.find(({ addresses = [] }) =>
      addresses.some((one) => one.address === dst && one.prefixLength === full),
    )
    const question = questionOf(packet)
    if (!holder || !question) return []
    const routes = (world.host.routes ?? []).filter(
      ({ type, destination, table }) => !(table === 'local' || type === 'local') || prefixLength(destination) < full,
    )
    const onward = lookupRoute(question, { ...world.host, routes })
    if (onward?.type !== 'unicast' || isDefault(onward)) return []
    const ways = routeDevices(onward)
    if (ways.includes(holder.name) || homeOf(dst, world.host)?.link.name === holder.name) return []
    return [
      finding(
        'wrong-way-out',
        'warning',
        `It was not forwarded, because ${dst} is an address of this host (${holder.name}). Without this address, the packet would leave by ${ways.join(' or ')} (route to ${onward.destination}).`,
        {
          steps: [ended.step + 1],
          fix: [
            {
              description: `if another host has the address, remove it here: ip address del ${dst}/${full} dev ${holder.name}`,
              unverified: 'the model does not remove addresses',
            },
          ],
        },
      ),
    ]
  },
}

/** Of which interface. The kernel adds these to its table where it forwards (addrconf_join_anycast in net/ipv6/addrconf.c). */
function anycastOn({ world: { host } }: Context, packet: Packet): string | undefined {
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  return route && route.type === 'anycast' && leadsHere(route) ? route.device : undefined
}
