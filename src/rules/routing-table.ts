/**
 * The host's routes as tables in the order in which the kernel tries them: longest prefix first, then what stands
 * first among equals. A listing that leaves out the local table, as `ip route` does, is completed from the host's
 * addresses, or from what the routes tell of them.
 */
import { compareAddresses, inPrefix } from '../model/address.ts'
import type { Host, Link, Route, RoutingRule } from '../model/host.ts'
import { memo, memo2 } from '../model/memo.ts'
import { isUnknown, type Unknown, unknown } from './truth.ts'
import { addressBytes } from './values.ts'

export type IpFamily = 'ip' | 'ip6'

export interface Prefix {
  address: Uint8Array
  length: number
}

export interface TableRoute extends Prefix {
  route: Route
  /** IPv6: only for packets from there. */
  from: Prefix | undefined
  /** The routing rule that gives it by itself, without a table. */
  rule?: RoutingRule
}

/** `10.0.0.0/8`; a single address without length. Undefined where it is neither. */
export function readPrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = addressBytes(slash < 0 ? text : text.slice(0, slash))
  return address && { address, length: slash < 0 ? address.length * 8 : Number(text.slice(slash + 1)) }
}

export const covers = ({ address, length }: Prefix, one: Uint8Array): boolean => inPrefix(one, address, length)

interface Listed {
  tables: Record<IpFamily, Map<string, TableRoute[]>>
  families: Set<IpFamily>
  /** Those of which `ip route show table all` was listed, not one table alone: what `-4` lists tells nothing of IPv6. */
  complete: Set<IpFamily>
}

const listedTables = memo((routes: readonly Route[]): Listed => {
  const names = new Set(routes.map(({ table }) => table))
  const listed: Listed = {
    tables: { ip: new Map(), ip6: new Map() },
    families: new Set(routes.map(({ family }) => family)),
    complete: new Set(),
  }
  for (const family of ['ip', 'ip6'] as const) {
    const tables = listed.tables[family]
    for (const table of names) {
      const here = routes.filter((route) => route.family === family && route.table === table)
      if (here.length > 0) tables.set(table, inOrder(here))
    }
    if (tables.has('local') && tables.size > 1) listed.complete.add(family)
  }
  return listed
})

/** Sorting keeps the order of the listing among equals, which is the kernel's own. */
function inOrder(routes: readonly Route[]): TableRoute[] {
  const read = routes.flatMap((route): TableRoute[] => {
    const prefix = readPrefix(route.destination)
    return prefix ? [{ route, ...prefix, from: route.from === undefined ? undefined : readPrefix(route.from) }] : []
  })
  return read.sort(
    (a, b) =>
      b.length - a.length ||
      compareAddresses(a.address, b.address) ||
      (b.from?.length ?? 0) - (a.from?.length ?? 0) ||
      (b.route.tos ?? 0) - (a.route.tos ?? 0) ||
      (a.route.metric ?? 0) - (b.route.metric ?? 0),
  )
}

/** The routes in the order they are tried; two tables as if they were one. Unknown where one was not listed. */
export function tableOf(host: Host, family: IpFamily, names: readonly string[]): readonly TableRoute[] | Unknown {
  const first = oneTable(host, family, names[0]!)
  if (names.length === 1 || isUnknown(first)) return first
  const second = oneTable(host, family, names[1]!)
  return isUnknown(second) ? second : joined(first)(second)
}

const joined = memo((first: readonly TableRoute[]) =>
  memo((second: readonly TableRoute[]): readonly TableRoute[] =>
    [...first, ...second].sort((a, b) => b.length - a.length),
  ),
)

const NO_ROUTES: readonly TableRoute[] = []

/** As tableOf. */
export function oneTable(host: Host, family: IpFamily, name: string): readonly TableRoute[] | Unknown {
  const known = host.routes && listedTables(host.routes)
  const here = known?.tables[family].get(name)
  if (here) return here
  if (name === 'local') {
    const main = known?.tables[family].get('main')
    const own = ownRoutes(host, family) ?? (main && sourcesOf(main, family))
    return own ?? unknown("this host's own addresses are not known (no `ip addr` given)")
  }
  if (known?.complete.has(family) || (known?.families.has(family) && (host.listsAllTables || name === 'default')))
    return NO_ROUTES
  return unknown(
    known?.families.has(family)
      ? `the routes of table ${name} are not known (no \`ip route show table all\` given)`
      : `the ${family === 'ip' ? 'IPv4' : 'IPv6'} routes are not known (no \`ip route\` given)`,
  )
}

/** For want of better: each network on a link names the host's address in it as its routes' source. */
const sourcesOf = memo2((main: readonly TableRoute[], family: IpFamily): TableRoute[] => {
  const addresses = new Set(main.flatMap(({ route }) => route.source ?? []))
  if (family === 'ip6') addresses.add('::1')
  const local = [...addresses].map((address) => `${address}/${family === 'ip' ? 32 : 128}`)
  if (family === 'ip') local.push('127.0.0.0/8')
  return inOrder(local.map((destination) => ({ family, type: 'local', destination, table: 'local', device: 'lo' })))
})

/** What the kernel puts into the local table for each address (net/ipv4/fib_frontend.c, fib_add_ifaddr). */
function ownRoutes({ links }: Host, family: IpFamily): TableRoute[] | undefined {
  if (!links?.some(({ addresses }) => addresses !== undefined)) return undefined
  return linkRoutes(links, family)
}

const linkRoutes = memo2((links: readonly Link[], family: IpFamily): TableRoute[] =>
  inOrder(
    links.flatMap((link) => (link.up === false ? [] : routesOfLink(link))).filter((route) => route.family === family),
  ),
)

function routesOfLink({ name, addresses = [] }: Link): Route[] {
  const local = (family: IpFamily, type: Route['type'], destination: string): Route => {
    return { family, type, destination, table: 'local', device: name }
  }
  return addresses.flatMap(({ family, address, broadcast, prefixLength }) => {
    const length = family === 'ip' ? 32 : 128
    const routes = [local(family, 'local', `${address}/${length}`)]
    // all of 127.0.0.0/8 is this host
    if (family === 'ip' && address.startsWith('127.')) routes.push(local('ip', 'local', `${address}/${prefixLength}`))
    if (broadcast !== undefined) routes.push(local('ip', 'broadcast', `${broadcast}/32`))
    return routes
  })
}
