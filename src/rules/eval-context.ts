/** What conditions are asked of: one packet at one hook of one machine. */
import type { Scalar } from '../model/condition.ts'
import type { Hook } from '../model/hook.ts'
import type { ConntrackEntry, Route, Tuple } from '../model/host.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { Unknown } from './truth.ts'
import type { Held } from './values.ts'

export interface EvalContext {
  packet: Packet
  /** Absent: cannot be told. */
  hook?: Hook
  family: Family
  world: World
  /**
   * The packet's connection tracking entry as it is at this moment, where that is known: a simulation keeps its own.
   * Absent: the one in host state that fits, for what never changes during a connection.
   */
  connection?: ConntrackEntry | undefined
  /** The original side of a new connection, where the packet was seen before NAT and no entry is known. */
  opening?: Tuple | undefined
  /** The route that it has taken, whatever rules have written since; absent: the one for what the packet shows. */
  route?: Route | undefined
  /** Of what this host sends, until it is routed anew: the destination that it was routed to first. */
  routedTo?: string | undefined
  /** The model sends it: what nobody said of its frame is as a neighbour sends it. */
  isPlayed?: true
  /** Of these it is known from what they were drawn, and no more. */
  drawn?: ReadonlySet<keyof Packet> | undefined
  /** What rules have written that the packet itself does not show: `meta pkttype`; of ARP, which operation it is. */
  written?: ReadonlyMap<string, Scalar | Unknown>
}

/** A field that such a packet does not have: a comparison with it fails, whatever its operator. */
export const ABSENT = Symbol('absent')

/** What a field holds at a moment; undefined: not known. */
export type Read = (moment: EvalContext) => Held | typeof ABSENT | Unknown | undefined

export type Readers = Readonly<Record<string, Read>>

/** A field of the packet object as it is. */
export const packetField =
  (key: keyof Packet): Read =>
  ({ packet }) =>
    packet[key] as Held | undefined

/** IPv4 or IPv6; of a bridged frame, what it carries. */
export function ipVersion({ family, packet }: EvalContext): 'ip' | 'ip6' | undefined {
  if (family === 'ip' || family === 'ip6') return family
  const address = packet.src ?? packet.dst
  return address === undefined || family === 'arp' ? undefined : address.includes(':') ? 'ip6' : 'ip'
}

/** The field is there in packets of one IP version only. */
export const ofVersion =
  (version: 'ip' | 'ip6', read: Read): Read =>
  (moment) =>
    ipVersion(moment) === version ? read(moment) : ABSENT
