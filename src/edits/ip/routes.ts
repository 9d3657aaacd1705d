/** What `ip route` does to the tables (Linux 6.18, net/ipv4/fib_trie.c, net/ipv6/ip6_fib.c). */

import { networkAddress, parseAddress } from '../../model/address.ts'
import type { RouteEdit } from '../../model/edit.ts'
import type { Route } from '../../model/host.ts'
import { closest } from '../../rules/closest.ts'
import type { Draft } from '../draft.ts'
import { didYouMean, EditProblem } from '../problem.ts'
import { knownLink } from './links.ts'
import { isError, resolveWay } from './nexthop.ts'

/** Throws EditProblem. */
export function editRoute({ op, route }: RouteEdit, draft: Draft): void {
  const { routes, links } = draft.world.host
  if (!routes) throw new EditProblem('the routes are not known: `ip -j route show table all` was not given')
  const devices = [route.device, ...(route.nexthops ?? []).map(({ device }) => device)]
  for (const device of devices) if (device !== undefined && links) knownLink(device, links)
  refuseStrangeTable(route.table, draft)
  const of = route.family === 'ip' ? new Ipv4Routes(routes) : new Ipv6Routes(routes)
  if (op === 'flush') of.flush(route)
  else if (op === 'del') of.delete({ ...route, destination: networkOf(route.destination!, route.family) })
  else of.put(op, resolveWay(withNetwork(route), draft.world.host))
  draft.host().routes = of.routes
}

/** Tables have numbers; a name is one that /etc/iproute2/rt_tables gives, which only that host knows. */
export function refuseStrangeTable(table: string, { world: { host } }: Draft): void {
  if (/^\d+$/.test(table) || ['main', 'local', 'default', 'all'].includes(table)) return
  const known = [
    ...(host.routes ?? []).map((route) => route.table),
    ...(host.routingRules ?? []).flatMap(({ action }) =>
      typeof action === 'object' && 'table' in action ? [action.table] : [],
    ),
  ]
  if (!known.includes(table))
    throw new EditProblem(`no table named ${table} is known${didYouMean(closest(table, known))}`)
}

function withNetwork({ ...route }: RouteEdit['route']): Route {
  const { family, type = 'unicast', metric } = route
  const destination = networkOf(route.destination!, family)
  if (family === 'ip6') {
    if (route.tos !== undefined) throw new EditProblem('an IPv6 route cannot have a type of service (tos)')
    delete route.scope
    const from = route.from === undefined ? {} : { from: networkOf(route.from, family) }
    return { ...route, ...from, type, destination, metric: metric ?? 1024 }
  }
  if (destination !== route.destination)
    throw new EditProblem(`${route.destination} is an address in ${destination}, not a network: host bits are set`)
  return { ...route, type, destination }
}

/** Without what is behind the prefix length, which IPv6 leaves out by itself. */
function networkOf(prefix: string, _family: Route['family']): string {
  const [address = '', length = ''] = prefix.split('/')
  return `${networkAddress(parseAddress(address)!, Number(length))}/${length}`
}

type Op = 'add' | 'replace' | 'change' | 'append' | 'prepend'

/** The routes of the host while one of this family is put in or taken out. */
abstract class Routes {
  routes: Route[]

  constructor(routes: readonly Route[]) {
    this.routes = [...routes]
  }

  abstract put(op: Op, route: Route): void
  abstract delete(wanted: RouteEdit['route']): void

  flush({ table, ...wanted }: RouteEdit['route']): void {
    this.routes = this.routes.filter((route) => !((table === 'all' || route.table === table) && hasAll(route, wanted)))
  }

  /** Those that a new one like this would stand among, in order. */
  protected likes(route: RouteEdit['route']): Route[] {
    const { family, table, destination } = route
    return this.routes.filter((one) => one.family === family && one.table === table && one.destination === destination)
  }

  /** Puts `route` in the place of `old`, or takes `old` away. */
  protected swap(old: Route, route?: Route): void {
    this.routes = this.routes.flatMap((one) => (one !== old ? [one] : route ? [route] : []))
  }

  protected insert(route: Route, before: Route | undefined): void {
    const at = before ? this.routes.indexOf(before) : this.routes.length
    this.routes = this.routes.toSpliced(at, 0, route)
  }

  protected refuseTwice(route: Route): never {
    throw new EditProblem(`table ${route.table} already has a route to ${route.destination}`)
  }

  protected refuseMissing(route: RouteEdit['route']): never {
    throw new EditProblem(`there is no such route to ${route.destination} in table ${route.table}`)
  }
}

/** Has the route everything that `wanted` names? */
function hasAll(route: Route, wanted: Partial<Route>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(route[key as keyof Route]) === JSON.stringify(value),
  )
}

class Ipv4Routes extends Routes {
  /** fib_table_insert */
  put(op: Op, route: Route): void {
    const likes = this.likes(route).filter(
      (one) => (one.tos ?? 0) === (route.tos ?? 0) && (one.metric ?? 0) === (route.metric ?? 0),
    )
    const [first] = likes
    const twin = likes.find((one) => sameWay(one, route))
    if (!first) {
      if (op === 'change') this.refuseMissing(route)
      this.insert(route, undefined)
    } else if (op === 'replace' || op === 'change') {
      if (twin && twin !== first) this.refuseTwice(route)
      this.swap(first, route)
    } else if (op === 'add' || twin) this.refuseTwice(route)
    else if (op === 'prepend') this.insert(route, first)
    else this.insert(route, this.routes[this.routes.indexOf(likes.at(-1)!) + 1])
  }

  /** fib_table_delete: the first that has all that is named */
  delete({ flags: _, tos = 0, nexthops, destination, ...wanted }: RouteEdit['route']): void {
    const found = this.likes({ destination: destination!, ...wanted }).find(
      (one) => (one.tos ?? 0) === tos && hasAll(firstWay(one), wanted) && (!nexthops || sameNexthops(one, nexthops)),
    )
    if (!found) this.refuseMissing({ destination: destination!, ...wanted })
    this.swap(found)
  }
}

/** Of several ways the first is compared. */
function firstWay(route: Route): Route {
  const [first] = route.nexthops ?? []
  return first ? { ...route, ...first } : route
}

/** As many as the route has are compared (fib_nh_match). */
const sameNexthops = (route: Route, wanted: readonly Hop[]): boolean =>
  hopsOf(route).every((hop, i) => wanted[i] && sameHop(hop, wanted[i]))

const sameHop = (hop: { gateway?: string; device?: string }, wanted: { gateway?: string; device?: string }): boolean =>
  (wanted.gateway === undefined || hop.gateway === wanted.gateway) &&
  (wanted.device === undefined || hop.device === wanted.device)

/** Are these the same route to the kernel? */
function sameWay(one: Route, other: Route): boolean {
  const way = ({ type, scope, source, mtu, gateway, device, nexthops = [], flags = [] }: Route) => [
    [type, scope, source, mtu, gateway, device, flags.includes('onlink')],
    nexthops.map((hop) => [hop.gateway, hop.device, hop.weight ?? 1]),
  ]
  return JSON.stringify(way(one)) === JSON.stringify(way(other))
}

class Ipv6Routes extends Routes {
  /** fib6_add_rt2node: routes of the same metric with gateways become one with several ways */
  put(op: Op, route: Route): void {
    const likes = this.likes(route).filter((one) => one.from === route.from && one.metric === route.metric)
    if (op === 'replace' || op === 'change') {
      const old = likes.find((one) => hasGateway(one) === hasGateway(route)) ?? likes[0]
      if (old) this.swap(old, route)
      else if (op === 'change') this.refuseMissing(route)
      else this.insert(route, undefined)
      return
    }
    if (likes.length > 0 && op === 'add') this.refuseTwice(route)
    if (likes.some((one) => hopsOf(one).some((hop) => hopsOf(route).some((wanted) => sameHops(hop, wanted)))))
      this.refuseTwice(route)
    const sibling = hasGateway(route) ? likes.find(hasGateway) : undefined
    if (sibling) this.swap(sibling, withHops(sibling, [...hopsOf(sibling), ...hopsOf(route)]))
    else {
      const last = likes.at(-1)
      this.insert(route, last && this.routes[this.routes.indexOf(last) + 1])
    }
  }

  /** ip6_route_del: one way of several where a gateway is named, else all of them; the type is not asked for */
  delete({ flags: _, tos: _tos, type: _type, scope: _scope, nexthops, ...wanted }: RouteEdit['route']): void {
    for (const { gateway, device } of nexthops ?? []) {
      const hop = { ...(gateway === undefined ? {} : { gateway }), ...(device === undefined ? {} : { device }) }
      this.deleteOne({ ...wanted, ...hop })
    }
    if (!nexthops) this.deleteOne(wanted)
  }

  private deleteOne({ gateway, device, source: _, mtu: _mtu, ...wanted }: RouteEdit['route']): void {
    const way = { ...(gateway === undefined ? {} : { gateway }), ...(device === undefined ? {} : { device }) }
    const isHop = (hop: Hop) => sameHop(hop, way)
    const found = this.likes(wanted)
      .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))
      .find(
        (one) =>
          one.from === wanted.from &&
          (wanted.metric === undefined || one.metric === wanted.metric) &&
          hopsOf(one).some(isHop),
      )
    if (!found) this.refuseMissing(wanted)
    const hops = hopsOf(found)
    if (gateway === undefined || hops.length === 1) this.swap(found)
    else this.swap(found, withHops(found, hops.toSpliced(hops.findIndex(isHop), 1)))
  }
}

type Hop = NonNullable<Route['nexthops']>[number]

const hopsOf = ({ nexthops, gateway, device, flags }: Route): Hop[] =>
  nexthops ?? [
    {
      ...(gateway === undefined ? {} : { gateway }),
      ...(device === undefined ? {} : { device }),
      weight: 1,
      ...(flags ? { flags } : {}),
    },
  ]

const sameHops = (one: Hop, other: Hop): boolean => one.gateway === other.gateway && one.device === other.device

const hasGateway = (route: Route): boolean =>
  !isError(route.type) && hopsOf(route).some(({ gateway }) => gateway !== undefined)

function withHops(
  { nexthops: _, gateway: _gateway, device: _device, flags: _flags, nexthopId: _object, ...route }: Route,
  hops: Hop[],
): Route {
  const [{ weight: _weight, ...only }, another] = hops as [Hop, Hop | undefined]
  return another ? { ...route, nexthops: hops } : { ...route, ...only }
}
