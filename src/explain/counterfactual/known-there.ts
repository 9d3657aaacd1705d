/** What conntrack knows of a destination's way back to the packet's network. */
import type { ConntrackEntry, Host } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import { isUnreplied } from '../../rules/conntrack/entries.ts'
import { isLongIdle } from '../../rules/conntrack/silence.ts'
import { hasAddress, isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { leadsOutOf, lookupRoute } from '../../rules/route.ts'
import { homeOf } from '../host/routes.ts'

/**
 * Have the packet's destination and its source, or another one of its network, had a connection by way of this host in which
 * neither was rewritten? Then it has a way back to that network, whoever of them spoke first.
 */
export const isKnownThere = (packet: Packet, host: Host): boolean =>
  // a mark or a port may lead one connection out by another interface
  !host.routingRules?.some(isChoosy) && hasTalkedAlike(packet, host)

function hasTalkedAlike({ src, dst, in: from }: Packet, host: Host): boolean {
  if (src === undefined || dst === undefined || from === undefined) return false
  const home = homeOf(src, host, from)
  const isAlike = (other: string) => {
    if (other === src) return true
    const own = home && homeOf(other, host, from)
    return own !== undefined && own.network === home?.network && isLocal(other, host) === false
  }
  return (
    repliedBy(host, dst).some(({ original }) => isAlike(original.src)) ||
    repliedTo(host, dst).some(({ original, reply }) => reply.src === original.dst && isAlike(original.dst))
  )
}

/** A source of that kind to which it has replied by way of this host, as it is, of any network that this host leads out of the same link. */
export function otherRepliedTo(
  { dst, out }: Packet,
  host: Host,
  isOfKind: (src: string) => boolean,
): string | undefined {
  if (dst === undefined || out === undefined || host.routingRules?.some(isChoosy)) return undefined
  const isForwarded = (src: string) => isLocal(src, host) === false && homeOf(src, host)?.link.name !== out
  return repliedBy(host, dst).find(({ original: { src } }) => isOfKind(src) && isForwarded(src))?.original.src
}

/**
 * This host's address on the link by which the packet left, if the packet's destination has replied to that from the very
 * port: it is there, a program listens, and it lacks no way back to this host. Where it has one to the packet's network,
 * or is in that, another source would change nothing.
 */
export function ownRepliedTo(packet: Packet, host: Host): string | undefined {
  const { src, dst, in: from, out, protocol } = packet
  if (src === undefined || dst === undefined || out === undefined || protocol === undefined) return undefined
  // whose network the source is of is known by addresses, and whose way it is by routes
  if (!linkNamed(host, out)?.addresses || !host.routes) return undefined
  // a source of another interface than it came in by may have left the wrong way
  const home = homeOf(src, host, from)?.link.name
  if ((home !== undefined && home !== from) || homeOf(src, host, out)?.link.name === out) return undefined
  if (hasTalkedAlike(packet, host)) return undefined
  return servedBy(packet, host).find(({ reply }) => reply.dst !== src && hasAddress(host, out, reply.dst))?.reply.dst
}

/** Connections that the packet's destination has taken, or pings that it has replied to, and of late, as far as that is known. */
export const servedBy = ({ dst = '', dport, protocol }: Packet, host: Host): readonly ConntrackEntry[] =>
  repliesFrom(host, dst).filter((entry) => {
    const { protocol: its, reply, status } = entry
    if (its !== protocol || reply.sport !== dport || isLongIdle(entry, host)) return false
    // a reset is a reply, too
    return its !== 'tcp' || status.includes('assured')
  })

/** A connection of another port or protocol, in which the packet's destination has replied to the very source that it left with. */
export function repliedOtherwise({ src, dst, dport, protocol }: Packet, host: Host): ConntrackEntry | undefined {
  if (dst === undefined || host.routingRules?.some(isChoosy)) return undefined
  // of several next hops, each connection gets its own
  if (host.routes?.some(({ nexthops = [] }) => nexthops.length > 1)) return undefined
  return repliesFrom(host, dst).find((entry) => {
    const { reply, status } = entry
    const isOther = entry.protocol !== protocol || reply.sport !== dport
    // a reset may come from a router on the way
    const hasReplied = entry.protocol === 'tcp' ? status.includes('assured') : PORTS_OR_PINGS.test(entry.protocol)
    return reply.dst === src && isOther && hasReplied && !isLongIdle(entry, host)
  })
}

const PORTS_OR_PINGS = /^(?:udp|icmp|icmpv6)$/

const isChoosy = ({ mark, protocol, sport, dport, tos, unknown }: NonNullable<Host['routingRules']>[number]): boolean =>
  [mark, protocol, sport, dport, tos, unknown].some((one) => one !== undefined)

/** Has somebody behind the link replied to this source, as it is? Then its address is found there. */
export const isFoundBehind = (src: string, from: string, link: string, host: Host): boolean =>
  repliedTo(host, src).some(({ reply }) => leadsOutOf(lookupRoute({ dst: reply.src, src, in: from }, host), link))

/** Has anybody behind the link replied? Connections that are listed last say so. */
export const hasReplied = (link: string, host: Host): boolean =>
  (host.conntrack ?? [])
    .slice(0, MOST_LOOKED_AT)
    .some(
      (entry) =>
        !isUnreplied(entry) && leadsOutOf(lookupRoute({ dst: entry.reply.src, src: entry.original.src }, host), link),
    )

const MOST_LOOKED_AT = 2000

const repliedTo = ({ conntrack = [] }: Host, src: string): readonly ConntrackEntry[] =>
  remembered(toSources(conntrack), src, () =>
    conntrack.filter((entry) => entry.original.src === src && entry.reply.dst === src && !isUnreplied(entry)),
  )

const repliedBy = (host: Host, dst: string): readonly ConntrackEntry[] =>
  repliesFrom(host, dst).filter(({ original, reply }) => reply.dst === original.src && reply.src !== reply.dst)

const repliesFrom = ({ conntrack = [] }: Host, dst: string): readonly ConntrackEntry[] =>
  remembered(repliesOf(conntrack), dst, () => conntrack.filter((one) => one.reply.src === dst && !isUnreplied(one)))

type Found = Map<string, readonly ConntrackEntry[]>

/** Found once for each address. */
function remembered(known: Found, address: string, find: () => readonly ConntrackEntry[]): readonly ConntrackEntry[] {
  const found = known.get(address) ?? find()
  known.set(address, found)
  return found
}

// there may be millions of entries
const repliesOf = memo((_: readonly ConntrackEntry[]): Found => new Map())
const toSources = memo((_: readonly ConntrackEntry[]): Found => new Map())
