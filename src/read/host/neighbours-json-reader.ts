/** `ip -j neigh` (iproute2, ip/ipneigh.c print_neigh). */
import type { Report } from '../../model/diagnostic.ts'
import type { Neighbour } from '../../model/host.ts'
import { familyOf } from '../../rules/prefixes.ts'
import type { HostReading } from './format.ts'
import { asAddress, asNames, asText, forEachObject, type JsonObject } from './json.ts'
import { withoutUndefined } from './without-undefined.ts'

export function readNeighboursJson(text: string, report: Report): HostReading {
  const neighbours: Neighbour[] = []
  forEachObject(text, report, (object, line) => {
    if (Object.keys(object).length === 0) return
    const neighbour = readNeighbour(object)
    if (neighbour) neighbours.push(neighbour)
    else report('line-not-understood', 'a neighbour without address or device', line)
  })
  return { host: { neighbours } }
}

function readNeighbour(object: JsonObject): Neighbour | undefined {
  const address = asAddress(object.dst)
  const device = asText(object.dev)
  if (address === undefined || device === undefined) return undefined
  return withoutUndefined<Neighbour>({
    family: familyOf(address),
    address,
    device,
    mac: asText(object.lladdr),
    state: asNames(object.state),
    router: 'router' in object || undefined,
    proxy: 'proxy' in object || undefined,
  })
}
