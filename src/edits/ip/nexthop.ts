/**
 * Whether a new route leads anywhere: its gateway must be reached without another gateway, its interface be up, its
 * source be the host's own (Linux 6.18, net/ipv4/fib_semantics.c fib_create_info; net/ipv6/route.c ip6_route_info_create).
 */

import type { Host, Route } from '../../model/host.ts'
import { wordTable } from '../../model/word-table.ts'
import { linkNamed } from '../../rules/links.ts'
import { lookup, routeDevices } from '../../rules/route.ts'
import { isUnknown } from '../../rules/truth.ts'
import { EditProblem } from '../problem.ts'

export const isError = (type: Route['type']): boolean =>
  type === 'unreachable' || type === 'blackhole' || type === 'prohibit' || type === 'throw'

/** The route with the interface that it leads over. Throws EditProblem. */
export function resolveWay(route: Route, host: Host): Route {
  const { family, type } = route
  if (family === 'ip6' && isError(type)) {
    if (route.flags?.includes('onlink') && route.device === undefined) throw new EditProblem('onlink needs dev …')
    const { gateway: _, nexthops: _nexthops, ...rest } = route
    if (route.source !== undefined) refuseSource(route.source, host)
    return { ...rest, device: 'lo' }
  }
  if (isError(type)) {
    if (route.gateway !== undefined || route.device !== undefined || route.nexthops)
      throw new EditProblem(`a route of type ${type} cannot have a gateway or an interface`)
    return route
  }
  if (family === 'ip') refuseScope(route)
  const resolved = route.nexthops ? resolveHops(route, host) : { ...route, ...resolveHop(route, route, host) }
  if (resolved.source !== undefined) refuseSource(resolved.source, host)
  return resolved
}

type Hop = NonNullable<Route['nexthops']>[number]

function resolveHops(route: Route, host: Host): Route {
  const nexthops = route.nexthops!.map((hop) => ({ ...hop, ...resolveHop(hop, route, host) }))
  const [first, second] = nexthops
  const ways = new Set(nexthops.map(({ gateway, device }) => `${gateway} ${device}`))
  if (route.family === 'ip6' && ways.size < nexthops.length) throw new EditProblem('two of the nexthops are the same')
  if (second) return { ...route, nexthops }
  const { nexthops: _, ...rest } = route
  const { weight: _weight, ...hop } = first!
  return { ...rest, ...hop }
}

/** What iproute2 and the kernel count it as; 0 leads everywhere. */
const SCOPES: Readonly<Record<string, number>> = wordTable({ site: 200, link: 253, host: 254, nowhere: 255 })
const scopeOf = ({ scope }: { scope?: string | undefined }): number => SCOPES[scope ?? ''] ?? 0

function refuseScope({ type, scope, gateway }: Route): void {
  const least = type === 'local' ? 254 : type === 'broadcast' || type === 'anycast' ? 253 : 0
  if (scopeOf({ scope }) < least || scope === 'nowhere')
    throw new EditProblem(`a route of type ${type} cannot have scope ${scope ?? 'global'}`)
  if (scope === 'host' && gateway !== undefined) throw new EditProblem('a route of scope host cannot have a gateway')
}

/** The interface, and with it how it is by now. */
function resolveHop(hop: Hop, route: Route, host: Host): Pick<Hop, 'device' | 'flags'> {
  if (hop.gateway === undefined && hop.flags?.includes('onlink') && route.family === 'ip' && route.scope !== 'host')
    throw new EditProblem('onlink needs a gateway')
  const device = hop.gateway === undefined ? hop.device : deviceTo(hop.gateway, hop, route, host)
  if (device === undefined)
    throw new EditProblem(`the command does not name the interface to ${route.destination} (dev …)`)
  const link = linkNamed(host, device)
  if (link?.up === false && route.scope !== 'host') throw new EditProblem(`interface ${device} is down`)
  const isDown = host.routes?.some((one) => one.device === device && one.flags?.includes('linkdown'))
  const flags = [...(hop.flags ?? []), ...(isDown && route.family === 'ip' ? ['linkdown'] : [])]
  return { device, ...(flags.length > 0 ? { flags } : {}) }
}

function deviceTo(gateway: string, { device, flags }: Hop, route: Route, host: Host): string {
  if (gateway.includes(':')) refuseIpv6Gateway(gateway, device, host)
  if (flags?.includes('onlink') || /^fe[89ab]/i.test(gateway)) {
    if (device === undefined) throw new EditProblem(`the command does not name the interface to ${gateway} (dev …)`)
    if (gateway.includes('.') && scopeOf(route) >= 253)
      throw new EditProblem('a route with a gateway needs a scope wider than link')
    if (!/^fe[89ab]/i.test(gateway)) refuseElsewhere(gateway, device, host)
    return device
  }
  const found = wayTo(gateway, device, route, host)
  if (isUnknown(found)) {
    if (device !== undefined) return device
    throw new EditProblem(`the interface to ${gateway} is unknown: ${found.unknown}`)
  }
  const [over] = found && isDirect(found) ? routeDevices(found) : []
  if (over === undefined)
    throw new EditProblem(
      `gateway ${gateway} is not directly reachable${device === undefined ? '' : ` over ${device}`}: no interface has a network with this address`,
    )
  return over
}

/** May a gateway be reached by it? For IPv4 also one that is this host itself. */
const isDirect = (route: Route): boolean =>
  route.family === 'ip'
    ? route.type === 'unicast' || route.type === 'local'
    : route.type === 'unicast' && !needsGateway(route) && !routeDevices(route).includes('lo')

const needsGateway = ({ gateway, nexthops = [] }: Route): boolean =>
  gateway !== undefined || nexthops.some((hop) => hop.gateway !== undefined)

/** With `onlink` nothing has to lead there, but the address cannot be this host's, or be on another link. */
function refuseElsewhere(gateway: string, device: string, host: Host): void {
  const family = gateway.includes(':') ? 'ip6' : 'ip'
  const table = family === 'ip' ? 'local' : 'main'
  const found = find(gateway, { ...host, routingRules: [{ family, priority: 0, action: { table } }] })
  if (!found || isUnknown(found) || found.destination === '::/0') return
  if (family === 'ip' || (!isError(found.type) && (found.type !== 'unicast' || !routeDevices(found).includes(device))))
    throw new EditProblem(`${gateway} cannot be a gateway on ${device}`)
}

function refuseIpv6Gateway(gateway: string, device: string | undefined, { routes = [] }: Host): void {
  if (/^(ff|::$)/i.test(gateway)) throw new EditProblem(`${gateway} cannot be a gateway`)
  if (routes.some(({ type, destination }) => type === 'local' && destination === `${gateway}/128`))
    throw new EditProblem(`gateway ${gateway} is this host itself`)
  if (device === 'lo') throw new EditProblem('a gateway cannot be reached over the loopback interface')
}

const NO_GATEWAY = { ip: '255.255.255.255/32', ip6: 'ffff::/128' }

/** IPv4 asks only routes that need no gateway; the route's own table comes first, for IPv6 also where it is main. */
function wayTo(gateway: string, device: string | undefined, route: Route, host: Host): ReturnType<typeof find> {
  const least = Math.max(253, scopeOf(route) + 1)
  const counts = (one: Route) =>
    (one.family === 'ip6' || scopeOf(one) >= least) && (device === undefined || routeDevices(one).includes(device))
  // the others lead to where no gateway is: without any, a table would look as if it were not known
  const routes = host.routes!.map((one) => (counts(one) ? one : { ...one, destination: NO_GATEWAY[one.family] }))
  // that a rule leads a gateway's own look-up elsewhere is not taken for granted
  const narrowed = { routingRules: [], ...host, routes }
  const inTable = { family: route.family, priority: 0, action: { table: route.table } }
  const first =
    route.family === 'ip' && route.table === 'main'
      ? null
      : find(gateway, { ...narrowed, routingRules: [inTable] }, device)
  const fits = first && !isUnknown(first) && (route.family === 'ip' || isDirect(first))
  return fits ? first : find(gateway, narrowed, device)
}

/** The kernel asks for no packet in particular. */
const NO_PACKET = { mark: 0, tos: 0, protocol: '0', sport: 0, dport: 0, uid: 0 }

function find(dst: string, host: Host, device?: string) {
  const src = dst.includes(':') ? '::' : '0.0.0.0'
  const found = lookup({ ...NO_PACKET, dst, src, ...(device === undefined ? {} : { out: device }) }, host)
  return found === null || isUnknown(found) ? found : found.route
}

function refuseSource(source: string, host: Host): void {
  const found = find(source, host)
  if (found === null || (!isUnknown(found) && found.type !== 'local'))
    throw new EditProblem(`${source} is not an address of this host`)
}
