/** What is said of a next hop that has not replied ARP or neighbour discovery; fetched with the list of neighbours. */
import { newRoute } from '../../edits/ip/default-scope.ts'
import { deviceSysctl } from '../../edits/words.ts'
import type { Edit } from '../../model/edit.ts'
import type { Host, Neighbour, Route } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { ADVERTISEMENT, SOLICITATION } from '../../model/neighbour-discovery.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { linkNamed } from '../../rules/links.ts'
import { silentNeighbour } from '../../rules/neighbours.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf, type RouteQuestion, routeDevices } from '../../rules/route.ts'
import { wayOut } from '../../rules/way-out.ts'
import { acceptBefore, acceptNeighbours, propose, setSysctl } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { atRouting, isOneOfSeveral } from '../findings/routing.ts'
import { spotWords } from '../findings/verdicts.ts'
import { homeOf, isDefault, isOwnTable, replaceRoute } from '../host/routes.ts'
import { nameChain, nameRef } from '../refs.ts'
import {
  type AtPort,
  askedFrames,
  DISCOVERY_UNPLAYED,
  framesOf,
  isTraced,
  type Stopped,
  stoppedAtPort,
} from './frames.ts'
import { namedHops, nextHops } from './next-hops.ts'
import { otherNetworkHint } from './other-network.ts'
import { otherTableHint } from './other-table.ts'
import { routeless } from './routeless.ts'
import { heldPortHint, linkHint, ownPortHint } from './silent-link.ts'

export interface Silent {
  question: RouteQuestion
  /** As it leads out of that interface. */
  route: Route
  /** The route itself, where it has several next hops. */
  several?: Route
  out: string
  found: Neighbour
}

/** Where its next hop is one. */
export function tellNextHop(context: Context): Detected[] {
  const { host } = context.world
  const { out: shown, ...packet } = lastPacket(context)
  // where no chain is behind routing, the routes alone tell
  const question = shown === undefined ? atRouting(context)?.question : questionOf(packet)
  const route = question && lookupRoute(question, host)
  const out = shown ?? route?.device
  const chosen = shown === undefined || !question || !route ? [] : routeless(context, question, route, shown)
  if (chosen.length > 0) return chosen
  // another way than the routes of now lead is not theirs to explain
  if (!question || route?.type !== 'unicast' || out === undefined) return []
  const way = wayOut(route, out)
  if (shown === undefined && way?.gateway === undefined && isOneOfSeveral(context)) return []
  const found = way && silentNeighbour(host, out, way.gateway ?? question.dst)
  if (!way || !found) return []
  return tellSilent(context, { question, route: way, ...(route.nexthops ? { several: route } : {}), out, found })
}

function tellSilent(context: Context, silent: Silent): Detected[] {
  const { question, route, several, out, found } = silent
  const { journey, ended } = context
  // a route of IPv4 may have a next hop of IPv6
  const family = found.address.includes(':') ? 'ip6' : 'ip'
  const [protocol, ask] = family === 'ip6' ? ['neighbour discovery', 'ip -6 neigh'] : ['ARP', 'ip neigh']
  const sent = destinationRule(context)
  const by = sent ? `, to which ${nameRef(sent.ref)} sends the packet` : ''
  const gateway =
    route.gateway === undefined
      ? ''
      : `, ${several ? `one of ${several.nexthops!.length} gateways` : 'the gateway'} to ${route.destination}`
  const more = by === '' && gateway === '' ? '' : `${gateway}${by},`
  const who = `${found.address} on ${out}`
  const entry = `The neighbour entry of ${who}${more} is ${silentState(found)}`
  if (route.flags?.includes('linkdown')) return [withoutCarrier(context, silent, by)]
  const { stopped, byLinkAddress, open } = askedFrames(context, out, found.address)
  if (stopped) {
    const { ref } = stopped
    return [
      finding(
        'neighbour-failed',
        // where the trace shows the rule, the packet that it stopped tells more
        isTraced(ref) ? 'warning' : 'error',
        `${entry}: ${nameRef(ref)} drops ${framesOf(stopped, family)}${unseen(ref)}.`,
        {
          steps: [ended.step + 1],
          rules: [ref],
          fix: propose(
            `accept ${protocol} ${spotWords(ref)}`,
            acceptNeighbours(ref, family) ?? acceptBefore(ref, discovery(stopped, out)),
            undefined,
            DISCOVERY_UNPLAYED,
          ),
        },
      ),
    ]
  }
  const atPort = stoppedAtPort(context, out, found.address)
  if (atPort) return [behindPort(context, found.address, entry, atPort, family)]
  if (byLinkAddress) return [ofOtherLinkAddress(context, found.address, entry, byLinkAddress, family)]
  const ownNetwork = open || several ? undefined : beyondLink(context, silent)
  if (ownNetwork !== undefined) return [withoutNextHop(context, silent, protocol, ownNetwork)]
  const { host } = context.world
  const hint =
    open || several
      ? undefined
      : (ownPortHint(host, route, out, found.address) ??
        linkHint(host, out, found.address) ??
        otherNetworkHint(host, question, route, out) ??
        otherTableHint(context, question, route, out))
  // an address of the uplink's network may be routed to a guest or a container
  const isElsewhere = journey.packet.in !== undefined && route.gateway === undefined && journey.packet.in !== out
  const router = !open && !several && !sent && !isElsewhere && !hint ? routerBeside(host, route, out) : undefined
  const perhaps = sent
    ? `If the host has another address now, change it in ${nameRef(sent.ref)}`
    : isElsewhere
      ? 'If it is behind another interface, add a route that leads there'
      : router &&
        `If it is behind a router, because ${route.destination} overlaps another network, add a route: ip route add ${found.address} via ${router} dev ${out}`
  const state = open
    ? `${entry}. Whether ${nameChain(open)} drops ${framesOf({ what: 'reply' }, family)} is unknown.`
    : `${who}${more} has not replied to ${protocol}: its neighbour entry is ${silentState(found)}.${hint?.words ?? ''}`
  return [
    finding('neighbour-failed', 'warning', state, {
      steps: [ended.step + 1],
      ...(sent ? { rules: [sent.ref], culprit: sent.step } : {}),
      fix: [
        ...(several ? withoutHop(several, found.address, out) : (hint?.fix ?? [])),
        {
          description: `check that ${found.address} is up and connected to ${out}; ${ask} then lists it${perhaps === undefined ? '' : `. ${perhaps}`}`,
          unverified: 'this is not a rule change',
        },
      ],
    }),
  ]
}

/** Engines give their networks 16 to 20 bits: such a network may contain others, of which a router on the same link knows. */
function routerBeside(host: Host, route: Route, out: string): string | undefined {
  if (route.family !== 'ip' || route.gateway !== undefined || prefixLength(route.destination) > 20) return undefined
  return namedHops(route, out, host)[0]
}

/** The kernel chooses among next hops without asking whether they reply. */
function withoutHop({ nexthops = [], scope: _, flags: __, ...all }: Route, address: string, out: string): Proposal[] {
  // the object that it had them of keeps them
  const { nexthopId: _object, ...route } = all
  const [first, ...more] = nexthops.filter(({ gateway, device }) => gateway !== address || device !== out)
  if (!first) return []
  const { weight: ___, flags: ____, ...way } = first
  const edits = (one: Route): Edit[] => [{ kind: 'route', op: 'replace', route: newRoute(one) }]
  return propose(
    `remove next hop ${address} from the route to ${route.destination}`,
    {
      edits: edits(more.length > 0 ? { ...route, nexthops: [first, ...more] } : { ...route, ...way }),
      undo: edits({ ...all, nexthops }),
    },
    'add it again once it replies',
  )
}

/** The kernel goes on to use the routes of an interface whose cable is out, unless it is told to ignore them (IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN). */
function withoutCarrier(
  { ended, world: { host } }: Context,
  { question, route, out, found }: Silent,
  by: string,
): Detected {
  const others = { ...host, routes: (host.routes ?? []).filter(({ flags }) => !flags?.includes('linkdown')) }
  const next = lookupRoute(question, others)
  const ways = next?.type === 'unicast' ? routeDevices(next).join(' or ') : undefined
  const version = route.family === 'ip' ? 'ipv4' : 'ipv6'
  const link = linkNamed(host, out)
  const held = link && heldPortHint(host, link)
  const now = host.sysctls?.get(`net.${version}.conf.${sysctlName(out)}.ignore_routes_with_linkdown`)
  const instead = ways === undefined ? '' : `, although another route leads out of ${ways}`
  const change = setSysctl(deviceSysctl(version, out, 'ignore_routes_with_linkdown'), 1, 0)
  return finding(
    'neighbour-failed',
    'error',
    `${out} has no carrier, and the kernel still uses its ${routeWords(route)}${instead}: ${found.address}${by === '' ? '' : `${by},`} cannot be reached.${held?.words ?? ''}`,
    {
      steps: [ended.step + 1],
      fix: [
        ...(held?.fix ?? []),
        // the interface is to come back by itself
        ...(held || ways === undefined || now !== '0'
          ? []
          : propose(
              `ignore the routes of ${out} while it has no carrier`,
              change,
              'every network behind it is affected',
            )),
        ...(held
          ? []
          : [{ description: `connect ${out}; ip link then shows LOWER_UP`, unverified: 'this is not a rule change' }]),
      ],
    },
  )
}

/** The interface's own network, where the address is not in it and the route names no next hop there. */
function beyondLink({ world: { host } }: Context, { route, out, found }: Silent): string | undefined {
  const link = linkNamed(host, out)
  const isHost = prefixLength(route.destination) === (route.family === 'ip' ? 32 : 128)
  if (route.gateway !== undefined || isHost || link?.mac === undefined) return undefined
  if (homeOf(found.address, host, out)?.link.name === out) return undefined
  const own = link.addresses?.find(({ family, scope }) => family === route.family && scope !== 'link')
  return own && homeOf(own.address, host, out)?.network
}

/** `default dev eth1`: right for a tunnel; on Ethernet every destination would have to reply by itself. */
function withoutNextHop(
  { ended, world: { host } }: Context,
  { route, out, found }: Silent,
  protocol: string,
  own: string,
): Detected {
  const asks = protocol === 'ARP' ? 'ARP requests' : 'neighbour solicitations'
  const hops = isDefault(route) ? nextHops(route, out, host) : namedHops(route, out, host)
  const fix = hops.flatMap((gateway) =>
    propose(
      `send it to the next hop ${gateway}`,
      replaceRoute(route, { gateway }),
      undefined,
      `whether ${gateway} is a router to ${isDefault(route) ? 'other networks' : route.destination} is unknown here`,
    ),
  )
  return finding(
    'neighbour-failed',
    'warning',
    `The ${routeWords(route)} leads out of ${out} without a next hop. So this host sends ${asks} for ${found.address} directly, although this address is outside the network of ${out} (${own}). Nothing replied.`,
    {
      steps: [ended.step + 1],
      fix: [
        ...fix,
        {
          description: `add the next hop to that route: via the router on ${out}`,
          unverified: 'the right next hop is unknown here',
        },
      ],
    },
  )
}

const routeWords = (route: Route): string =>
  `${isDefault(route) ? 'default route' : `route to ${route.destination}`}${isOwnTable(route.table) ? '' : ` of table ${route.table}`}`

/** A filter of the bridge keeps an address from one of its ports: who is behind that port has another one than it expects. */
function behindPort(
  { ended }: Context,
  address: string,
  entry: string,
  stopped: AtPort,
  family: 'ip' | 'ip6',
): Detected {
  const { ref, port, only, by } = stopped
  const isMac = by === 'MAC address'
  const which = isMac ? `from a MAC address that the filter of ${port} does not accept` : `with that address at ${port}`
  const told = `${nameRef(ref)} drops ${framesOf(stopped, family)} ${which}${unseen(ref)}`
  const behind = isMac
    ? `If the neighbour is behind port ${port}, compare its MAC address: `
    : `If the neighbour is behind port ${port}, this explains the missing reply: `
  const accept = isMac ? "the neighbour's MAC address" : address
  return finding(
    'neighbour-failed',
    only ? 'error' : 'warning',
    only ? `${entry}: ${told}.` : `${entry}. ${behind}${told}.`,
    {
      steps: [ended.step + 1],
      rules: [ref],
      fix: [
        {
          description: `make the filter of ${port} accept ${accept}, or change the ${by} of the host behind ${port} to the one that the filter accepts`,
          unverified: `the right ${by} is unknown here`,
        },
      ],
    },
  )
}

/** A filter accepts replies from link addresses that it lists: the neighbour's own may be another one. */
function ofOtherLinkAddress(
  { ended }: Context,
  address: string,
  entry: string,
  stopped: Stopped,
  family: 'ip' | 'ip6',
): Detected {
  const { ref } = stopped
  const drops = `${nameRef(ref)} drops ${framesOf(stopped, family)} from MAC addresses that it does not accept${unseen(ref)}`
  return finding('neighbour-failed', 'warning', `${entry}. ${drops}: compare the MAC address of ${address}.`, {
    steps: [ended.step + 1],
    rules: [ref],
    fix: [
      {
        description: `make ${nameRef(ref)} accept the MAC address of ${address}`,
        unverified: 'the right MAC address is unknown here',
      },
    ],
  })
}

/** For rules that ask for one type of ICMPv6. */
const discovery = ({ what }: Stopped, device: string): Packet => ({
  ...{ protocol: 'icmpv6', icmpType: what === 'request' ? SOLICITATION : ADVERTISEMENT, icmpCode: 0 },
  ...(what === 'request' ? { out: device } : { in: device }),
})

const unseen = (ref: RuleRef): string => (isTraced(ref) ? '' : ', which a trace of the IP chains does not show')
