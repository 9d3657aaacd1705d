/** A flow as connection tracking keeps it, and its tuples. */
import type { Direction } from '../../model/direction.ts'
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import type { CtState, Packet } from '../../model/packet.ts'
import { knownProtocol } from '../values.ts'
import type { CtStatus } from './status.ts'
import type { TcpTracking } from './tcp.ts'

export interface Connection extends ConntrackEntry {
  protocolNumber: number
  /** Never changed in place: packets keep what they saw. */
  flags: readonly CtStatus[]
  mark: number
  zones: Zone
  /** Source and destination NAT are settled, be it that nothing is rewritten. */
  settled: { src: boolean; dst: boolean }
  /** It may have the flag `dnat`, though its destination stays as it is: nobody knows. */
  mayHaveDnat?: true
  /** MASQUERADE gave it the address of this interface. */
  masqueradedOn?: string
  tcp?: TcpTracking
  /** The kernel has begun it in a client's place (nfct_synproxy). */
  isProxied?: true
  /** What the kernel drew for it, so that nobody knows which it took. */
  drawn?: ReadonlySet<keyof Packet>
}

/** What a packet is to connection tracking. */
export interface Tracking {
  state: CtState
  direction?: Direction
}

const ICMP = 1
const ICMPV6 = 58
const WITH_PORTS = [6, 17, 33, 132, 136]
/** Which type answers which (net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c). */
const ANSWERS: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  [ICMP]: { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17 },
  [ICMPV6]: { 128: 129, 129: 128, 139: 140, 140: 139 },
}

export const numberOf = (packet: Packet): number => knownProtocol(packet.protocol ?? '') ?? 255

/** One direction of the packet's flow; protocols without ports have addresses only. */
export function tupleOf(packet: Packet): Tuple {
  const number = numberOf(packet)
  const tuple: Tuple = { src: packet.src!, dst: packet.dst! }
  if (number === ICMP || number === ICMPV6) {
    tuple.icmpType = packet.icmpType ?? 0
    tuple.icmpCode = packet.icmpCode ?? 0
    tuple.icmpId = packet.icmpId ?? 0
  } else if (WITH_PORTS.includes(number)) {
    tuple.sport = packet.sport ?? 0
    tuple.dport = packet.dport ?? 0
  }
  return tuple
}

/** The other direction's; undefined for ICMP types that nothing answers. */
export function invert(tuple: Tuple, protocol: number): Tuple | undefined {
  const inverted: Tuple = { src: tuple.dst, dst: tuple.src }
  if (tuple.icmpType !== undefined) {
    const type = ANSWERS[protocol]?.[tuple.icmpType]
    if (type === undefined) return undefined
    inverted.icmpType = type
    inverted.icmpCode = tuple.icmpCode ?? 0
    inverted.icmpId = tuple.icmpId ?? 0
  }
  if (tuple.dport !== undefined) inverted.sport = tuple.dport
  if (tuple.sport !== undefined) inverted.dport = tuple.sport
  return inverted
}

/** Where entries of the same tuple are told apart: by direction. */
export type Zone = Record<Direction, number>

export const NO_ZONE: Zone = { original: 0, reply: 0 }

export const zoneOf = ({ zone = 0, originalZone = zone, replyZone = zone }: ConntrackEntry): Zone => ({
  original: originalZone,
  reply: replyZone,
})

/** As an entry shows it. */
export function shownZone({ original, reply }: Zone): Pick<ConntrackEntry, 'zone' | 'originalZone' | 'replyZone'> {
  if (original === reply) return original === 0 ? {} : { zone: original }
  return original === 0 ? { replyZone: reply } : { originalZone: original }
}
