/** `ip -j route show table all`, both families in one list or either alone (iproute2, ip/iproute.c print_route). */
import type { Report } from '../../model/diagnostic.ts'

import { canonicalPrefix, everywhere, type IpFamily } from '../../rules/prefixes.ts'
import { routeType, scopeName, tableName, tosValue } from '../../rules/route-names.ts'
import type { HostReading } from './format.ts'
import {
  asAddress,
  asList,
  asNames,
  asNumber,
  asObject,
  asText,
  forEachObject,
  type JsonObject,
  shown,
} from './json.ts'
import { originOf, routeFamily, routesRead, type UntabledRoute } from './routes.ts'
import { withoutUndefined } from './without-undefined.ts'

export function readIpRouteJson(text: string, report: Report): HostReading {
  const routes: UntabledRoute[] = []
  forEachObject(text, report, (object, line) => {
    const route = readRoute(object)
    if (typeof route === 'string') report('line-not-understood', route, line)
    else routes.push(route)
  })
  return { host: routesRead(routes) }
}

/** The route, or what was not understood of it. */
function readRoute(object: JsonObject): UntabledRoute | string {
  const gateways = asList(object.nexthops).map((item) => asObject(item)?.gateway)
  const addresses = [object.dst, object.gateway, object.prefsrc, object.from, ...gateways]
  const family = routeFamily(addresses, object.pref !== undefined)
  const destination = asPrefix(object.dst, family)
  if (destination === undefined) return `a route whose destination is no network: ${shown(object.dst)}`
  const type = routeType(asText(object.type) ?? 'unicast')
  if (type === undefined) return `nfwhy does not know the type of a route: ${shown(object.type)}`
  const tos = asText(object.tos)
  if (tos !== undefined && tosValue(tos) === undefined) return `nfwhy does not know the TOS of a route: "${tos}"`
  const table = asText(object.table)
  const nexthops = asList(object.nexthops).map(readNexthop)
  const flags = asNames(object.flags)
  return withoutUndefined<UntabledRoute>({
    family,
    type,
    destination,
    table: table === undefined ? undefined : tableName(table),
    gateway: gatewayOf(object),
    device: asText(object.dev),
    source: asAddress(object.prefsrc),
    metric: asNumber(object.metric),
    mtu: asNumber(asObject(asList(object.metrics)[0])?.mtu),
    scope: scopeName(asText(object.scope)),
    protocol: originOf(asText(object.protocol)),
    tos: tos === undefined ? undefined : tosValue(tos),
    from: asPrefix(object.from, family),
    nexthops: nexthops.length > 0 ? nexthops : undefined,
    nexthopId: asNumber(object.nhid),
    flags: flags.length > 0 ? flags : undefined,
  })
}

function readNexthop(item: unknown): { gateway?: string; device?: string; weight?: number; flags?: string[] } {
  const object = asObject(item) ?? {}
  const flags = asNames(object.flags)
  return withoutUndefined({
    gateway: gatewayOf(object),
    device: asText(object.dev),
    weight: asNumber(object.weight),
    flags: flags.length > 0 ? flags : undefined,
  })
}

const gatewayOf = (object: JsonObject): string | undefined =>
  asAddress(object.gateway) ?? asAddress(asObject(object.via)?.host)

const asPrefix = (value: unknown, family: IpFamily): string | undefined =>
  value === 'default' ? everywhere(family) : typeof value === 'string' ? canonicalPrefix(value) : undefined
