/** Connection tracking (net/netfilter/nf_conntrack_core.c): what a packet is to the entries, and how they come and go. */

import type { Direction } from '../model/direction.ts'
import type { Tuple } from '../model/host.ts'
import { ICMP_ERRORS } from '../model/icmp-error.ts'
import type { Packet } from '../model/packet.ts'
import {
  type Connection,
  invert,
  NO_ZONE,
  numberOf,
  shownZone,
  tupleOf,
  type Zone,
} from '../rules/conntrack/connection.ts'
import { type CtStatus, flag, NO_FLAGS } from '../rules/conntrack/status.ts'
import { stateFromDump, trackTcp } from '../rules/conntrack/tcp.ts'
import { hasPorts } from '../rules/values.ts'
import type { Found } from './conntrack-table.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { change, needChecksum, type Skb } from './skb.ts'
import { isAskedForClient } from './synproxy.ts'
import { Undetermined } from './undetermined.ts'

const TCP = 6
const ICMP = 1
const ICMPV6 = 58
/** Only what asks can begin a flow. */
const ICMP_ASKS: Readonly<Record<number, readonly number[]>> = { [ICMP]: [8, 13, 15, 17], [ICMPV6]: [128, 139] }
/** Neighbour discovery and multicast listeners (nf_conntrack_proto_icmpv6.c). */
const ICMPV6_UNTRACKED = [130, 131, 132, 133, 134, 135, 136, 137, 143]

/** At -200 in PREROUTING and OUTPUT. */
export function track(machine: Simulator, skb: Skb): TableVerdict {
  // seen before (over lo), or left alone
  if (!skb.tracking) look(machine, skb)
  skb.refusesNotrack = false
  skb.template = undefined
  show(skb)
  return 'accept'
}

function look(machine: Simulator, skb: Skb): void {
  const { packet } = skb
  const number = numberOf(packet)
  skb.tracking = { state: 'invalid' }
  const { ctState } = skb.given
  if ((ctState === 'invalid' || ctState === 'untracked') && !skb.looped) {
    skb.tracking.state = ctState
    return
  }
  const isVerified = skb.hook === 'prerouting' && machine.settings.verifiesChecksums
  if (isVerified) needChecksum(skb)
  if (isCut(packet, number) || (skb.wrongBy !== 0 && isVerified)) return
  refuseUnknownPorts(packet, number)
  if (number === ICMP || number === ICMPV6) {
    const type = packet.icmpType ?? 0
    if (number === ICMPV6 && ICMPV6_UNTRACKED.includes(type)) {
      skb.tracking = { state: 'untracked' }
      return
    }
    if (number === ICMP ? ICMP_ERRORS.includes(type) : type < 128) {
      relate(machine, skb)
      return
    }
  }
  const zone = zoneFor(skb)
  const tuple = tupleOf(packet)
  const known = findFlow(machine, tuple, number, zone) ?? asGiven(machine, skb, tuple, zone)
  const found = known ?? begin(packet, tuple, number, zone)
  if (!found) return
  if (!known && isAskedForClient(machine, skb)) found.connection.isProxied = true
  attach(machine, skb, found)
}

/** Headers shorter than these belong to no flow (nf_conntrack_proto_tcp.c and its like). */
const LEAST: Readonly<Record<number, number>> = { [ICMP]: 8, [TCP]: 20, 17: 8, 33: 12, [ICMPV6]: 8, 132: 12, 136: 8 }

function isCut({ length, dst, fragOffset, tcpOptions = '' }: Packet, number: number): boolean {
  const least = LEAST[number]
  if (length === undefined || least === undefined || fragOffset) return false
  const header = dst!.includes(':') ? 40 : 20
  return length - header < least + (number === TCP ? tcpOptions.length / 2 : 0)
}

function refuseUnknownPorts({ sport, dport, fragOffset }: Packet, number: number): void {
  if (!hasPorts(number) || fragOffset) return
  const reason = 'a rule may have rewritten it; the new value is not known'
  if (sport === undefined) throw new Undetermined('the source port', reason)
  if (dport === undefined) throw new Undetermined('the destination port', reason)
}

/** Throws Undetermined where nobody knows whether it is there. */
function findFlow({ conntrack }: Simulator, tuple: Tuple, number: number, zone: Zone): Found | undefined {
  const found = conntrack.find(tuple, number, zone)
  if (!found && conntrack.mayHave(tuple, number, zone))
    throw new Undetermined(
      'the connection',
      'an earlier packet of this connection, with unknown fields, may have created it',
    )
  return found
}

/** Does the packet belong to a connection that is there? */
export const isOfFlow = ({ conntrack }: Simulator, skb: Skb): boolean =>
  conntrack.find(tupleOf(skb.packet), numberOf(skb.packet), zoneFor(skb)) !== undefined

/** The flow that connection tracking would have found the packet to be of, or would have begun. */
export function flowOf({ conntrack }: Simulator, skb: Skb): Connection | undefined {
  const { packet } = skb
  if (packet.src === undefined || packet.dst === undefined) return undefined
  const [tuple, number, zone] = [tupleOf(packet), numberOf(packet), zoneFor(skb)]
  return (conntrack.find(tuple, number, zone) ?? begin(packet, tuple, number, zone))?.connection
}

function zoneFor({ zone, packet, given: { ctZone } }: Skb): Zone {
  if (!zone) return ctZone ? { original: ctZone, reply: ctZone } : NO_ZONE
  const id = (one: number | 'mark') => (one === 'mark' ? (packet.mark ?? 0) & 0xffff : one)
  return { original: id(zone.original), reply: id(zone.reply) }
}

/** Only an entry that is there has a mark or a reply. Flags of a new one, which a trace shows, come later on its way. */
export const saysEntry = ({ ctState, ctMark, ctStatus = [], ctDir }: Packet): boolean =>
  ctState === 'established' ||
  ctState === 'related' ||
  !!ctMark ||
  (ctState === undefined && (ctStatus.length > 0 || ctDir === 'reply'))

const isOpening = ({ tcpFlags = [] }: Packet): boolean => tcpFlags.includes('syn') && !tcpFlags.includes('ack')

/** The sender says that the connection is known already, though no list of connections shows it. */
function asGiven(machine: Simulator, skb: Skb, tuple: Tuple, zone: Zone): Found | undefined {
  if (!saysEntry(skb.given)) return undefined
  const { ctState, ctDir: direction = 'original', ctMark = 0, ctStatus = [] } = skb.given
  const number = numberOf(skb.packet)
  const opposite = invert(tuple, number)
  if (!opposite) return undefined
  const isFirst = ctState === 'new' || (ctState === undefined && isOpening(skb.packet))
  const flags = [...(ctStatus as CtStatus[])]
  if (!isFirst) flags.push(ctState === 'related' ? 'expected' : 'seen-reply')
  const [original, reply] = direction === 'original' ? [tuple, opposite] : [opposite, tuple]
  const connection: Connection = {
    family: skb.family,
    protocol: skb.packet.protocol!,
    protocolNumber: number,
    original,
    reply,
    status: [],
    flags: [...new Set(flags)],
    mark: ctMark,
    zones: zone,
    settled: { src: true, dst: true },
    ...(number === TCP ? { tcp: stateFromDump(isFirst ? 'SYN_SENT' : 'ESTABLISHED') } : {}),
    ...shownZone(zone),
  }
  machine.conntrack.insert(connection)
  return { connection, direction }
}

/** A connection of its own, that is known to nobody until it is confirmed. */
function begin(packet: Packet, original: Tuple, number: number, zone: Zone): Found | undefined {
  const reply = invert(original, number)
  if (!reply) return undefined
  if (original.icmpType !== undefined && !ICMP_ASKS[number]?.includes(original.icmpType)) return undefined
  const connection: Connection = {
    family: packet.src!.includes(':') ? 'ip6' : 'ip',
    protocol: packet.protocol!,
    protocolNumber: number,
    original,
    reply,
    status: [],
    flags: NO_FLAGS,
    mark: 0,
    zones: zone,
    settled: { src: false, dst: false },
    labels: [],
    counters: { original: { packets: 0, bytes: 0 }, reply: { packets: 0, bytes: 0 } },
  }
  // a spread, though it brings nothing, costs more than all of the rest
  if (zone !== NO_ZONE) Object.assign(connection, shownZone(zone))
  return { connection, direction: 'original' }
}

function attach(machine: Simulator, skb: Skb, { connection, direction }: Found): void {
  let isCounted = true
  if (connection.protocolNumber === TCP) {
    const verdict = trackTcp(connection, skb.packet, direction, machine.settings.tcp)
    if (verdict === 'invalid') return
    if (verdict === 'again' || verdict === 'gone') machine.conntrack.delete(connection)
    if (verdict === 'again') {
      look(machine, skb)
      return
    }
    isCounted = verdict !== 'ignored'
  }
  if (isCounted) count(connection, direction, skb.packet)
  const { flags } = connection
  const state =
    direction === 'reply' || flags.includes('seen-reply')
      ? 'established'
      : flags.includes('expected')
        ? 'related'
        : 'new'
  if (direction === 'reply') flag(connection, 'seen-reply')
  skb.connection = connection
  skb.tracking = { state, direction }
}

/** As it counts while a rule asks for that (nf_ct_acct_add); what a listing does not count stays unknown. */
function count(connection: Connection, direction: Direction, { length }: Packet): void {
  const { counters } = connection
  if (!counters) return
  const { packets, bytes } = counters[direction]
  if (length === undefined) delete connection.counters
  else connection.counters = { ...counters, [direction]: { packets: packets + 1, bytes: bytes + length } }
}

/** An ICMP error belongs to the flow of the packet that it quotes (nf_conntrack_inet_error). */
function relate(machine: Simulator, skb: Skb): void {
  const found = quotedFlow(machine, skb)
  if (found) {
    skb.connection = found.connection
    skb.tracking = { state: 'related', direction: found.direction }
  } else if (skb.given.ctState === 'related') skb.tracking = { state: 'related' }
}

function quotedFlow(machine: Simulator, skb: Skb): Found | undefined {
  const { inner, dst } = skb.packet
  if (!inner?.src || !inner.dst || inner.protocol === undefined) return undefined
  const number = numberOf(inner)
  const innerTuple = invert(tupleOf(inner), number)
  const found = innerTuple && findFlow(machine, innerTuple, number, zoneFor(skb))
  // who gets it has to be who sent the quoted packet
  return found && found.connection[found.direction].dst === dst ? found : undefined
}

/** The kernel's own answer belongs to the flow of the packet that it answers (nf_conntrack_attach). */
export function attachAnswer(skb: Skb, { connection, tracking }: Skb): void {
  if (tracking?.state === 'untracked') skb.refusesNotrack = true
  if (!connection || !tracking?.direction) return
  skb.connection = connection
  skb.tracking = { state: 'related', direction: tracking.direction === 'original' ? 'reply' : 'original' }
  show(skb)
}

/** Behind everything else in INPUT and POSTROUTING: from now on others find the entry. */
export function confirm(machine: Simulator, skb: Skb): TableVerdict {
  const { connection, tracking } = skb
  if (!connection || tracking?.direction !== 'original') return 'accept'
  if (connection.flags.includes('confirmed') || connection.flags.includes('dying')) return 'accept'
  if (machine.conntrack.isTaken(connection)) return 'vanished'
  machine.conntrack.insert(connection)
  show(skb)
  return 'accept'
}

/** Writes into the packet what rules read of its connection. */
export function show(skb: Skb): void {
  const { connection, tracking } = skb
  if (!tracking) return
  const { state, direction } = tracking
  const entry = direction && connection
  change(skb, 'ctState', state)
  change(skb, 'ctDir', entry && direction)
  // never changed in place
  change(skb, 'ctStatus', entry?.mayHaveDnat ? undefined : (entry?.flags as CtStatus[] | undefined))
  change(skb, 'ctMark', entry?.mark)
  change(skb, 'ctZone', entry?.zone)
}
