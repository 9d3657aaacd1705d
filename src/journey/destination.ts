/** Where a packet goes, and whether that is this host, by what its trace shows and by host state. */
import type { Packet } from '../model/packet.ts'
import type { Nat } from '../model/statement.ts'
import type { World } from '../model/world.ts'
import { afterAll } from '../rules/assign.ts'
import { entryAnswered, entryOpened, keepsDestination } from '../rules/conntrack/entries.ts'
import { isLocal, LIMITED_BROADCAST } from '../rules/fib.ts'
import { sentAmong, sentTo } from '../rules/nft/map.ts'
import { knowsRoutingRules, leadsHere, leadsNowhere, lookupRoute } from '../rules/route.ts'
import type { Evidence } from './evidence.ts'
import { destinationGiven, end, natBehind, writesDestination } from './given-destination.ts'

/**
 * The packet behind the rule at `step`. What nat writes there is seen at the next step alone; behind the last one it is
 * known by conntrack's entry, or by the rule's words. An end that may be one of several is left out.
 */
export function behindRule({ arrivals, journey }: Evidence, world: World, step: number): Packet {
  const { packet } = arrivals[step]!
  const nat = natBehind(arrivals[step]!, world)
  if (!nat) return packet
  const { dst: _, dport: __, ...rest } = packet
  const entry = entryOpened(packet, world)
  if (entry) return { ...rest, ...end(entry.reply.src, entry.reply.sport) }
  const given = destinationGiven(nat, arrivals[step]!, { family: journey.family, world })
  return given ? { ...rest, ...given } : packet
}

/** Of a connection that was there before: what nat made of its first packet, or undoes for replies, decides where it goes. */
export function goesOn({ protocol, tcpFlags = [], icmpType }: Packet): boolean {
  if (protocol === 'tcp') return tcpFlags.includes('ack') || tcpFlags.includes('rst')
  return (protocol === 'icmp' && icmpType === 0) || (protocol === 'icmpv6' && icmpType === 129)
}

/** It begins a connection that is listed, and so got through all chains (nf_conntrack_confirm comes last). */
export const isConfirmed = (packet: Packet, world: World): boolean =>
  packet.protocol === 'tcp' && !goesOn(packet) && entryOpened(packet, world) !== undefined

/** By the routes in host state, for the destination as NAT left it; undefined where that is not known. */
export function goesToThisHost(evidence: Evidence, world: World): boolean | undefined {
  const { arrivals } = evidence
  const last = arrivals.at(-1)!
  // an entry that was there before nat was stays as it is, whatever rules say
  const nat = keepsDestination(last.packet, world) ? undefined : writesDestination(last.rule)
  if (nat?.kind === 'redirect') return true
  const { family } = evidence.journey
  const dst = nat
    ? (sentTo(nat, { packet: last.packet, family, world }) ?? sentAlike(nat, last.packet, world))
    : last.packet.dst
  if (dst === undefined) return undefined
  // what hands it to a proxy marks it, too
  const isProxied = last.rule?.statements.some(({ kind }) => kind === 'tproxy')
  const { packet } =
    isProxied && last.rule ? afterAll(last.rule.statements, { packet: last.packet, family, world }) : last
  return leadsToThisHost({ ...packet, dst }, world)
}

/** More are not asked for one by one. */
const MOST_ENDS = 256

/** One of those among whom chance chooses, where the same route leads to all of them: what is said of its way holds of any. */
export function sentAlike(nat: Nat, packet: Packet, world: World): string | undefined {
  const ends = sentAmong(nat, world) ?? []
  if (ends.length > MOST_ENDS) return undefined
  let first: string | undefined
  for (const dst of ends) {
    const route = routeTo(dst, packet, world)
    const way = route ? [route.type, route.device, route.gateway].join() : undefined
    if (way === undefined || (first ?? way) !== way) return undefined
    first = way
  }
  return ends[0]
}

/** The only one among whom chance chooses that routes refuse: a packet that routing dropped was sent there. */
export function sentNowhere(nat: Nat, packet: Packet, world: World): string | undefined {
  const ends = sentAmong(nat, world) ?? []
  if (ends.length > MOST_ENDS) return undefined
  const routes = ends.map((dst) => routeTo(dst, packet, world))
  const refused = ends.filter((_, i) => routes[i] !== undefined && leadsNowhere(routes[i]!))
  return routes.includes(undefined) || new Set(refused).size !== 1 ? undefined : refused[0]
}

/** Where connection tracking sends a packet of a connection that it lists, whose nat no line shows. */
export function sentByEntry(packet: Packet, world: World): { dst: string; dport?: number } | undefined {
  const opened = entryOpened(packet, world)
  const entry = opened ?? entryAnswered(packet, world)
  if (!entry) return undefined
  const { src, sport } = opened ? entry.reply : entry.original
  return sport === undefined ? { dst: src } : { dst: src, dport: sport }
}

/** By the routes in host state, for the packet as nat left it. */
export function leadsToThisHost(packet: Packet & { dst: string }, world: World): boolean | undefined {
  const { dst, mark } = packet
  const { host } = world
  if (dst === LIMITED_BROADCAST) return true
  const route = routeTo(dst, packet, world)
  if (route !== undefined) return route !== null && leadsHere(route)
  const own = isLocal(dst, host)
  // a routing rule may lead its mark to a table whose local route keeps it here
  return own === false && mark && !knowsRoutingRules(host, dst) ? undefined : own
}

const routeTo = (dst: string, { src, mark, in: device }: Packet, { host }: World) =>
  lookupRoute(
    {
      dst,
      ...(src === undefined ? {} : { src }),
      ...(mark === undefined ? {} : { mark }),
      ...(device === undefined ? {} : { in: device }),
    },
    host,
  )
