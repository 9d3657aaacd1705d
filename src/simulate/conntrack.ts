/** The connection tracking table (net/netfilter/nf_conntrack_core.c): entries, and what a packet is to them. */
import type { ConntrackEntry, Tuple } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import {
  type Connection,
  type CtStatus,
  type Direction,
  invert,
  NO_ZONE,
  numberOf,
  shownZone,
  tupleKey,
  tupleOf,
  type Zone,
  zoneOf,
} from './connection.ts'
import type { HookVerdict } from './hooks.ts'
import type { Machine } from './machine.ts'
import type { Skb } from './skb.ts'
import { stateFromDump, type TcpSettings, trackTcp } from './tcp.ts'

const TCP = 6
const ICMP = 1
const ICMPV6 = 58
/** Errors quote a packet; redirects do too. */
const ICMP_ERRORS = [3, 4, 5, 11, 12]
/** Only what asks can begin a flow. */
const ICMP_ASKS: Readonly<Record<number, readonly number[]>> = { [ICMP]: [8, 13, 15, 17], [ICMPV6]: [128, 139] }
/** Neighbour discovery and multicast listeners (nf_conntrack_proto_icmpv6.c). */
const ICMPV6_UNTRACKED = [130, 131, 132, 133, 134, 135, 136, 137, 143]

export interface Found {
  connection: Connection
  direction: Direction
}

export class ConntrackTable {
  /** By tuple and the zone of its direction; with zones several entries may share both. */
  private readonly byTuple = new Map<string, Found[]>()
  readonly connections = new Set<Connection>()
  /** Those whose source NAT is settled, oldest first. */
  readonly bySource = new Set<Connection>()

  constructor(entries: readonly ConntrackEntry[]) {
    for (const entry of entries) {
      const connection = fromDump(entry)
      this.insert(connection)
      this.bySource.add(connection)
    }
  }

  /** The entry that a packet with this tuple belongs to. */
  find(tuple: Tuple, protocol: number, zone: Zone): Found | undefined {
    return this.findAs('original', tuple, protocol, zone) ?? this.findAs('reply', tuple, protocol, zone)
  }

  /** Looks where a tuple of that direction would be; it may be the other direction of an entry. */
  findAs(direction: Direction, tuple: Tuple, protocol: number, zone: Zone): Found | undefined {
    const found = this.byTuple.get(tupleKey(tuple, protocol, zone[direction]))
    return found?.find((one) => zoneOf(one.connection)[one.direction] === zone[one.direction])
  }

  insert(connection: Connection): void {
    connection.flags.add('confirmed')
    this.connections.add(connection)
    for (const direction of ['original', 'reply'] as const) {
      const key = keyOf(connection, direction)
      const others = this.byTuple.get(key) ?? []
      // a flow from somebody to himself has one tuple; the kernel finds the reply
      this.byTuple.set(key, [{ connection, direction }, ...others])
    }
  }

  delete(connection: Connection): void {
    connection.flags.add('dying')
    this.bySource.delete(connection)
    this.connections.delete(connection)
    for (const direction of ['original', 'reply'] as const) {
      const key = keyOf(connection, direction)
      const others = this.byTuple.get(key)?.filter((one) => one.connection !== connection) ?? []
      if (others.length > 0) this.byTuple.set(key, others)
      else this.byTuple.delete(key)
    }
  }

  /** The packet that began it did not come to the end: nobody will ever find it. */
  forget(connection: Connection): void {
    if (!connection.flags.has('confirmed')) this.bySource.delete(connection)
  }
}

const keyOf = (connection: Connection, direction: Direction): string =>
  tupleKey(connection[direction], connection.protocolNumber, zoneOf(connection)[direction])

function fromDump(entry: ConntrackEntry): Connection {
  const number = protocolNumber(entry.protocol) ?? 255
  const flags = new Set<CtStatus>(['confirmed'])
  if (!entry.status.includes('unreplied')) flags.add('seen-reply')
  if (entry.status.includes('assured')) flags.add('assured')
  const { original, reply } = entry
  if (reply.dst !== original.src || reply.dport !== original.sport) flags.add('snat')
  if (reply.src !== original.dst || reply.sport !== original.dport) flags.add('dnat')
  const connection: Connection = {
    ...entry,
    protocolNumber: number,
    flags,
    mark: entry.mark ?? 0,
    settled: { src: true, dst: true },
  }
  if (number === TCP) connection.tcp = stateFromDump(entry.state)
  return connection
}

/** At -200 in PREROUTING and OUTPUT. */
export function track(machine: Machine, skb: Skb): HookVerdict {
  // seen before (over lo), or left alone
  if (!skb.tracking) look(machine, skb)
  delete skb.refusesNotrack
  delete skb.template
  show(skb)
  return 'accept'
}

function look(machine: Machine, skb: Skb): void {
  const { packet } = skb
  const number = numberOf(packet)
  skb.tracking = { state: 'invalid' }
  const { ctState } = skb.given
  if ((ctState === 'invalid' || ctState === 'untracked') && !skb.looped) {
    skb.tracking.state = ctState
    return
  }
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
  const found =
    machine.conntrack.find(tuple, number, zone) ??
    asGiven(machine, skb, tuple, zone) ??
    begin(packet, tuple, number, zone)
  if (!found) return
  attach(machine, skb, found)
}

function zoneFor({ zone, packet }: Skb): Zone {
  if (!zone) return NO_ZONE
  const id = (one: number | 'mark') => (one === 'mark' ? (packet.mark ?? 0) & 0xffff : one)
  return { original: id(zone.original), reply: id(zone.reply) }
}

/** The sender says that the connection is known already, though no list of connections shows it. */
function asGiven(machine: Machine, skb: Skb, tuple: Tuple, zone: Zone): Found | undefined {
  const { ctState, ctDir: direction = 'original', ctMark = 0, ctStatus = [], protocol } = skb.given
  const number = numberOf(skb.given)
  const opposite = invert(tuple, number)
  if (!opposite || (ctState !== 'established' && ctState !== 'related')) return undefined
  const flags = new Set(ctStatus as CtStatus[]).add(ctState === 'established' ? 'seen-reply' : 'expected')
  const [original, reply] = direction === 'original' ? [tuple, opposite] : [opposite, tuple]
  const connection: Connection = {
    family: skb.family,
    protocol: protocol!,
    protocolNumber: number,
    original,
    reply,
    status: [],
    flags,
    mark: ctMark,
    settled: { src: true, dst: true },
    ...(number === TCP ? { tcp: stateFromDump('ESTABLISHED') } : {}),
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
    flags: new Set(),
    mark: 0,
    settled: { src: false, dst: false },
    ...shownZone(zone),
  }
  return { connection, direction: 'original' }
}

function attach(machine: Machine, skb: Skb, { connection, direction }: Found): void {
  if (connection.protocolNumber === TCP) {
    const verdict = trackTcp(connection, skb.packet, direction, settingsOf(machine))
    if (verdict === 'invalid') return
    if (verdict === 'again' || verdict === 'gone') machine.conntrack.delete(connection)
    if (verdict === 'again') {
      look(machine, skb)
      return
    }
  }
  const { flags } = connection
  const state =
    direction === 'reply' || flags.has('seen-reply') ? 'established' : flags.has('expected') ? 'related' : 'new'
  if (direction === 'reply') flags.add('seen-reply')
  skb.connection = connection
  skb.tracking = { state, direction }
}

function settingsOf({ world }: Machine): TcpSettings {
  const value = (name: string) => world.host.sysctls?.get(`net.netfilter.nf_conntrack_tcp_${name}`)
  return {
    loose: value('loose') !== '0',
    liberal: value('be_liberal') === '1',
    ignoreInvalidRst: value('ignore_invalid_rst') === '1',
  }
}

/** An ICMP error belongs to the flow of the packet that it quotes (nf_conntrack_inet_error). */
function relate(machine: Machine, skb: Skb): void {
  const { inner, dst } = skb.packet
  if (!inner?.src || !inner.dst || inner.protocol === undefined) return
  const number = numberOf(inner)
  const innerTuple = invert(tupleOf(inner), number)
  const found = innerTuple && machine.conntrack.find(innerTuple, number, zoneFor(skb))
  // who gets it has to be who sent the quoted packet
  if (!found || found.connection[found.direction].dst !== dst) return
  skb.connection = found.connection
  skb.tracking = { state: 'related', direction: found.direction }
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
export function confirm(machine: Machine, skb: Skb): HookVerdict {
  const { connection, tracking } = skb
  if (!connection || tracking?.direction !== 'original' || connection.flags.has('confirmed')) return 'accept'
  if (connection.flags.has('dying')) return 'accept'
  const { protocolNumber: number } = connection
  const taken = (['original', 'reply'] as const).some((direction) =>
    machine.conntrack.findAs(direction, connection[direction], number, zoneOf(connection)),
  )
  if (taken) return 'vanished'
  machine.conntrack.insert(connection)
  show(skb)
  return 'accept'
}

/** Writes into the packet what rules read of its connection. */
export function show(skb: Skb): void {
  const { connection, tracking } = skb
  if (!tracking) return
  const { ctZone: _, ctDir: __, ctStatus: ___, ctMark: ____, ...packet } = skb.packet
  skb.packet = { ...packet, ctState: tracking.state }
  if (!connection || !tracking.direction) return
  Object.assign(skb.packet, {
    ctDir: tracking.direction,
    ctStatus: [...connection.flags],
    ctMark: connection.mark,
    ...(connection.zone === undefined ? {} : { ctZone: connection.zone }),
  })
}
