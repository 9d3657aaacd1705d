/** What a flow's entry is set up to rewrite, once for each end (nf_nat_setup_info, net/netfilter/nf_nat_core.c). */
import { type Direction, other } from '../model/direction.ts'
import type { Tuple } from '../model/host.ts'
import type { Nat } from '../model/statement.ts'
import { type Connection, invert } from '../rules/conntrack/connection.ts'
import { flag } from '../rules/conntrack/status.ts'
import { mappedNat, natsAmong } from '../rules/nft/map.ts'
import { isUnknown, type Unknown } from '../rules/truth.ts'
import { momentOf } from './moment.ts'
import { rangeOf } from './nat-targets.ts'
import { type NatRange, uniqueTuple } from './nat-tuple.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

/** Which end of the packet a hook may rewrite. */
export type Manip = 'src' | 'dst'

export const manipAt = (hook: Skb['hook']): Manip => (hook === 'postrouting' || hook === 'input' ? 'src' : 'dst')

/** A target of table nat; the packet itself is rewritten behind the table. */
export function rewrite(machine: Simulator, skb: Skb, written: Nat, step: number, isNft: boolean): TableVerdict {
  const { connection } = skb
  if (!connection) return 'accept'
  const given = mappedNat(written, momentOf(machine, skb))
  const nat = isUnknown(given) ? chosen(machine, written, given) : given
  if (!nat) return 'accept'
  const range = rangeOf(machine, skb, nat)
  // there the rule's own verdict is to drop; of iptables' targets only the kernel knows
  if (range === 'vanished' && isNft) return 'drop'
  if (range === 'vanished' || range === 'accept') return range
  const manip = manipAt(skb.hook)
  const before = skb.packet
  setUp(machine, connection, range, manip)
  // of a prefix that leaves it as it is, 12 bytes behind the address of IPv4 are left as they are (nft_nat_setup_netmap)
  if (isNft && nat.kind === 'netmap' && manip === 'dst' && skb.family === 'ip' && !connection.flags.includes('dnat'))
    connection.mayHaveDnat = true
  if (nat.kind === 'masquerade') connection.masqueradedOn = skb.outdev!
  const after = target(connection, 'original')
  const fields = manip === 'src' ? (['src', 'sport', 'icmpId'] as const) : (['dst', 'dport', 'icmpId'] as const)
  for (const field of fields) {
    const [from, to] = [before[field], after[field]]
    if (from === undefined || to === undefined || from === to) continue
    const chosen = machine.takeChoice(field)
    if (chosen && !machine.choosesItself) connection.drawn = new Set(connection.drawn).add(field)
    skb.journal.act(step, { field, from, to, ...(chosen ? { among: chosen } : {}) })
  }
  return 'accept'
}

/** As somebody has seen, or assumes, what a map gave. */
function chosen(machine: Simulator, written: Nat, { unknown }: Unknown): Nat {
  let left: Nat | undefined
  for (const [text, nat] of natsAmong(written, machine.world)) {
    const truth = machine.settle(text, { unknown })
    if (truth === true) return nat
    if (truth !== false) throw new Undetermined(text, unknown)
    left = nat
  }
  if (!left) throw new Undetermined(written.kind, unknown)
  return left
}

/** No rule wants the flow: it stays as it is, unless its answers could then not be told from another's. */
export function bindNull(machine: Simulator, connection: Connection, manip: Manip): void {
  const address = manip === 'src' ? connection.reply.dst : connection.reply.src
  setUp(machine, connection, { addresses: [address, address] }, manip)
  for (const field of ['sport', 'dport', 'icmpId'] as const)
    if (machine.takeChoice(field) && !machine.choosesItself) connection.drawn = new Set(connection.drawn).add(field)
}

/** nf_nat_setup_info. */
function setUp(machine: Simulator, connection: Connection, range: NatRange, manip: Manip): void {
  if (connection.flags.includes('confirmed')) return
  const current = invert(connection.reply, connection.protocolNumber)!
  const tuple = uniqueTuple(machine, connection, current, range, manip)
  if (!sameTuple(tuple, current)) {
    connection.reply = invert(tuple, connection.protocolNumber)!
    flag(connection, manip === 'src' ? 'snat' : 'dnat')
  }
  connection.settled[manip] = true
}

const sameTuple = (a: Tuple, b: Tuple): boolean =>
  a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport && a.icmpId === b.icmpId

/** What a packet of this direction is rewritten to. */
export const target = (connection: Connection, direction: Direction): Tuple =>
  invert(connection[other(direction)], connection.protocolNumber)!
