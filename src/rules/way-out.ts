import type { Route } from '../model/host.ts'

/** The route as it leads out of that interface; undefined where it does not, or where which of its next hops is meant is not known. */
export function wayOut(route: Route, device: string): Route | undefined {
  const { nexthops, ...way } = route
  if (!nexthops) return route.device === device ? route : undefined
  const [hop, ...more] = nexthops.filter((one) => one.device === device)
  if (!hop || more.length > 0) return undefined
  const { weight: _, ...by } = hop
  return { ...way, ...by }
}
