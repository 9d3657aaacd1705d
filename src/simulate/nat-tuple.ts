/** Which addresses and ports a flow is given (get_unique_tuple in net/netfilter/nf_nat_core.c). */
import { compareAddresses, formatAddress } from '../model/address.ts'
import type { Tuple } from '../model/host.ts'
import { type Connection, invert } from '../rules/conntrack/connection.ts'
import { isBefore } from '../rules/conntrack/tcp-window.ts'
import { jhash, scaled } from '../rules/jhash.ts'
import { kernelAtLeast } from '../rules/kernel.ts'
import { addressBytes } from '../rules/values.ts'
import { sameTuple } from './conntrack-table.ts'
import type { Manip } from './nat-setup.ts'
import type { Simulator } from './simulator.ts'
import { Undetermined } from './undetermined.ts'

/** Inclusive; absent: kept. */
export interface NatRange {
  addresses?: [string, string]
  ports?: [number, number]
  /** The port that the first of `ports` stands for. */
  basePort?: number
  /** The port is drawn. */
  random?: boolean
  /** A source gets the same address whatever it sends to. */
  persistent?: boolean
}

/** `tuple`: the flow as it would leave without this. */
export function uniqueTuple(
  machine: Simulator,
  connection: Connection,
  tuple: Tuple,
  range: NatRange,
  manip: Manip,
): Tuple {
  const isTaken = (one: Tuple) => isUsed(machine, connection, one)
  if (manip === 'src' && !range.random) {
    if (inRange(tuple, range)) {
      if (!isTaken(tuple) || isTurned(machine, connection, tuple)) return tuple
    } else {
      const same = sameSource(machine, connection, tuple, range)
      if (same && !isTaken(same)) return same
    }
  }
  const addressed = withAddress(machine, connection, tuple, range, manip)
  const key = portKey(addressed, manip)
  if (!key) return addressed
  if (!range.random) {
    if (range.ports) {
      const [low, high] = range.ports
      const port = addressed[key]!
      const inside = range.basePort === undefined && port >= low && port <= high
      if (inside && (low === high || !isTaken(addressed))) return addressed
    } else if (!isTaken(addressed)) return addressed
  }
  return withPort(machine, connection, addressed, range, key)
}

function portKey(tuple: Tuple, manip: Manip): 'sport' | 'dport' | 'icmpId' | undefined {
  if (tuple.icmpId !== undefined) return 'icmpId'
  if (tuple.sport === undefined) return undefined
  return manip === 'src' ? 'sport' : 'dport'
}

const MAX_ATTEMPTS = 128
const LAST_ATTEMPTS = 32

/** nf_nat_l4proto_unique_tuple: sources are drawn, destinations are counted up from the first. */
function withPort(
  machine: Simulator,
  connection: Connection,
  tuple: Tuple,
  range: NatRange,
  key: 'sport' | 'dport' | 'icmpId',
): Tuple {
  const ports = range.ports ?? defaultPorts(tuple[key]!, key)
  if (!range.ports && key === 'dport') return tuple
  const [low, high] = ports
  const size = high - low + 1
  const counted = key === 'dport' && !range.random
  const first = range.basePort === undefined ? 0 : (((tuple[key]! - range.basePort) % size) + size) % size
  let candidate = tuple
  const attempts = Math.min(size, MAX_ATTEMPTS)
  for (let i = 0; i < attempts; i++) {
    const port = low + ((first + i) % size)
    candidate = { ...tuple, [key]: port }
    if (attempts - i <= LAST_ATTEMPTS) evict(machine, connection, candidate)
    if (isUsed(machine, connection, candidate)) continue
    if (counted || range.basePort !== undefined || low === high) return candidate
    return { ...tuple, [key]: Number(machine.choose(key, [low, high], port)) }
  }
  // none is free: it clashes when it is confirmed
  return candidate
}

/** Without a range a source stays on its side of the privileged ports. */
function defaultPorts(port: number, key: string): [number, number] {
  if (key === 'icmpId') return [0, 65535]
  if (port < 512) return [1, 511]
  return port < 1024 ? [600, 1023] : [1024, 65535]
}

function withAddress(
  machine: Simulator,
  connection: Connection,
  tuple: Tuple,
  { addresses, persistent = false }: NatRange,
  manip: Manip,
): Tuple {
  if (!addresses) return tuple
  const [first, last] = addresses
  // its number, also where one direction alone is in it
  const zone = connection.zones.original || connection.zones.reply
  const hashed = first === last ? first : hashedAddress(tuple, addresses, persistent, zone, manip)
  const chosen = first !== last && machine.choosesItself ? String(machine.choose(manip, addresses, hashed)) : hashed
  return { ...tuple, [manip]: chosen }
}

/** A hash of both ends, without a seed, chooses among them (find_best_ips_proto). */
function hashedAddress(
  { src, dst }: Tuple,
  [first, last]: [string, string],
  persistent: boolean,
  zone: number,
  manip: Manip,
): string {
  const [low, high, from, to] = [first, last, src, dst].map((one) => addressBytes(one)!) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const key = new Uint8Array(16)
  key.set(from)
  const words = to.length / 4
  const theirs = new DataView(to.buffer, to.byteOffset)
  let hash = jhash(key, persistent ? 0 : (theirs.getUint32(to.length - 4, true) ^ zone) >>> 0)
  const chosen = new Uint8Array(to.length)
  const [lows, highs, result] = [low, high, chosen].map((one) => new DataView(one.buffer, one.byteOffset)) as [
    DataView,
    DataView,
    DataView,
  ]
  // behind a word that is not the highest any may follow
  let isFree = false
  for (let at = 0; at < words * 4; at += 4) {
    const least = isFree ? 0 : lows.getUint32(at)
    // 32 bits: a word that may be anything counts 0, and stays the lowest
    const count = isFree ? 0xffffffff : (highs.getUint32(at) - least + 1) >>> 0
    result.setUint32(at, least + scaled(hash, count))
    if (result.getUint32(at) !== highs.getUint32(at)) isFree = true
    // a destination has been written over by now
    if (!persistent) hash = (hash ^ (manip === 'dst' ? result : theirs).getUint32(at, true)) >>> 0
  }
  return formatAddress(chosen)
}

/** nf_in_range: is the source as it is one that the range allows? */
function inRange(tuple: Tuple, { addresses, ports }: NatRange): boolean {
  if (addresses && !between(tuple.src, addresses)) return false
  if (!ports) return true
  const port = tuple.sport ?? tuple.icmpId
  return port === undefined || (port >= ports[0] && port <= ports[1])
}

function between(address: string, [low, high]: [string, string]): boolean {
  if (address === low || address === high) return true
  const [one, from, to] = [addressBytes(address), addressBytes(low), addressBytes(high)]
  return !!one && !!from && !!to && compareAddresses(from, one) <= 0 && compareAddresses(one, to) <= 0
}

/** A source that is mapped already keeps its mapping (find_appropriate_src). */
function sameSource(machine: Simulator, connection: Connection, tuple: Tuple, range: NatRange): Tuple | undefined {
  for (const one of machine.conntrack.withSource(connection, tuple)) {
    const mapped = invert(one.reply, one.protocolNumber)!
    const result: Tuple = { ...tuple, src: mapped.src }
    if (mapped.sport !== undefined) result.sport = mapped.sport
    if (mapped.icmpId !== undefined) result.icmpId = mapped.icmpId
    if (inRange(result, range)) return result
  }
  return undefined
}

/** Could the answers be told from those of another flow? (nf_nat_used_tuple) */
function isUsed(machine: Simulator, connection: Connection, tuple: Tuple): boolean {
  const reply = invert(tuple, connection.protocolNumber)
  if (!reply) return false
  const { conntrack } = machine
  const found = conntrack.findAs('reply', reply, connection.protocolNumber, connection.zones)
  if (!found && conntrack.mayHaveAs('reply', reply, connection.protocolNumber, connection.zones))
    throw new Undetermined(
      'the port',
      'an earlier packet with unknown fields may have created a connection that uses it',
    )
  return found !== undefined && found.connection !== connection
}

/** Protocols of which entries that clash may be one connection: UDP, GRE, UDP-Lite (`allow_clash`). */
const MAY_CLASH = [17, 47, 136]

/**
 * The other connection is this one, turned, and in a zone in one direction alone. Since Linux 6.12 it keeps its port, and
 * clashes when it is confirmed (nf_nat_used_tuple_new). Throws Undetermined where the kernel may be either.
 */
function isTurned(machine: Simulator, connection: Connection, tuple: Tuple): boolean {
  const { protocolNumber: number, zones, flags } = connection
  const reply = invert(tuple, number)
  const found = reply && machine.conntrack.findAs('reply', reply, number, zones)?.connection
  if (!found || !MAY_CLASH.includes(number) || [...flags, ...found.flags].some(isNat)) return false
  if (!sameTuple(found.original, connection.reply) || !sameTuple(found.reply, connection.original)) return false
  // older kernels may have been given the same
  if (!kernelAtLeast(machine.world.host.kernel, 6, 12))
    throw new Undetermined('the port', 'kernels before Linux 6.12 differ on it')
  return true
}

const isNat = (flag: string): boolean => flag === 'snat' || flag === 'dnat'

/** A connection that is over makes room for one that goes on counting where it ended (nf_nat_used_tuple_harder). */
function evict(machine: Simulator, connection: Connection, tuple: Tuple): void {
  const reply = invert(tuple, connection.protocolNumber)
  if (!reply || connection.tcp?.state !== 'SYN_SENT') return
  const found = machine.conntrack.findAs('reply', reply, connection.protocolNumber, connection.zones)
  if (!found || found.direction === 'original') return
  const { tcp, flags } = found.connection
  if (!tcp || !['TIME_WAIT', 'CLOSE', 'SYN_SENT2'].includes(tcp.state) || !flags.includes('snat')) return
  const [old, begun] = [tcp.windows?.original.end, connection.tcp.windows?.original.end]
  if (old === undefined || begun === undefined || isBefore(old, begun)) machine.conntrack.delete(found.connection)
}
