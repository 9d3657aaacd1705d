import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { homeOf, isDefault } from '../host/routes.ts'
import { knowsSockets, listener } from '../host/sockets.ts'

/** The destination is behind this host, and stands on an interface of its own as well: so it was not forwarded. */
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
