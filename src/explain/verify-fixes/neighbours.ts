/**
 * Neighbour discovery (RFC 4861) behind a packet that gets through: where rules stop what this host and the next hop ask
 * of each other, or reply, the packet or its answer is not sent at all.
 */
import type { Played } from '../../journey/engine.ts'
import { inPrefix, parseAddress } from '../../model/address.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { isLocal, localCondition } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { canonicalAddress } from '../../rules/prefixes.ts'
import { isLinkLocal, lookupRoute, questionOf } from '../../rules/route.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'
import type { Reproduction } from './reproduce.ts'

/** The first packet of it that is stopped. `asksUs`: the next hop needs this host's link address, too, and is not known to have it. */
export function stoppedDiscovery(
  { engine, budget }: Reproduction,
  world: World,
  { packet }: Played,
  asksUs: boolean,
): Played | undefined {
  for (const pair of discoveryFor(packet, world, asksUs))
    for (const one of pair) {
      const before = pair.slice(0, pair.indexOf(one))
      const played = engine.play(world, one, { budget, before, assume: new Map([[localCondition(one.dst!), true]]) })
      if (isStoppedByRule(played.ended.outcome)) return played
    }
  return undefined
}

/** What is asked, and its reply, each in its own direction; none where it is not known who asks whom. */
function discoveryFor(packet: Packet, { host }: World, asksUs: boolean): Packet[][] {
  const { out, dst, src } = packet
  const question = questionOf(packet)
  // no listing of neighbours shows that the next hop is known: `ip neigh` prints nothing where there is none
  const { links, neighbours = [] } = host
  if (!question || !dst?.includes(':') || out === undefined || out === 'lo' || !links) return []
  const route = lookupRoute(question, host)
  if (route?.type !== 'unicast' || route.nexthops || route.device !== out) return []
  const hop = canonicalAddress(route.gateway ?? dst)
  const link = linkNamed(host, out)
  const known = neighbours.filter(({ device, family }) => device === out && family === 'ip6')
  // tunnels have no link addresses
  if (link?.mac === undefined && !known.some(({ mac }) => mac !== undefined)) return []
  const own = ownAddress(link?.addresses, hop)
  const here = src !== undefined && packet.in === undefined && isLocal(src, host) ? src : own
  if (here === undefined || hop === undefined) return []
  const [ours, theirs] = [solicitedGroup(here), solicitedGroup(hop)]
  if (ours === undefined || theirs === undefined) return []
  const isKnown = known.some(({ address, mac }) => canonicalAddress(address) === hop && mac !== undefined)
  const ask: Packet = { ...SOLICITATION, src: here, dst: theirs, out }
  const asker = route.gateway === undefined ? hop : linkLocalOf(hop, known)
  const asked: Packet = { ...SOLICITATION, src: asker, dst: ours, in: out }
  return [
    ...(isKnown ? [] : [[ask, { ...ADVERTISEMENT, src: hop, dst: here, in: out }]]),
    ...(asksUs ? [[asked, { ...ADVERTISEMENT, src: here, dst: asker, out }]] : []),
  ]
}

/** A router asks for whom it sends on, and that source is none of its own: it asks by its link-local address (ndisc_solicit, net/ipv6/ndisc.c). */
function linkLocalOf(hop: string, known: NonNullable<World['host']['neighbours']>): string {
  const mac = known.find(({ address }) => canonicalAddress(address) === hop)?.mac
  const own = mac && known.find((one) => one.mac === mac && isLinkLocal(one.address))
  return isLinkLocal(hop) ? hop : own ? own.address : 'fe80::1'
}

export const SOLICITATION = { protocol: 'icmpv6', icmpType: 135, icmpCode: 0, ttl: 255 } as const
export const ADVERTISEMENT = { protocol: 'icmpv6', icmpType: 136, icmpCode: 0, ttl: 255 } as const

/** In the network of the next hop. */
function ownAddress(
  addresses: readonly { address: string; prefixLength: number }[] = [],
  hop: string | undefined,
): string | undefined {
  const there = hop === undefined ? undefined : parseAddress(hop)
  return addresses.find(({ address, prefixLength }) => {
    const here = parseAddress(address)
    return here && there && here.length === there.length && inPrefix(there, here, prefixLength)
  })?.address
}
