/** Who asked is behind a router, and this host looks for him on the link itself. */
import { finding } from '../../explain/context.ts'
import { addWayBack, homeOf } from '../../explain/host/routes.ts'
import type { Neighbour } from '../../model/host.ts'
import type { Finding } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { neighboursAt, neighboursWith } from '../../rules/neighbours.ts'
import { familyOf } from '../../rules/prefixes.ts'
import { isLinkLocal, lookupRoute } from '../../rules/route.ts'
import type { Part } from './join/joined.ts'

/**
 * The request came with the link address of another neighbour, while the one who sent it does not reply to ARP: the prefix
 * of this host's address is wider than its link.
 */
export function behindRouter(parts: readonly Part[], { src }: Packet): Finding[] {
  const request = parts.find(({ role, own }) => role === 'request' && own)
  if (!request || src === undefined) return []
  const { journey, world } = request.told
  const { host } = world
  const { in: device, srcMac } = journey.packet
  if (device === undefined || srcMac === undefined) return []
  const [asker] = neighboursAt(host, device, src)
  const router = neighboursWith(host, device, familyOf(src), srcMac).find(
    (one) => one.address !== src && silentState(one) === undefined && isAnotherHost(one),
  )
  const route = lookupRoute({ dst: src, mark: 0 }, host)
  const home = homeOf(src, host, device)
  if (!asker || silentState(asker) === undefined || !router || home?.link.name !== device) return []
  // the link's own network; of one that names a next hop nobody asks for the sender
  if (route?.type !== 'unicast' || route.device !== device || route.gateway !== undefined) return []
  const own = home.link.addresses?.find(({ address }) => homeOf(address, host, device)?.network === home.network)
  const of = own === undefined ? '' : ` (${own.address}/${own.prefixLength})`
  return [
    finding(
      'wrong-way-out',
      'warning',
      `${src} is behind ${router.address}: its request came from the MAC address of ${router.address} (${srcMac}). But ${src} is in the network of ${device}${of}, so this host looks for it on ${device} itself (route to ${route.destination}). The prefix may be too short.`,
      {
        fix: [
          ...addWayBack(
            { ...journey.packet, src },
            host,
            `everything sent to ${src} then goes through ${router.address}`,
          ),
          {
            description: `or give ${own?.address ?? `the address of ${device}`} the prefix length that the link has, and a route through ${router.address}`,
            unverified: 'the right prefix length is unknown here',
          },
        ],
      },
    ),
  ]
}

/** One host has a link-local address beside its own: that they share a MAC address makes it no router. */
const isAnotherHost = ({ address, router }: Neighbour): boolean => !isLinkLocal(address) || router === true
