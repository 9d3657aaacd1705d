/** Which router is likely behind an interface. */
import type { Host, Route } from '../../model/host.ts'
import { silentState } from '../../model/silent-neighbour.ts'

type Family = Pick<Route, 'family'>

/** The one that other routes out of that interface have, or the only neighbour there that replies. */
export function nextHops({ family }: Family, out: string, host: Host): string[] {
  const named = gatewaysOf({ family }, out, host)
  if (named.length > 0) return ifAlone(named)
  const alive = (host.neighbours ?? []).filter(
    (one) => one.family === family && one.device === out && one.mac !== undefined && silentState(one) === undefined,
  )
  return new Set(alive.map(({ mac }) => mac)).size === 1 ? [alive[0]!.address] : []
}

/** The first alone of these: a neighbour that replies may be a guest as well as a router. */
export const namedHops = (route: Family, out: string, host: Host): string[] => ifAlone(gatewaysOf(route, out, host))

const gatewaysOf = ({ family }: Family, out: string, { routes = [] }: Host): string[] => [
  ...new Set(
    routes.filter((one) => one.family === family && one.device === out).flatMap(({ gateway }) => gateway ?? []),
  ),
]

const ifAlone = (found: string[]): string[] => (found.length === 1 ? found : [])
