/** NAT (net/netfilter/nf_nat_core.c): the nat tables are asked once a flow; then its entry says what is rewritten. */
import { type Direction, other } from '../model/direction.ts'
import type { Tuple } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Connection } from '../rules/conntrack/connection.ts'
import type { PreparedChain } from '../rules/prepared-chain.ts'
import { walk } from '../rules/walk.ts'
import { show } from './conntrack.ts'
import { momentOf } from './moment.ts'
import { bindNull, type Manip, manipAt, target } from './nat-setup.ts'
import { routeAnew } from './routing.ts'
import { playTable, type TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { changeAll, needChecksum, type Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

/** nf_nat_inet_fn and its callers. */
export function natAt(machine: Simulator, skb: Skb, chains: readonly PreparedChain[]): TableVerdict {
  const { connection, tracking } = skb
  if (!connection || !tracking?.direction) return 'accept'
  const manip = manipAt(skb.hook)
  if (skb.packet.inner && tracking.state === 'related') {
    // also where nothing is rewritten
    if (!skb.isErrorChecked) {
      needChecksum(skb)
      if (skb.wrongBy !== 0) return 'vanished'
      skb.isErrorChecked = true
    }
    translateError(skb, connection, manip, tracking.direction)
    return routeRewritten(machine, skb, connection, tracking.direction)
  }
  if ((tracking.state === 'new' || tracking.state === 'related') && !connection.settled[manip]) {
    skb.journal.natPassed ||= chains.length > 0
    const order = asAssumed(machine, chains)
    for (const [i, base] of order.entries()) {
      const verdict = playTable(machine, skb, base)
      if (verdict !== 'accept') return verdict
      if (!connection.settled[manip]) continue
      refuseTied(machine, skb, base, order.slice(i + 1))
      break
    }
    if (!connection.settled[manip]) bindNull(machine, connection, manip)
  } else if (hasOtherWay(skb, connection, tracking.direction)) {
    machine.conntrack.delete(connection)
    return 'vanished'
  }
  translate(skb, connection, manip, tracking.direction)
  show(skb)
  return routeRewritten(machine, skb, connection, tracking.direction)
}

const REWRITES: readonly string[] = ['dnat', 'snat', 'masquerade', 'redirect', 'netmap']

/** Chains of several tables with one priority, in the order that is taken for given. */
function asAssumed(machine: Simulator, chains: readonly PreparedChain[]): readonly PreparedChain[] {
  const order: PreparedChain[] = []
  for (const one of chains) {
    const isBehind = (other: PreparedChain) =>
      other.chain.priority === one.chain.priority &&
      other.table !== one.table &&
      machine.settle(`order of chains: ${nameOf(one)} before ${nameOf(other)}`, { unknown: '' }) === true
    const at = order.findIndex(isBehind)
    order.splice(at < 0 ? order.length : at, 0, one)
  }
  return order
}

/** Of chains of several tables with one priority any may have been asked first. Throws Undetermined where that decides. */
function refuseTied(machine: Simulator, skb: Skb, winner: PreparedChain, others: readonly PreparedChain[]): void {
  for (const { table, chain } of others) {
    if (chain.priority !== winner.chain.priority || table === winner.table) continue
    const { ending, last } = walk(table, [{ chain, index: 0 }], { ...momentOf(machine, skb) }, machine.budget)
    if (ending !== 'unknown' && !last?.rule.statements.some(({ kind }) => REWRITES.includes(kind))) continue
    const condition = `order of chains: ${nameOf(winner)} before ${table.family} ${table.name} ${chain.name}`
    const reason = `both have priority ${chain.priority ?? 0}; the order in which they were registered is not known`
    const truth = machine.settle(condition, { unknown: reason })
    if (truth !== true) throw new Undetermined(condition, reason)
  }
}

const nameOf = ({ table, chain }: PreparedChain): string => `${table.family} ${table.name} ${chain.name}`

/** What this host sends to an address that is rewritten gets another route. */
function routeRewritten(machine: Simulator, skb: Skb, connection: Connection, direction: Direction): TableVerdict {
  const isRewritten = connection[direction].dst !== connection[other(direction)].src
  return skb.hook === 'output' && isRewritten && !routeAnew(machine, skb) ? 'vanished' : 'accept'
}

/** A masqueraded flow whose packets now go out by another interface begins anew (nf_nat_oif_changed). */
const hasOtherWay = ({ hook, outdev }: Skb, { masqueradedOn }: Connection, direction: Direction): boolean =>
  hook === 'postrouting' && direction === 'original' && masqueradedOn !== undefined && masqueradedOn !== outdev

/** Is this end of the packet rewritten, in this direction? `changes`: to this. */
function isRewritten(
  { packet }: Skb,
  { flags, mayHaveDnat }: Connection,
  manip: Manip,
  direction: Direction,
  changes: Partial<Packet>,
): boolean {
  const inReply = direction === 'reply'
  const which = (manip === 'src') !== inReply ? 'snat' : 'dnat'
  if (flags.includes(which)) return true
  // what a rule wrote in front of it counts only where the flag is not there
  const isOther = () => JSON.stringify({ ...packet, ...changes }) !== JSON.stringify(packet)
  if (which === 'dnat' && mayHaveDnat && isOther()) throw new Undetermined('ct status dnat', SAME_PREFIX)
  return false
}

const SAME_PREFIX = 'kernels differ where NAT to a prefix leaves the address as it is'

function translate(skb: Skb, connection: Connection, manip: Manip, direction: Direction): void {
  const { dst } = skb.packet
  const changes = rewritten(skb.packet, target(connection, direction), manip)
  if (!isRewritten(skb, connection, manip, direction, changes)) return
  changeAll(skb, changes)
  if (skb.packet.dst !== dst) skb.isRouted = false
  // its answers are rewritten to what is known
  if (direction === 'original') skb.moment.drawn = connection.drawn
}

function rewritten(packet: Packet, to: Tuple, manip: Manip): Partial<Packet> {
  const icmp = to.icmpId !== undefined && packet.icmpId !== undefined ? { icmpId: to.icmpId } : {}
  if (manip === 'src') return { src: to.src, ...(to.sport === undefined ? {} : { sport: to.sport }), ...icmp }
  return { dst: to.dst, ...(to.dport === undefined ? {} : { dport: to.dport }), ...icmp }
}

/** nf_nat_icmp_reply_translation: the error itself, and the packet that it quotes the other way round. */
function translateError(skb: Skb, connection: Connection, manip: Manip, direction: Direction): void {
  const opposite = connection[other(direction)]
  const inner = { ...skb.packet.inner!, ...rewritten(skb.packet.inner!, opposite, manip === 'src' ? 'dst' : 'src') }
  const to = target(connection, direction)
  const changes = { inner, ...(manip === 'src' ? { src: to.src } : { dst: to.dst }) }
  if (!isRewritten(skb, connection, manip, direction, changes)) return
  if (manip === 'dst' && to.dst !== skb.packet.dst) skb.isRouted = false
  changeAll(skb, changes)
}
