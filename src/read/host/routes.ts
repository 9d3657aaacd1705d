/**
 * What the two forms of `ip route` have in common.
 *
 * A route does not say its family. It is told, in this order, by the destination, by any other address of the route
 * itself (gateway, source, `from`, a nexthop's gateway; not `via inet6 …`, where the next hop is of the other family,
 * which only IPv4 has), and, for what is left (`default dev tun0`, `unreachable default`), by `pref`: every IPv6 route
 * has it (since Linux 4.1) and no IPv4 route does.
 */
import type { Host, Route } from '../../model/host.ts'
import { canonicalPrefix, familyOf, type IpFamily } from '../../rules/prefixes.ts'
import { isOriginOfNobody } from '../../rules/route-names.ts'

/** Who made the route, where somebody said so. Names are those of rt_protos. */
export const originOf = (protocol: string | undefined): string | undefined =>
  protocol === undefined || isOriginOfNobody(protocol) || !/^[\w.-]{1,32}$/.test(protocol) ? undefined : protocol

export type UntabledRoute = Omit<Route, 'table'> & { table?: string }

/** `addresses` in the order in which they are to be asked; what is none (`default`) is passed over. */
export function routeFamily(addresses: readonly unknown[], hasPref: boolean): IpFamily {
  for (const address of addresses) {
    const prefix = typeof address === 'string' ? canonicalPrefix(address) : undefined
    if (prefix !== undefined) return familyOf(prefix)
  }
  return hasPref ? 'ip6' : 'ip'
}

/** Read routes as host state. Only a listing of all tables names the local table: of one alone `ip` leaves the name out. */
export const routesRead = (routes: readonly UntabledRoute[]): Pick<Host, 'routes' | 'listsAllTables'> => ({
  routes: nameUnnamedTables(routes),
  ...(routes.length > 0 && routes.every(({ table }) => table === 'local') ? { listsAllTables: true } : {}),
})

/**
 * A listing of one table (`ip route show table local`) does not say which. Where not one route names its table and
 * some are of a kind that only the local table holds, it is that one; else it counts as main, as `ip route` means it.
 */
function nameUnnamedTables(routes: readonly UntabledRoute[]): Route[] {
  const onlyLocal =
    routes.every((route) => route.table === undefined) &&
    routes.some((route) => route.type === 'local' || route.type === 'broadcast')
  return routes.map((route) => ({ ...route, table: route.table ?? (onlyLocal ? 'local' : 'main') }))
}
