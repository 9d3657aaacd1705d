/** Does the reply to a request come by here? What a router forwards as it is may be answered by another router. */
import { leadsToGuest } from '../../../explain/host/bridges.ts'
import type { ConntrackEntry, Host, Link } from '../../../model/host.ts'
import type { Journey } from '../../../model/journey.ts'
import { memo } from '../../../model/memo.ts'
import { isUnreplied } from '../../../rules/conntrack/entries.ts'
import { linkNamed, portsOfBridge } from '../../../rules/links.ts'
import { prefixLength } from '../../../rules/prefixes.ts'
import { lookupRoute, routeDevices } from '../../../rules/route.ts'
import { asItLeft } from '../../as-it-left.ts'
import type { Told } from '../join/joined.ts'

/** Of a list of connections so many are looked at. */
const MOST_PAIRS = 2000

/** `entry`: the request's own; `replies`: those that the capture shows. */
export function comesBackHere(
  { journey, world: { host } }: Told,
  entry: ConntrackEntry | undefined,
  replies: Iterable<Told> = [],
): boolean {
  const { src, dst, in: came } = journey.packet
  if (came === undefined || journey.outcome === 'delivered' || src === undefined || dst === undefined) return true
  if (entry ? isEntryRewritten(entry) : isJourneyRewritten(journey)) return true
  if (isGuest(src, host) || isGuest(dst, host)) return true
  const way = wayOf(dst, src, host)
  if (way === undefined) return false
  if (waysListed(host).has(way)) return true
  for (const reply of replies) if (wayOfReply(reply) === way) return true
  return false
}

/** Of the first of its class. */
const wayOfReply = memo(({ journey: { packet }, world }: Told): string | undefined =>
  packet.src === undefined || packet.dst === undefined ? undefined : wayOf(packet.src, packet.dst, world.host),
)

const isEntryRewritten = ({ original, reply }: ConntrackEntry): boolean =>
  original.src !== reply.dst ||
  original.dst !== reply.src ||
  original.sport !== reply.dport ||
  original.dport !== reply.sport

function isJourneyRewritten(journey: Journey): boolean {
  const { packet } = journey
  const left = asItLeft(journey)
  return (['src', 'dst', 'sport', 'dport'] as const).some((key) => left[key] !== packet[key])
}

/**
 * By what the senders of replies decide where these go. A neighbour decides itself; what is behind a gateway goes as that
 * gateway's other packets do. Undefined: the address is this host's own, or its route is unknown.
 */
function wayOf(from: string, to: string, host: Host): string | undefined {
  const [sender, target] = [routeTo(from, to, host), routeTo(to, from, host)]
  if (!sender || !target) return undefined
  const decides = sender.nexthops ? sender.destination : (sender.gateway ?? from)
  return `${routeDevices(sender)} ${decides} ${routeDevices(target)} ${target.destination}`
}

function routeTo(dst: string, src: string, host: Host) {
  const route = lookupRoute({ dst, src, mark: 0 }, host)
  return route?.type === 'unicast' ? route : undefined
}

/** Of replies that connection tracking has seen, and of what those sent that are asked elsewhere. */
const waysListed = memo((host: Host): ReadonlySet<string> => {
  const pairs = new Map<string, [string, string]>()
  const add = (from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined && pairs.size < MOST_PAIRS) pairs.set(`${from} ${to}`, [from, to])
  }
  for (const entry of host.conntrack ?? []) {
    const { original, reply } = entry
    if (!isUnreplied(entry)) add(reply.src, reply.dst)
    if (original.dst === reply.src) add(original.src, original.dst)
  }
  const ways = new Set<string>()
  for (const [from, to] of pairs.values()) {
    const way = wayOf(from, to, host)
    if (way !== undefined) ways.add(way)
  }
  return ways
})

/** A container or a virtual machine of this host, on an interface that leads to nobody else: there is no other router. */
function isGuest(address: string, host: Host): boolean {
  const route = routeTo(address, address, host)
  if (!route || route.gateway !== undefined || route.nexthops || route.device === undefined) return false
  const ports = portsOfBridge(host, route.device)
  if (ports.length > 0) return ports.every(isGuests)
  const link = linkNamed(host, route.device)
  // whoever has a network there may be a switch to many
  const isOne = prefixLength(route.destination) === (address.includes(':') ? 128 : 32)
  return link !== undefined && isOne && link.kind !== 'tun' && isGuests(link)
}

/** Not all listings tell kinds. */
const isGuests = (link: Link): boolean =>
  leadsToGuest(link) || (link.kind === undefined && link.peerNamespace !== undefined)
