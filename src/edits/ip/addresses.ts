/**
 * What `ip address` does to an interface and the routing tables (Linux 6.18, net/ipv4/devinet.c, fib_frontend.c
 * fib_add_ifaddr; net/ipv6/addrconf.c). An address without a network brings the route to itself; IPv6 has it in both tables.
 */
import type { AddressEdit } from '../../model/edit.ts'
import type { Route } from '../../model/host.ts'
import { inVrf } from '../../rules/route.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { linkToEdit } from './links.ts'

/** Throws EditProblem. */
export function editAddress({ op, family, address, device }: AddressEdit, draft: Draft): void {
  const link = linkToEdit(device, draft)
  // its routes are in the VRF's own table
  if (inVrf([device], draft.world.host) !== false)
    throw new EditProblem(`${device} belongs to a VRF: nfwhy does not simulate its addresses`)
  const { addresses = [] } = link
  const prefixLength = family === 'ip' ? 32 : 128
  const same = addresses.filter((one) => one.address === address)
  const found = same.find((one) => one.prefixLength === prefixLength)
  // IPv6 has an address once, with whatever network
  if (op === 'add' && (found || (family === 'ip6' && same.length > 0)))
    throw new EditProblem(`${device} has the address ${address} already`)
  if (op === 'del' && !found) throw new EditProblem(`${device} has no address ${address}/${prefixLength}`)
  link.addresses =
    op === 'add'
      ? [...addresses, { family, address, prefixLength, scope: 'global' }]
      : addresses.filter((one) => one !== found)
  const { routes } = draft.world.host
  if (!routes) return
  const own = routesTo({ family, address, device })
  if (op === 'add') {
    const isNew = (route: Route) => !routes.some((one) => isSame(one, route))
    // IPv6 leads nothing over an interface that is down
    const isUp = (route: Route) => route.type === 'local' || link.up !== false
    draft.host().routes = [...routes, ...own.filter((route) => isNew(route) && isUp(route))]
  } else if (same.length === 1) draft.host().routes = routes.filter((one) => !own.some((route) => isSame(one, route)))
}

type Own = Pick<AddressEdit, 'family' | 'address' | 'device'>

const routesTo = ({ family, address, device }: Own): Route[] =>
  family === 'ip'
    ? [{ family, type: 'local', destination: `${address}/32`, table: 'local', device, source: address, scope: 'host' }]
    : [
        { family, type: 'local', destination: `${address}/128`, table: 'local', device, metric: 0 },
        { family, type: 'unicast', destination: `${address}/128`, table: 'main', device, metric: 256 },
      ]

const isSame = (one: Route, other: Route): boolean =>
  (['family', 'type', 'destination', 'table', 'device'] as const).every((key) => one[key] === other[key])
