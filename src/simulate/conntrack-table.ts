/**
 * The entries of connection tracking, found by a hash of their tuples as in the kernel (net/netfilter/nf_conntrack_core.c,
 * net/netfilter/nf_nat_core.c): each entry by both its directions, and by the source that it began with.
 */
import type { Direction } from '../model/direction.ts'
import type { ConntrackEntry, Tuple } from '../model/host.ts'
import { type Connection, type Zone, zoneOf } from '../rules/conntrack/connection.ts'
import { isUnreplied } from '../rules/conntrack/entries.ts'
import { type CtStatus, flag } from '../rules/conntrack/status.ts'
import { stateFromDump } from '../rules/conntrack/tcp.ts'
import { type DumpedEntries, dumpedEntries, numberOfEntry } from './dumped-entries.ts'
import { hashOf, sourceHash } from './tuple-hash.ts'

const TCP = 6

export interface Found {
  connection: Connection
  direction: Direction
  /** The next one with the same hash. */
  next?: Found | undefined
}

export class ConntrackTable {
  readonly connections = new Set<Connection>()
  private readonly byTuple = new Map<number, Found>()
  /** Those whose source NAT is settled, the newest first; made when somebody asks for it. */
  private bySource: Map<number, Connection[]> | undefined = undefined

  /** Of these it is not known whether they are there, and in which state. */
  private doubted: ConntrackTable | undefined = undefined

  /** Of a listing: entries become connections when somebody asks for what they may be. */
  private readonly dumped: DumpedEntries
  private readonly taken = new Set<ConntrackEntry>()
  /** Greater: newer. */
  private readonly ages = new Map<Connection, number>()
  private age: number

  /** `without`: those of them that are not there. */
  constructor(entries: readonly ConntrackEntry[], without: readonly ConntrackEntry[] = []) {
    this.dumped = dumpedEntries(entries)
    this.age = entries.length
    for (const one of without) this.taken.add(one)
  }

  private takeUp(entries: readonly ConntrackEntry[] = []): void {
    for (const entry of entries) {
      if (this.taken.has(entry)) continue
      this.taken.add(entry)
      this.insert(fromDump(entry), this.dumped.places.get(entry))
    }
  }

  /** The entry that a packet with this tuple belongs to. */
  find(tuple: Tuple, protocol: number, zones: Zone): Found | undefined {
    const found = this.findAs('original', tuple, protocol, zones)
    return found || zones.original === zones.reply ? found : this.findAs('reply', tuple, protocol, zones)
  }

  /** Looks where a tuple of that direction would be; it may be the other direction of an entry. */
  findAs(as: Direction, tuple: Tuple, protocol: number, zones: Zone): Found | undefined {
    const hash = hashOf(tuple, protocol)
    this.takeUp(this.dumped.byTuple.get(hash))
    for (let one = this.byTuple.get(hash); one; one = one.next) {
      const { connection, direction } = one
      const zone = connection.zones[direction]
      if (zone !== zones[as] || zone !== zones[direction] || connection.protocolNumber !== protocol) continue
      if (sameTuple(connection[direction], tuple)) return one
    }
    return undefined
  }

  /** Is it there? */
  has(entry: ConntrackEntry): boolean {
    return this.connections.has(entry as Connection)
  }

  /** Is it there, and not yet over? (already_closed, net/netfilter/nf_conncount.c) */
  isOpen(entry: ConntrackEntry): boolean {
    const connection = entry as Connection
    const state = connection.tcp?.state
    return this.has(connection) && state !== 'TIME_WAIT' && state !== 'CLOSE'
  }

  isAssured(entry: ConntrackEntry): boolean {
    return this.has(entry) && (entry as Connection).flags.includes('assured')
  }

  /** From here on nobody knows whether it is there. */
  doubt(connection: Connection): void {
    this.delete(connection)
    this.doubted ??= new ConntrackTable([])
    this.doubted.insert(connection)
  }

  /** Is there one with this tuple that may be there or not? */
  mayHave(tuple: Tuple, protocol: number, zones: Zone): boolean {
    return this.doubted?.find(tuple, protocol, zones) !== undefined
  }

  /** As findAs, of those that may be there or not. */
  mayHaveAs(as: Direction, tuple: Tuple, protocol: number, zones: Zone): boolean {
    return this.doubted?.findAs(as, tuple, protocol, zones) !== undefined
  }

  /** Could it not be told from another one? */
  isTaken({ original, reply, protocolNumber: number, zones }: Connection): boolean {
    return !!this.findAs('original', original, number, zones) || !!this.findAs('reply', reply, number, zones)
  }

  /** `age`: of one that was listed. */
  insert(connection: Connection, age = this.age++): void {
    this.ages.set(connection, age)
    flag(connection, 'confirmed')
    this.connections.add(connection)
    // a flow from somebody to himself has one tuple; the kernel finds the reply
    this.put(connection, 'original')
    this.put(connection, 'reply')
    if (this.bySource) putSource(this.bySource, connection)
  }

  private put(connection: Connection, direction: Direction): void {
    const hash = hashOf(connection[direction], connection.protocolNumber)
    this.byTuple.set(hash, { connection, direction, next: this.byTuple.get(hash) })
  }

  delete(connection: Connection): void {
    flag(connection, 'dying')
    if (!this.connections.delete(connection)) return
    this.take(connection, 'original')
    this.take(connection, 'reply')
    const sources = this.bySource?.get(sourceHashOf(connection))
    if (sources?.includes(connection)) sources.splice(sources.indexOf(connection), 1)
  }

  private take(connection: Connection, direction: Direction): void {
    const hash = hashOf(connection[direction], connection.protocolNumber)
    const isIt = (one: Found | undefined) => one?.connection === connection && one.direction === direction
    const first = this.byTuple.get(hash)
    if (isIt(first)) {
      if (first?.next) this.byTuple.set(hash, first.next)
      else this.byTuple.delete(hash)
      return
    }
    for (let one = first; one; one = one.next) if (isIt(one.next)) one.next = one.next?.next
  }

  /** Those of its protocol and zone that began with the source of `tuple`, and whose own is settled; the newest first. */
  withSource({ protocolNumber: number, zones }: Connection, tuple: Tuple): Connection[] {
    this.takeUp(this.dumped.bySource.get(sourceHash(tuple, number)))
    if (!this.bySource) {
      this.bySource = new Map()
      for (const one of this.connections) putSource(this.bySource, one)
    }
    const settled = this.bySource.get(sourceHash(tuple, number)) ?? []
    return settled
      .filter(
        ({ original, protocolNumber: other, zones: { original: zone } }) =>
          other === number && zone === zones.original && sameSource(original, tuple),
      )
      .sort((a, b) => this.ages.get(b)! - this.ages.get(a)!)
  }
}

const sameSource = (a: Tuple, b: Tuple): boolean => a.src === b.src && a.sport === b.sport && a.icmpId === b.icmpId

export const sameTuple = (a: Tuple, b: Tuple): boolean =>
  sameSource(a, b) && a.dst === b.dst && a.dport === b.dport && a.icmpType === b.icmpType && a.icmpCode === b.icmpCode

const sourceHashOf = ({ original, protocolNumber: number }: Connection): number => sourceHash(original, number)

function putSource(bySource: Map<number, Connection[]>, connection: Connection): void {
  if (!connection.settled.src) return
  const hash = sourceHashOf(connection)
  const others = bySource.get(hash)
  if (others) others.unshift(connection)
  else bySource.set(hash, [connection])
}

function fromDump(entry: ConntrackEntry): Connection {
  const number = numberOfEntry(entry)
  const flags = ['confirmed'] as CtStatus[]
  if (!isUnreplied(entry)) flags.push('seen-reply')
  if (entry.status.includes('assured')) flags.push('assured')
  const { original, reply } = entry
  if (reply.dst !== original.src || reply.dport !== original.sport) flags.push('snat')
  if (reply.src !== original.dst || reply.sport !== original.dport) flags.push('dnat')
  const connection: Connection = {
    ...entry,
    protocolNumber: number,
    flags,
    mark: entry.mark ?? 0,
    zones: zoneOf(entry),
    settled: { src: !entry.isBeforeNat, dst: !entry.isBeforeNat },
  }
  if (number === TCP) connection.tcp = stateFromDump(entry.state)
  return connection
}
