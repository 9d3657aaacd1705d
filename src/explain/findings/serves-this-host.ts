/** Whoever was asked replies to this host, and has not replied to the packet's own source. */
import { isLocal } from '../../rules/fib.ts'
import { type Context, lastPacket } from '../context.ts'
import { ownRepliedTo } from '../counterfactual/known-there.ts'
import { isMasqueradedOtherwise } from '../counterfactual/masqueraded-otherwise.ts'
import { hasNewDestination, isPublic, staysUnanswered } from '../counterfactual/undeliverable.ts'
import { hasNoLinkLayer, homeOf } from '../host/routes.ts'
import { hasSilentNextHop } from '../neighbours/stand-in.ts'

/** Sentences; undefined where conntrack does not show it. `other`: the IP version that is not the packet's. */
export function servesThisHost(context: Context, other: string): string | undefined {
  const packet = lastPacket(context)
  const { src, dst, protocol, out } = packet
  const replied = repliedHere(context)
  if (replied === undefined || isRouterOf(context)) return undefined
  const left = `It left for ${dst} with its own source ${src}, and connection tracking has seen no reply`
  const alone = isMasqueradedOtherwise(context, out) ? ` On ${out}, only ${other} is masqueraded.` : ''
  // dnsmasq and ntpd, say, answer some networks alone, and refuse nothing
  const dropper = protocol === 'udp' ? 'a firewall or the program' : 'a firewall'
  const why = `either replies to ${src} do not come back through this host, or ${dropper} there drops packets from that source`
  return `${left}. ${replied}: ${why}.${alone}`
}

/** The same of a neighbour that has this host for its router to the internet: who asks from there needs no other source, but a route. */
export function servesNeighbours(context: Context): string {
  const replied = isRouterOf(context) ? repliedHere(context) : undefined
  if (replied === undefined) return ''
  const { src, dst } = lastPacket(context)
  return ` ${replied}. Replies to ${src} must take the way through this host as well: check the default route and the firewall of ${dst}.`
}

/** To this host's own address, from that very port; without the full stop. */
function repliedHere(context: Context): string | undefined {
  const { journey, world } = context
  const packet = lastPacket(context)
  // what waits for its next hop has not left
  if (packet.out === undefined || hasSilentNextHop(context, packet.out)) return undefined
  const isKept =
    journey.outcome === 'forwarded' && isLocal(packet.src, world.host) === false && staysUnanswered(context)
  const own = isKept ? ownRepliedTo(packet, world.host) : undefined
  if (own === undefined) return undefined
  const { dst, dport, protocol } = packet
  return `${dst} replied${dport === undefined ? '' : ` from ${protocol} port ${dport}`} to this host's address ${own}`
}

/** Whom nat sends there may come from anywhere, and so may what comes out of a tunnel: the neighbour's router is likely another one. */
function isRouterOf(context: Context): boolean {
  const { src = '', dst = '', out } = lastPacket(context)
  const link = homeOf(dst, context.world.host, out)?.link
  return (
    isPublic(src) && link !== undefined && link.name === out && !hasNoLinkLayer(link) && !hasNewDestination(context)
  )
}
