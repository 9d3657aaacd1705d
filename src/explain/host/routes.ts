/** Routes that lead elsewhere than the addresses of this host's links say, and the commands for them. */

import { newRoute } from '../../edits/ip/default-scope.ts'
import { editCommand } from '../../edits/print.ts'
import { inPrefix, networkAddress, parseAddress } from '../../model/address.ts'
import { spoken } from '../../model/command.ts'
import type { Edit, RoutingRuleEdit } from '../../model/edit.ts'
import type { Host, Link, Route, RoutingRule } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { isLocal, knowsNetworks } from '../../rules/fib.ts'
import { isResolved, neighboursAt, neighboursWith } from '../../rules/neighbours.ts'
import { canonicalAddress, familyOf, prefixLength } from '../../rules/prefixes.ts'
import {
  leadsOutOf,
  lookupRoute,
  lookupWithout,
  questionOf,
  type RouteQuestion,
  routeDevices,
  rulesFor,
  tableLedTo,
} from '../../rules/route.ts'
import { listener } from '../../rules/sockets.ts'
import { propose } from '../changes/change.ts'
import { type Change, NOT_TRIED, type Proposal } from '../changes/proposal.ts'

export interface Home {
  link: Link
  /** With prefix length. */
  network: string
}

/** The link in whose network the address is; its own addresses apart. Of several, as all are of fe80::/64, rather that one. */
export function homeOf(address: string, { links = [] }: Host, rather?: string): Home | undefined {
  const bytes = parseAddress(address)
  if (!bytes) return undefined
  let home: Home | undefined
  for (const link of links) {
    if (link.up === false || link.name === 'lo') continue
    for (const { address: own, prefixLength } of link.addresses ?? []) {
      const base = parseAddress(own)
      if (!base || prefixLength === base.length * 8 || !inPrefix(bytes, base, prefixLength)) continue
      home = { link, network: `${networkAddress(base, prefixLength)}/${prefixLength}` }
      if (rather === undefined || link.name === rather) return home
    }
  }
  return home
}

/** Two other hosts of one network there, which ask that link for each other's address. */
export function areNeighbours(one: string, other: string, device: string, host: Host): boolean {
  const home = homeOf(one, host, device)
  return (
    home?.link.name === device && !hasNoLinkLayer(home.link) && homeOf(other, host, device)?.network === home.network
  )
}

/** What is at the other end of such an interface has no link address: its network lies behind this host. */
export const hasNoLinkLayer = ({ kind, mac }: Link): boolean =>
  kind !== undefined && TUNNELS.includes(kind) && (kind !== 'tun' || mac === undefined)

const TUNNELS = ['wireguard', 'tun', 'ipip', 'gre', 'sit', 'ip6tnl', 'ip6gre', 'vti', 'vti6', 'xfrm']

export interface Astray {
  /** Which leads it there. */
  route: Route
  /** Where its destination is. */
  home?: Home
  /** The route to it of table main or another one, which a routing rule leads it past. */
  main?: Route
  /** Where a routing rule leads what is for this host itself past table local. */
  fix?: Proposal[]
  why: string
}

/**
 * Is the packet on a way that leads away from its destination, as far as the host's links and other routes tell?
 * `towards`: the interface by which others come from there. `handedOver`: the destination for which the last router sent
 * it here, where nat has rewritten that.
 */
export function astray(packet: Packet, host: Host, towards?: string, handedOver = packet.dst): Astray | undefined {
  const { dst, out, in: from } = packet
  const question = questionOf(packet)
  if (dst === undefined || out === undefined || out === 'lo' || !question) return undefined
  const route = lookupRoute(question, host)
  // another way than the routes of now lead is not theirs to explain
  if (!leadsOutOf(route, out)) return undefined
  const leads = `${routeWords(route)}${isOwnTable(route.table) ? '' : ` of table ${route.table}`} leads out of ${out}`
  // its addresses are in table local while it is up
  const own = host.links?.find(({ addresses = [], up }) => up !== false && addresses.some((one) => one.address === dst))
  const rules = own ? rulesFor(question, host) : []
  const local = rules.find((one) => tableLedTo(one) === 'local')
  const beforeLocal = rules.find(
    (one) => tableLedTo(one) === route.table && one.priority < (local?.priority ?? Number.POSITIVE_INFINITY),
  )
  // who leads the link's very network elsewhere in front of table local means another host with the address
  if (own && beforeLocal && !routeDevices(route).includes(own.name) && isAsNarrow(route, own, dst)) return undefined
  if (own && beforeLocal && beforeLocal.priority > 0) {
    const why = `${dst} is this host's own address (${own.name}), but routing rule ${beforeLocal.priority} comes before table local, and ${leads}`
    const first = addRoutingRule({ ...beforeLocal, priority: beforeLocal.priority - 1, action: { table: 'local' } })
    return { route, fix: propose('look up table local first for such packets', first), why }
  }
  const isSame = handedOver === dst
  const home = homeOf(dst, host, out)
  const main = from === out && home?.link.name === out ? mainRoute(question, host) : undefined
  if (main && route.table !== 'main' && isNarrower(main, route) && !routeDevices(main).includes(out)) {
    const back = `table ${route.table} sends it back out of ${out} (route to ${route.destination})`
    const elsewhere = `a more specific route to ${main.destination}, through ${routeDevices(main).join(' or ')}`
    return { route, main, why: `it came in on ${out}, and ${back}; table main has ${elsewhere}` }
  }
  if (home) {
    // of what has just come from its own link, only its own reply on another one says that it lives there
    const lives = home.link.name === towards ? isNeighbour(dst, route, out, host) : livesBehind(dst, route, out, host)
    const isWrong = hasRepliedAt(dst, home, route, host) || (isSame && isFromNextHop(packet, route, host))
    return home.link.name === out || (lives && !isWrong)
      ? undefined
      : { route, home, why: `${dst} is in the network of ${home.link.name} (${home.network}), but ${leads}` }
  }
  if (towards === undefined && from !== out) return undefined
  // nat has sent it back to who sent it: the route says where that is, as its coming in did
  if (packet.src === dst) return undefined
  // which networks the links have is not known, and this route says that the destination is on that one
  if (!knowsNetworks(host, dst) && route.gateway === undefined && !route.nexthops) return undefined
  // a host behind a neighbour of who sent it; with unknown networks, it may be one behind the sender itself
  const isBehind = towards === undefined && route.gateway !== undefined && livesBehind(dst, route, out, host)
  if (isBehind && !(isSame && knowsNetworks(host, dst) && backToSender(packet, route, host))) return undefined
  // back to where it came from, or elsewhere than that, though a wider route leads on
  const wider = lookupWithout(route, question, host)
  if (wider?.type !== 'unicast' || routeDevices(wider).includes(out)) return undefined
  if (towards !== undefined) return routeDevices(wider).includes(towards) ? { route, why: leads } : undefined
  // another table's default route is another uplink's, for whom a routing rule leads there
  if (wider.table !== route.table && isDefault(route) && isDefault(wider)) return undefined
  const on = `the route to ${wider.destination} leads out of ${routeDevices(wider).join(' or ')}`
  const why = `it came in on ${out}, and ${leads} again, while ${on}`
  if (wider.table === route.table || !isNarrower(wider, route)) return { route, why }
  // a table that a routing rule asks later knows the destination, and this one not; half of the internet is no destination
  const isWide = prefixLength(wider.destination) <= WIDE
  return { route, main: isWide ? { ...wider, destination: hostPrefix(dst) } : wider, why }
}

/** A routing rule has led the packet to a table with a default route alone, past a narrower one of table main. */
export function pastMain(packet: Packet, host: Host): { route: Route; main: Route } | undefined {
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  if (route?.type !== 'unicast' || route.table === 'main' || !isDefault(route)) return undefined
  const main = mainRoute(question!, host)
  const { out = '' } = packet
  const isElsewhere = routeDevices(route).includes(out) && main && !routeDevices(main).includes(out)
  return isElsewhere && !isDefault(main) ? { route, main } : undefined
}

/** The next hop is the very host that sends it. */
export const leadsToSender = ({ gateway }: Route, { src }: { src?: string }): boolean =>
  gateway !== undefined && src !== undefined && canonicalAddress(src) === canonicalAddress(gateway)

/** The router that sent the packet here, where the route leads back to it: it takes the destination for one of this host's. */
export function backToSender(packet: Packet, route: Route, host: Host): string | undefined {
  const { src, dst, in: from, srcMac } = packet
  const { gateway, device } = route
  if (src === undefined || gateway === undefined || from === undefined || device !== from) return undefined
  // a mark or a routing rule leads it back, which is for a host of another link
  const home = dst === undefined ? undefined : homeOf(dst, host)
  if ((home && home.link.name !== from) || pastMain({ ...packet, out: device }, host)) return undefined
  if (leadsToSender(route, packet)) return gateway
  const mac = neighboursAt(host, from, gateway)[0]?.mac
  const isFromIt =
    mac !== undefined && srcMac !== undefined ? mac === srcMac : homeOf(src, host, from)?.link.name !== from
  return isFromIt ? gateway : undefined
}

/**
 * The packet's destination as an address of this host. The command is given where a program here listens on that very
 * address; else another machine may be meant to have it.
 */
export function giveAddress({ dst: address = '', in: device = '', ...packet }: Packet, host: Host): Proposal {
  const condition = 'if this host should have the address, assign it'
  const family = familyOf(address)
  const edit = { kind: 'address', family, address, device } as const
  if (listener(host, { ...packet, dst: address })?.address !== undefined && device !== '')
    return {
      description: condition,
      edits: [{ ...edit, op: 'add' }],
      undo: [{ ...edit, op: 'del' }],
      unverified: NOT_TRIED,
      note: 'only if no other host has that address',
    }
  const add = device === '' ? undefined : spoken(editCommand({ ...edit, op: 'add' }))
  return {
    description: add === undefined ? condition : `${condition}: ${add}`,
    unverified: 'it is unknown whether this host should have the address',
  }
}

/** Table main's, whatever routing rules say. */
export function mainRoute(question: RouteQuestion, { routingRules: _, ...host }: Host): Route | undefined {
  const found = lookupRoute(question, { ...host, routes: (host.routes ?? []).filter(({ table }) => table === 'main') })
  return found?.type === 'unicast' ? found : undefined
}

/** Is the route for no more than the network in which the link has the address? */
export const isAsNarrow = ({ destination }: Route, { addresses = [] }: Link, address: string): boolean =>
  addresses.some((one) => one.address === address && prefixLength(destination) >= one.prefixLength)

/** Length of a prefix: halves of the internet stand for all of it. */
export const WIDE = 1

/** Of the address alone. */
export const hostPrefix = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`

const isNarrower = (one: Route, other: Route): boolean =>
  prefixLength(one.destination) > prefixLength(other.destination)

export const isOwnTable = (table: string): boolean => table === '' || table === 'main'

export const isDefault = ({ destination }: Route): boolean => /\/0$/.test(destination)

/** For a sentence. */
export const routeWords = (route: Route): string =>
  isDefault(route) ? 'the default route' : `the route to ${route.destination}`

/** A default route of some table leads out of it. */
export const hasDefaultRoute = (routes: readonly Route[], device: string): boolean =>
  routes.some((route) => isDefault(route) && routeDevices(route).includes(device))

/** Of a route's flags the one that a command gives it. */
export const onlinkOf = (flags: Route['flags']): Pick<Route, 'flags'> =>
  flags?.includes('onlink') ? { flags: ['onlink'] } : {}

/**
 * A route to this one host on a link says where it lives, as for guests with an address of another link's network, and so does
 * one by a next hop that replies; or an answer from there.
 */
function livesBehind(dst: string, route: Route, device: string, host: Host): boolean {
  if (route.nexthops) return false
  const isOfHost = prefixLength(route.destination) === (dst.includes(':') ? 128 : 32)
  // no neighbours are listed there
  if (host.links?.some((link) => link.name === device && hasNoLinkLayer(link))) return isOfHost
  const [known] = neighboursAt(host, device, route.gateway ?? dst)
  // one that somebody has entered need not reply
  const replies = known && silentState(known) === undefined && !(route.gateway && known.state.includes('PERMANENT'))
  return route.gateway === undefined ? (replies ?? isOfHost) : isOfHost && replies === true
}

/** The host itself is on the link that the route leads out of. */
const isNeighbour = (dst: string, { gateway, nexthops }: Route, device: string, host: Host): boolean =>
  gateway === undefined && !nexthops && isResolved(host, device, dst)

/** No next hop elsewhere is the way to a host that has just replied on the link of its network, or that somebody has entered there. */
function hasRepliedAt(dst: string, { link }: Home, { gateway }: Route, host: Host): boolean {
  const known = gateway === undefined ? [] : neighboursAt(host, link.name, dst)
  return known.some(({ state }) => state.some((one) => one === 'REACHABLE' || one === 'PERMANENT'))
}

/** Nor is the router that has just handed this very packet over. */
function isFromNextHop({ in: from, srcMac }: Packet, { gateway, device }: Route, host: Host): boolean {
  if (gateway === undefined || srcMac === undefined || from === undefined || from !== device) return false
  return neighboursAt(host, device, gateway).some(({ mac }) => mac === srcMac)
}

/** The one that a route has where nobody says any. */
const isUsual = (metric: number | undefined, family: Route['family']): boolean =>
  (metric ?? 0) === 0 || (family === 'ip6' && metric === 1024)

/** Takes the route away; of several to one network, the metric says which. The undo restores all that a command can give it. */
export function deleteRoute({ metric, flags, device: listed, ...route }: Route): Change {
  const { family, type, destination, gateway, table, tos, from, nexthops } = route
  // IPv6 lists lo with a route that goes nowhere, and a command may not name it
  const device = type === 'unicast' || type === 'local' ? listed : undefined
  const said = metric === undefined || isUsual(metric, family) ? {} : { metric }
  return {
    edits: without({
      ...{ family, type, destination, table, ...said },
      ...(gateway === undefined ? {} : { gateway }),
      ...(device === undefined ? {} : { device }),
      ...(tos === undefined ? {} : { tos }),
      ...(from === undefined ? {} : { from }),
      ...(nexthops === undefined ? {} : { nexthops }),
    }),
    undo: add({
      ...route,
      ...said,
      ...(device === undefined ? {} : { device }),
      ...onlinkOf(flags),
    }),
  }
}

/** The same route with another way, or another source. */
export function replaceRoute({ scope: _, flags, ...route }: Route, way: Pick<Route, 'gateway' | 'source'>): Change {
  const edits = (one: Route): Edit[] => [
    { kind: 'route', op: 'replace', route: newRoute({ ...one, ...onlinkOf(flags) }) },
  ]
  const { nexthopId: ___, ...own } = route
  return { edits: edits({ ...(way.gateway === undefined ? route : own), ...way }), undo: edits(route) }
}

/** `unverified`: why the change is not tried. */
export const giveSource = (route: Route, source: string, unverified: string): Proposal[] =>
  propose(
    `make that route give ${source} as the source`,
    replaceRoute(route, { source }),
    'it does not help programs that choose their source address themselves',
    unverified,
  )

/** Another route to the same network, in its place: with another metric or tos it would stand beside it. */
export function changeRoute(route: Route, into: Route): Change {
  const { metric, tos } = route
  const own = { ...into, ...(metric === undefined ? {} : { metric }), ...(tos === undefined ? {} : { tos }) }
  return { edits: [{ kind: 'route', op: 'replace', route: newRoute(own) }], undo: replaceRoute(route, {}).undo }
}

/** Its priority says which of several that are alike. */
export const deleteRoutingRule = (rule: RoutingRule): Change => ({
  edits: [{ kind: 'routing-rule', op: 'del', rule }],
  undo: [{ kind: 'routing-rule', op: 'add', rule }],
})

/** In front of those that lead to table main, where nobody says a priority. */
export const addRoutingRule = (rule: RoutingRuleEdit['rule']): Change => ({
  edits: [{ kind: 'routing-rule', op: 'add', rule }],
  undo: [{ kind: 'routing-rule', op: 'del', rule }],
})

export const addRoute = (route: Route): Change => ({ edits: add(route), undo: without(route) })

/**
 * A route back to the packet's source by the neighbour that handed it over; none where that is not known, nor for this
 * host's own addresses and those of another link's network: whoever sends with them there forges them. `note`: what it costs.
 */
export function addWayBack({ src, in: device, srcMac }: Packet, host: Host, note: string): Proposal[] {
  if (src === undefined || device === undefined || srcMac === undefined) return []
  if (isLocal(src, host) || (homeOf(src, host, device)?.link.name ?? device) !== device) return []
  const family = familyOf(src)
  const by = neighboursWith(host, device, family, srcMac)
  const [gateway] = [...by.filter(({ address }) => address === src), ...by].map(({ address }) => address)
  if (gateway === undefined) return []
  const destination = hostPrefix(src)
  const via: Pick<Route, 'gateway'> = gateway === src ? {} : { gateway }
  const route: Route = { family, type: 'unicast', destination, table: 'main', device, ...via }
  // the kernel takes no second one of the same metric (fib_table_insert, fib6_add)
  const there = host.routes?.find(
    ({ table, tos, from, ...one }) =>
      isOwnTable(table) && one.destination === destination && isUsual(one.metric, family) && !tos && from === undefined,
  )
  // one that leads there already changes nothing
  if (there && (there.type !== 'unicast' || (routeDevices(there).includes(device) && there.gateway === via.gateway)))
    return []
  return propose(
    `${there ? 'lead the' : 'add a'} route back to ${src} through the neighbour that sent the packet`,
    there ? changeRoute(there, route) : addRoute(route),
    note,
  )
}

/** A route back to whoever sends to a group, which seldom comes over a router. */
export function addOnLink({ src, in: device }: Packet, host: Host): Proposal[] {
  if (src === undefined || device === undefined || isLocal(src, host) !== false) return []
  const family = familyOf(src)
  const destination = hostPrefix(src)
  return propose(
    `add a route back to ${src} out of ${device}`,
    addRoute({ family, type: 'unicast', destination, table: 'main', device }),
    `if ${src} is on that link; otherwise the route must also name the router to ${src}`,
  )
}

const add = (route: Route): Edit[] => [{ kind: 'route', op: 'add', route: newRoute(route) }]

/** Those that every host has. */
export const KERNEL_TABLES: ReadonlySet<string> = new Set(['local', 'main', 'default'])

/** Of no other type than the one that goes without saying. */
function without({ type, ...route }: Route): Edit[] {
  return [{ kind: 'route', op: 'del', route: type === 'unicast' ? route : { type, ...route } }]
}
