import type { Host, Route } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import { lookupRoute, questionOf } from './route.ts'

/** The route as it leads out of that interface; undefined where it does not, or where which of its next hops is meant is not known. */
export function wayOut(route: Route, device: string): Route | undefined {
  const { nexthops, ...way } = route
  if (!nexthops) return route.device === device ? route : undefined
  const [hop, ...more] = nexthops.filter((one) => one.device === device)
  if (!hop || more.length > 0) return undefined
  const { weight: _, ...by } = hop
  return { ...way, ...by }
}

/** Whose link address the packet needs to leave there: its next hop's, or its own destination's. Undefined where the routes do not tell. */
export function nextHopOf(packet: Packet, out: string, host: Host): string | undefined {
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  const way = route?.type === 'unicast' ? wayOut(route, out) : undefined
  return way && (way.gateway ?? question?.dst)
}
