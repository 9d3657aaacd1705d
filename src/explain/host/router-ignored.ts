/**
 * A router of IPv6 whose advertisements this host takes no more, with the default route that they bring: who forwards accepts
 * them with accept_ra=2 alone (ipv6_accept_ra, net/ipv6/ndisc.c).
 */

import type { Host, Neighbour, Route } from '../../model/host.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { addRoute, isDefault } from './routes.ts'

/** What is to be said where a packet of IPv6 has no route; undefined where no such router is known, or several links have one. */
export function routerIgnored({
  neighbours = [],
  routes = [],
  sysctls,
}: Host): { told: string; fix: Proposal[] } | undefined {
  if (routes.some((one) => one.family === 'ip6' && one.table === 'main' && isDefault(one))) return undefined
  const setting = (device: string, name: string) => `net.ipv6.conf.${sysctlName(device)}.${name}`
  const routers = neighbours.filter(
    ({ family, router, device }) =>
      family === 'ip6' &&
      router === true &&
      sysctls?.get(setting(device, 'accept_ra')) === '1' &&
      Number(sysctls.get(setting(device, 'forwarding'))) > 0,
  )
  // its advertisements come from the address of the link
  const first = routers.find(isOfLink) ?? routers[0]
  if (!first || routers.some(({ device }) => device !== first.device)) return undefined
  const { address, device } = first
  const accepts = setting(device, 'accept_ra')
  const route: Route = {
    ...{ family: 'ip6', type: 'unicast', destination: '::/0', table: 'main' },
    ...{ gateway: address, device },
  }
  return {
    told: ` ${address} on ${device} is a router, but this host ignores router advertisements there: it forwards IPv6, and ${accepts} is 1.`,
    fix: [
      {
        description: `if this host is to learn its default route from router advertisements: sysctl -w ${accepts}=2, then wait for the next advertisement`,
        unverified: 'what the router advertises is unknown here',
      },
      ...propose(
        `add a default route by ${address}`,
        addRoute(route),
        `whether ${address} has a route to the destination is unknown here`,
      ),
    ],
  }
}

const isOfLink = ({ address }: Neighbour): boolean => /^fe[89ab]/i.test(address)
