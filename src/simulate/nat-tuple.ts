/** Which addresses and ports a flow is given (get_unique_tuple in net/netfilter/nf_nat_core.c). */
import { compareAddresses } from '../model/address.ts'
import type { Tuple } from '../model/host.ts'
import { type Connection, invert } from '../rules/conntrack/connection.ts'
import { isBefore } from '../rules/conntrack/tcp-window.ts'
import { addressBytes } from '../rules/values.ts'
import type { Manip } from './nat-setup.ts'
import type { Simulator } from './simulator.ts'

/** Inclusive; absent: kept. */
export interface NatRange {
  addresses?: [string, string]
  ports?: [number, number]
  /** The port that the first of `ports` stands for. */
  basePort?: number
  /** The port is drawn. */
  random?: boolean
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
      if (!isTaken(tuple)) return tuple
    } else {
      const same = sameSource(machine, connection, tuple, range)
      if (same && !isTaken(same)) return same
    }
  }
  const addressed = withAddress(machine, tuple, range, manip)
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

function withAddress(machine: Simulator, tuple: Tuple, range: NatRange, manip: Manip): Tuple {
  const { addresses } = range
  if (!addresses) return tuple
  const [first, last] = addresses
  if (first === last) return { ...tuple, [manip]: first }
  // a hash of the source chooses
  return { ...tuple, [manip]: String(machine.choose(manip, [first, last], first)) }
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
  const found = machine.conntrack.findAs('reply', reply, connection.protocolNumber, connection.zones)
  return found !== undefined && found.connection !== connection
}

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
