/** Which router is likely behind an interface. */
import type { Host, Route } from '../../model/host.ts'
import { silentState } from '../../model/silent-neighbour.ts'

/** The one that other routes out of that interface have, or the only neighbour there that replies. */
export function nextHops(
  { family }: Pick<Route, 'family'>,
  out: string,
  { routes = [], neighbours = [] }: Host,
): string[] {
  const named = routes
    .filter((one) => one.family === family && one.device === out)
    .flatMap(({ gateway }) => gateway ?? [])
  const alive = neighbours.filter(
    (one) => one.family === family && one.device === out && one.mac !== undefined && silentState(one) === undefined,
  )
  const only = new Set(alive.map(({ mac }) => mac)).size === 1 ? [alive[0]!.address] : []
  const found = new Set(named.length > 0 ? named : only)
  return found.size === 1 ? [...found] : []
}
