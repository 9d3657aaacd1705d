import type { Route } from '../../model/host.ts'

/** As `add` reads it: with the scope that goes without saying. */
export function newRoute(route: Route): Route {
  const scope = route.scope ?? (route.family === 'ip' ? defaultScope(route, route.type) : undefined)
  return { ...route, ...(scope === undefined ? {} : { scope }) }
}

/** How near it leads, where nobody says (iproute_modify). */
export function defaultScope({ gateway, nexthops }: Partial<Route>, type: Route['type']): string | undefined {
  if (type === 'local' || type === 'nat') return 'host'
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link'
  return type === 'unicast' && gateway === undefined && !nexthops ? 'link' : undefined
}
