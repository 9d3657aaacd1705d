/** Host state of several files into one: what each adds, and what both say is kept once. */
import type { Host, Link, LinkAddress, Unread } from '../../model/host.ts'
import type { NamedSet } from '../../model/ruleset.ts'

/** Lists are joined (IPv4 routes in one file, IPv6 in another); of single values the later one counts. */
export function mergeHost(host: Host, more: Partial<Host>): void {
  const {
    links,
    sysctls,
    conntrack,
    routes,
    routingRules,
    sockets,
    neighbours,
    modules,
    tools,
    drops,
    unread,
    ...rest
  } = more
  const { ipsecPolicies, ipsecStates, ...values } = rest
  Object.assign(host, values)
  if (links) host.links = joinLinks(host.links, links)
  if (sysctls) host.sysctls = new Map([...(host.sysctls ?? []), ...sysctls])
  if (routes) host.routes = withoutTwins(host.routes, routes)
  if (routingRules) host.routingRules = withoutTwins(host.routingRules, routingRules)
  if (sockets) host.sockets = withoutTwins(host.sockets, sockets)
  if (neighbours) host.neighbours = withoutTwins(host.neighbours, neighbours)
  if (ipsecPolicies) host.ipsecPolicies = withoutTwins(host.ipsecPolicies, ipsecPolicies)
  if (ipsecStates) host.ipsecStates = withoutTwins(host.ipsecStates, ipsecStates)
  if (modules) host.modules = [...new Set([...(host.modules ?? []), ...modules])]
  if (unread) host.unread = joinUnread(host.unread, unread)
  if (tools) host.tools = { ...host.tools, ...tools }
  if (drops)
    host.drops = withoutTwins(host.drops, drops).sort((a, b) => Number(a.time > b.time) - Number(a.time < b.time))
  // millions of entries, whose timeouts make twins differ
  if (conntrack) host.conntrack = host.conntrack ? host.conntrack.concat(conntrack) : conntrack
}

function joinUnread(old: Unread = {}, more: Unread): Unread {
  const addresses = [...(old.addresses ?? []), ...(more.addresses ?? [])]
  const routes = [...(old.routes ?? []), ...(more.routes ?? [])]
  const sockets = [...(old.sockets ?? []), ...(more.sockets ?? [])]
  return {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(sockets.length > 0 ? { sockets } : {}),
  }
}

/** Told by name: `ip link`, `ip -4 addr` and `ip -6 addr` speak of the same links, each of a part. */
function joinLinks(old: readonly Link[] = [], more: readonly Link[]): Link[] {
  const links = new Map<string, Link>()
  for (const link of [...old, ...more]) {
    const other = links.get(link.name)
    const addresses = joinAddresses(other?.addresses, link.addresses)
    links.set(link.name, { ...other, ...link, ...(addresses ? { addresses } : {}) })
  }
  return [...links.values()]
}

/** The later word on an address counts; none at all: neither file had any to show. */
function joinAddresses(old: LinkAddress[] | undefined, more: LinkAddress[] | undefined): LinkAddress[] | undefined {
  if (!old || !more) return more ?? old
  const addresses = new Map<string, LinkAddress>()
  for (const one of [...old, ...more]) addresses.set(`${one.address}/${one.prefixLength} ${one.peer}`, one)
  return [...addresses.values()]
}

/** One file may be a part of another, or the same in another form. Twins within one file are meant so. */
function withoutTwins<T extends object>(old: readonly T[] | undefined, more: readonly T[]): T[] {
  if (!old) return [...more]
  const known = new Set(old.map(identity))
  return [...old, ...more.filter((one) => !known.has(identity(one)))]
}

const identity = (one: object): string => JSON.stringify(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Do two listings of one ipset say the same, but for what time changes by itself and the order they are in? */
export const saySame = (one: NamedSet, other: NamedSet): boolean => contents(one) === contents(other)

const contents = ({ type, elements }: NamedSet): string =>
  JSON.stringify([type, elements.map(({ parts, nomatch, wildcard }) => `${parts} ${nomatch} ${wildcard}`).sort()])
