/** Routes that a table lacks: one that another table has, or that of a link's own network. */
import type { Host, Route } from '../../model/host.ts'
import { linkNamed } from '../../rules/links.ts'
import { familyOf } from '../../rules/prefixes.ts'
import type { Change } from '../changes/proposal.ts'
import { addRoute, type Home, isOwnTable, onlinkOf } from './routes.ts'

/** The same route in another table. */
export const addToTable = (route: Route, table: string, host: Host): Change => {
  const { family, type, destination, gateway, device, flags } = route
  return addRoute({
    ...{ family, type, destination, table },
    ...(gateway === undefined ? {} : { gateway }),
    ...(device === undefined ? {} : { device }),
    ...sourceOf(route, host),
    // without it the kernel refuses a gateway that no network of an interface has
    ...onlinkOf(flags),
  })
}

/** The source that it gives, where the kernel might choose another one of its interface. */
function sourceOf({ source, device, family }: Route, host: Host): Pick<Route, 'source'> {
  const addresses = linkNamed(host, device)?.addresses?.filter(({ address }) => familyOf(address) === family) ?? []
  return source !== undefined && addresses.length > 1 ? { source } : {}
}

/** The route that a link's address brings with it. */
export const homeRoute = ({ link, network }: Home, table = 'main'): Route => {
  const family = familyOf(network)
  return { family, type: 'unicast', destination: network, table, device: link.name }
}

/** The route of the link's own network, with the source that the listed one gives. */
export function addConnected(home: Home, host: Host, table = 'main'): Change {
  const route = homeRoute(home, table)
  const listed = host.routes?.find(
    ({ destination, device, gateway, ...one }) =>
      isOwnTable(one.table) && destination === home.network && device === home.link.name && gateway === undefined,
  )
  return addRoute({ ...route, ...(listed ? sourceOf(listed, host) : {}) })
}
