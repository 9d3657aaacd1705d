/** NAT (net/netfilter/nf_nat_core.c): the nat tables are asked once a flow; then its entry says what is rewritten. */
import type { BaseChain } from '../journey/base-chains.ts'
import type { Tuple } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Nat } from '../model/statement.ts'
import { type Connection, type Direction, invert, other } from './connection.ts'
import { show } from './conntrack.ts'
import { type HookVerdict, routeAnew } from './hooks.ts'
import type { Machine } from './machine.ts'
import { rangeOf } from './nat-targets.ts'
import { type NatRange, uniqueTuple } from './nat-tuple.ts'
import { change, type Skb } from './skb.ts'
import { type TableVerdict, walkTable } from './walk-table.ts'

/** Which end of the packet a hook may rewrite. */
export type Manip = 'src' | 'dst'

export const manipAt = (hook: Skb['hook']): Manip => (hook === 'postrouting' || hook === 'input' ? 'src' : 'dst')

/** nf_nat_inet_fn and its callers. */
export function natAt(machine: Machine, skb: Skb, chains: readonly BaseChain[]): HookVerdict {
  const { connection, tracking } = skb
  if (!connection || !tracking?.direction) return 'accept'
  const manip = manipAt(skb.hook)
  if (skb.packet.inner && tracking.state === 'related') {
    translateError(skb, connection, manip, tracking.direction)
    return routeRewritten(machine, skb, connection, tracking.direction)
  }
  if ((tracking.state === 'new' || tracking.state === 'related') && !connection.settled[manip]) {
    skb.journal.natPassed ||= chains.length > 0
    for (const base of chains) {
      const verdict = walkTable(machine, skb, base)
      if (verdict !== 'accept') return verdict
      if (connection.settled[manip]) break
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

/** What this host sends to an address that is rewritten gets another route. */
function routeRewritten(machine: Machine, skb: Skb, connection: Connection, direction: Direction): HookVerdict {
  const isRewritten = connection[direction].dst !== connection[other(direction)].src
  return skb.hook === 'output' && isRewritten && !routeAnew(machine, skb) ? 'vanished' : 'accept'
}

/** A masqueraded flow whose packets now go out by another interface begins anew (nf_nat_oif_changed). */
const hasOtherWay = ({ hook, outdev }: Skb, { masqueradedOn }: Connection, direction: Direction): boolean =>
  hook === 'postrouting' && direction === 'original' && masqueradedOn !== undefined && masqueradedOn !== outdev

/** A target of table nat; the packet itself is rewritten behind the table. */
export function rewrite(machine: Machine, skb: Skb, nat: Nat, step: number): TableVerdict {
  const { connection } = skb
  if (!connection) return 'accept'
  const range = rangeOf(machine, skb, nat)
  if (range === 'drop') return 'drop'
  if (range === 'accept') return 'accept'
  const manip = manipAt(skb.hook)
  const before = skb.packet
  setUp(machine, connection, range, manip)
  if (nat.kind === 'masquerade') connection.masqueradedOn = skb.outdev!
  const after = target(connection, 'original')
  const fields = manip === 'src' ? (['src', 'sport', 'icmpId'] as const) : (['dst', 'dport', 'icmpId'] as const)
  for (const field of fields) {
    const [from, to] = [before[field], after[field]]
    if (from === undefined || to === undefined || from === to) continue
    const chosen = machine.takeChoice(field)
    skb.journal.change(step, { field, from, to, ...(chosen ? { among: chosen } : {}) })
  }
  return 'accept'
}

/** No rule wants the flow: it stays as it is, unless its answers could then not be told from another's. */
function bindNull(machine: Machine, connection: Connection, manip: Manip): void {
  const address = manip === 'src' ? connection.reply.dst : connection.reply.src
  setUp(machine, connection, { addresses: [address, address] }, manip)
}

/** nf_nat_setup_info. */
function setUp(machine: Machine, connection: Connection, range: NatRange, manip: Manip): void {
  if (connection.flags.has('confirmed')) return
  const current = invert(connection.reply, connection.protocolNumber)!
  const tuple = uniqueTuple(machine, connection, current, range, manip)
  if (!sameTuple(tuple, current)) {
    connection.reply = invert(tuple, connection.protocolNumber)!
    connection.flags.add(manip === 'src' ? 'snat' : 'dnat')
  }
  connection.settled[manip] = true
  if (manip === 'src') machine.conntrack.bySource.add(connection)
}

const sameTuple = (a: Tuple, b: Tuple): boolean =>
  a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport && a.icmpId === b.icmpId

/** What a packet of this direction is rewritten to. */
const target = (connection: Connection, direction: Direction): Tuple =>
  invert(connection[other(direction)], connection.protocolNumber)!

/** Is this end of the packet rewritten, in this direction? */
function isRewritten({ flags }: Connection, manip: Manip, direction: Direction): boolean {
  const inReply = direction === 'reply'
  return flags.has((manip === 'src') !== inReply ? 'snat' : 'dnat')
}

function translate(skb: Skb, connection: Connection, manip: Manip, direction: Direction): void {
  if (isRewritten(connection, manip, direction))
    change(skb, rewritten(skb.packet, target(connection, direction), manip))
}

function rewritten(packet: Packet, to: Tuple, manip: Manip): Partial<Packet> {
  const icmp = to.icmpId !== undefined && packet.icmpId !== undefined ? { icmpId: to.icmpId } : {}
  if (manip === 'src') return { src: to.src, ...(to.sport === undefined ? {} : { sport: to.sport }), ...icmp }
  return { dst: to.dst, ...(to.dport === undefined ? {} : { dport: to.dport }), ...icmp }
}

/** nf_nat_icmp_reply_translation: the error itself, and the packet that it quotes the other way round. */
function translateError(skb: Skb, connection: Connection, manip: Manip, direction: Direction): void {
  if (!isRewritten(connection, manip, direction)) return
  const opposite = connection[other(direction)]
  const inner = { ...skb.packet.inner!, ...rewritten(skb.packet.inner!, opposite, manip === 'src' ? 'dst' : 'src') }
  const to = target(connection, direction)
  change(skb, { inner, ...(manip === 'src' ? { src: to.src } : { dst: to.dst }) })
}
