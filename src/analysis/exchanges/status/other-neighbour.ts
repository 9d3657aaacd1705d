/** Replies that go to another link address than the request came from. */
import { propose } from '../../../explain/changes/change.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { finding } from '../../../explain/context.ts'
import { addWayBack, changeRoute, homeOf, isOwnTable, routeWords } from '../../../explain/host/routes.ts'
import { homeRoute } from '../../../explain/host/routes-of-tables.ts'
import { DISCOVERY_UNPLAYED } from '../../../explain/neighbours/frames.ts'
import type { Host, Neighbour, Route } from '../../../model/host.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { silentState } from '../../../model/silent-neighbour.ts'
import { isLocal } from '../../../rules/fib.ts'
import { hasMac, neighboursAt, neighboursWith } from '../../../rules/neighbours.ts'
import { isLinkLocal, lookupRoute, wayBackOf } from '../../../rules/route.ts'
import type { Part } from '../join/joined.ts'

interface BackByLink {
  packet: Packet
  host: Host
  src: string
  srcMac: string
  device: string
  /** Of the reply. */
  route: Route
}

/** A request that came in by a link, where its reply leaves by the same one. */
function backByLink(parts: readonly Part[]): BackByLink | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request?.own) return undefined
  const { packet } = request.told.journey
  const { host } = request.told.world
  const { src, dst, in: device, srcMac } = packet
  if (src === undefined || dst === undefined || device === undefined || srcMac === undefined) return undefined
  const route = lookupRoute(wayBackOf(packet, dst, 0), host)
  return route?.type === 'unicast' && route.device === device ? { packet, host, src, srcMac, device, route } : undefined
}

/** Somebody entered it for the sender. Entries that the kernel learned are its own concern: a permanent one stays whatever comes. */
export function otherNeighbour(parts: readonly Part[]): Finding | undefined {
  const back = backByLink(parts)
  if (!back || back.route.gateway !== undefined) return undefined
  const { host, device, src, srcMac } = back
  const entered = neighboursAt(host, device, src).find(({ state }) => state.includes('PERMANENT'))
  if (entered?.mac === undefined || hasMac(entered, srcMac)) return undefined
  const to = `A permanent neighbour entry gives ${src} the MAC address ${entered.mac}`
  const entry = { kind: 'neighbour', address: src, device } as const
  const change = {
    edits: [{ ...entry, op: 'del' as const }],
    undo: [{ ...entry, op: 'replace' as const, mac: entered.mac.toLowerCase() }],
  }
  return finding('neighbour-failed', 'warning', `${to}, but the request came from ${srcMac}.`, {
    fix: propose(
      'remove the entry, so that this host resolves the address again (ARP/ND)',
      change,
      undefined,
      DISCOVERY_UNPLAYED,
    ).map(sayable),
  })
}

/**
 * The route back leads to another router of the same link than the one that the request came by. One that tracks connections
 * drops a reply whose request it has not seen.
 */
export function otherRouter(parts: readonly Part[]): Finding | undefined {
  const back = backByLink(parts)
  if (!back) return undefined
  const { packet, host, device, src, srcMac, route } = back
  const { gateway } = route
  if (gateway === undefined) return undefined
  const [next] = neighboursAt(host, device, gateway)
  const router = routerWith(srcMac, device, next, host)
  if (!router || router.address === src || isAcknowledgedBy(src, device, host)) return undefined
  const came = `The request came through ${router.address} (MAC address ${srcMac})`
  const goes = `this host sends the reply to ${gateway} (${routeWords(route)}), and ${src} has not acknowledged it`
  return finding(
    'wrong-way-out',
    'warning',
    `${came}, but ${goes}. If ${gateway} tracks connections, it drops replies to requests that it has not seen.`,
    {
      fix: addWayBack(packet, host, `everything sent to ${src} then goes through ${router.address}`).map(sayable),
    },
  )
}

/**
 * The request came from a neighbour itself, and the route back has a router of that same link as its next hop: one that tracks
 * connections, or forwards nothing, drops the reply.
 */
export function pastSender(parts: readonly Part[]): Finding | undefined {
  const back = backByLink(parts)
  if (!back) return undefined
  const { packet, host, device, src, srcMac, route } = back
  const { gateway } = route
  const home = homeOf(src, host, device)
  // a table of its own is told with what led there
  if (home?.link.name !== device || gateway === undefined || gateway === src || !isOwnTable(route.table))
    return undefined
  const isItself = neighboursAt(host, device, src).some((one) => hasMac(one, srcMac))
  const [router] = neighboursAt(host, device, gateway)
  if (!isItself || !hasOtherMac(router, srcMac) || isAcknowledgedBy(src, device, host)) return undefined
  const came = `The request came from ${src} itself (MAC address ${srcMac}), a neighbour on ${device}`
  const goes = `this host sends the reply to the router ${gateway} (${routeWords(route)}), and ${src} has not acknowledged it`
  const isOfNetwork = route.destination === home.network
  const direct = homeRoute(home, route.table)
  return finding(
    'wrong-way-out',
    'warning',
    `${came}, but ${goes}. ${gateway} may forward nothing, or drop replies to requests that it has not seen.`,
    {
      fix: (isOfNetwork
        ? propose(
            `make the route to ${home.network} lead to its hosts directly`,
            changeRoute(route, direct),
            `affects everything sent to ${home.network}; whatever added the route may add it again`,
          )
        : addWayBack(packet, host, `everything sent to ${src} then goes there directly`)
      ).map(sayable),
    },
  )
}

/** Another connection of the sender went on: replies do get there by that way. Those of its own link take none of this host's routes. */
const isAcknowledgedBy = (src: string, device: string, host: Host): boolean =>
  (host.conntrack ?? []).some(
    ({ original, status }) =>
      original.src === src &&
      status.includes('assured') &&
      (isLocal(original.dst, host) === true || homeOf(original.dst, host)?.link.name !== device),
  )

/** What routers give an address that they share: VRRP (RFC 9568, 7.3), and HSRP and GLBP of Cisco's. */
const SHARED = /^(?:00:00:5e:00:0[12]|00:00:0c:07:ac|00:00:0c:9f:f|00:07:b4:00)/i

/** Whichever of several routers has a shared one sends with its own. */
const hasOtherMac = (router: Neighbour | undefined, mac: string): boolean =>
  router?.mac !== undefined && silentState(router) === undefined && !hasMac(router, mac) && !SHARED.test(router.mac)

/** The neighbour that has this link address, where the gateway has another one. */
function routerWith(mac: string, device: string, gateway: Neighbour | undefined, host: Host): Neighbour | undefined {
  if (!gateway || !hasOtherMac(gateway, mac)) return undefined
  return neighboursWith(host, device, gateway.family, mac).find(({ address }) => !isLinkLocal(address))
}
