/** Who asks and answers for link addresses, and what is to pass with them. */
import type { Played } from '../../journey/engine.ts'
import { parseAddress } from '../../model/address.ts'
import type { Hook } from '../../model/hook.ts'
import type { Host, LinkAddress } from '../../model/host.ts'
import { isListenerDiscovery, LISTENER_TYPES } from '../../model/listener-discovery.ts'
import { ADVERTISEMENT, DISCOVERY_TYPES, isDiscovery, SOLICITATION } from '../../model/neighbour-discovery.ts'
import type { Packet } from '../../model/packet.ts'
import { isGroup } from '../../rules/fib.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'

/** Who listens to which group: what hosts, routers and snooping switches tell each other. */
export const isOfGroups = (packet: Packet): boolean => packet.protocol === 'igmp' || isListenerDiscovery(packet)

/** A rule for one address alone helps nobody. */
export const isForAllOfLink = (packet: Packet): boolean => isDiscovery(packet) || isOfGroups(packet)

/** All types of ICMPv6 that have to pass where one of them has to; none: it is no such packet. */
export const typesLike = (packet: Packet): readonly number[] =>
  isDiscovery(packet) ? DISCOVERY_TYPES : isListenerDiscovery(packet) ? LISTENER_TYPES : []

/** What this host and its neighbours ask: who routes has them on every link. */
export const isOnAllLinks = (packet: Packet, hook: Hook | undefined): boolean =>
  isDiscovery(packet) && (hook === 'input' || hook === 'output')

/** Of one that looks whether its own new address is taken, no answer is the good one. */
export const isSolicitation = ({ protocol, icmpType, src }: Packet): boolean =>
  protocol === 'icmpv6' && icmpType === SOLICITATION && src !== '::'

/** Undefined where it is not known who is asked: a trace shows the group, which has the last three bytes of the address. */
export function advertisementTo({ packet, ended }: Played, host: Host): Packet | undefined {
  const { src, dst, out } = packet
  if (src === undefined || dst === undefined) return undefined
  const isHere = ended.outcome === 'delivered'
  const target = isGroup(dst) ? asked(dst, isHere ? ownOn(packet.in, host) : neighboursOn(out, host)) : dst
  if (target === undefined || (!isHere && out === undefined)) return undefined
  const back: Packet = { src: target, dst: src, protocol: 'icmpv6', icmpType: ADVERTISEMENT, icmpCode: 0, ttl: 255 }
  return isHere ? back : { ...back, in: out! }
}

const ownOn = (device: string | undefined, { links = [] }: Host): string[] =>
  links.flatMap(({ name, addresses = [] }) =>
    name === device ? addresses.flatMap(({ address, unused }) => (unused ? [] : [address])) : [],
  )

/** The host's own address that is asked for, where it does not use it: it does not answer (ndisc_recv_ns). */
export function unusedTarget({ packet }: Pick<Played, 'packet'>, { links = [] }: Host): LinkAddress | undefined {
  if (!isSolicitation(packet)) return undefined
  const { dst = '' } = packet
  const own = links.find(({ name }) => name === packet.in)?.addresses ?? []
  const meant = own.filter(({ address }) => address === dst || solicitedGroup(address) === dst)
  return meant.every(({ unused }) => unused) ? meant[0] : undefined
}

const neighboursOn = (out: string | undefined, { neighbours = [] }: Host): string[] =>
  neighbours.flatMap(({ device, address }) => (device === out ? [address] : []))

function asked(group: string, addresses: readonly string[]): string | undefined {
  const end = endOf(group)
  return addresses.find((address) => address.includes(':') && endOf(address) === end)
}

const endOf = (address: string): string | undefined => parseAddress(address)?.slice(-3).join()
