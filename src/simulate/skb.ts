/** One packet on its way through the kernel, as an sk_buff is: what it is now, and what hangs on it. */

import type { Direction } from '../model/direction.ts'
import type { Hook } from '../model/hook.ts'
import type { ConntrackEntry, Route } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { Connection, Tracking } from '../rules/conntrack/connection.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { knownProtocol } from '../rules/values.ts'
import { Journal } from './journal.ts'
import type { Fields } from './packet-state.ts'
import type { SimulatedWalk } from './simulated-walk.ts'
import { Undetermined } from './undetermined.ts'

export class Skb {
  /** As it is now; only `change` writes to it, and the journal keeps what was. */
  readonly packet: Packet
  /** As it was sent, with what the sender says besides: the way out, the state of its connection. */
  readonly given: Packet
  readonly family: 'ip' | 'ip6'
  hook: Hook
  readonly journal = new Journal()
  /** Which interface it came in by and goes out by; hooks show them as they are told. */
  indev: string | undefined
  outdev: string | undefined = undefined
  route: Route | undefined = undefined
  /** Its entry and what it is to it; absent before connection tracking has looked at it, or where it has none. */
  connection: Connection | undefined = undefined
  tracking: Tracking | undefined = undefined
  /** What `-j CT` leaves until connection tracking looks: rules see it as an entry. */
  template: ConntrackEntry | undefined = undefined
  /** `-j CT` said in which zone its entry is looked for; only the first one counts. */
  zone: Record<Direction, number | 'mark'> | undefined = undefined
  /** The kernel's answer to a packet that was left alone: NOTRACK does not take it for a new one. */
  refusesNotrack = false
  /** How many changes there were when it came to the routing decision behind PREROUTING. */
  routedAfter: number | undefined = undefined
  /** As rules ask about it. */
  readonly moment: EvalContext
  /** It, as it walks through chains. */
  walk: SimulatedWalk | undefined = undefined
  /** By how much rules that write by place have made the transport's checksum wrong, before anything looked at it. */
  wrongBy = 0
  /** It was right when connection tracking looked; whoever looks once more behind routing finds it wrong (skb_forward_csum). */
  spoiltBy = 0
  /** An ICMP error that a hook of NAT has found right is not looked at again (nf_ip_checksum, CHECKSUM_COMPLETE). */
  isErrorChecked = false
  /** UDP's, which a rule took away. */
  hasNoChecksum = false
  /** Why it is not known whether one of them is right: a rule that writes by place may have matched. */
  mayBeWrong: string | undefined = undefined
  /** Why it is not known whether its TTL is left: a rule may have written it. */
  mayExpire: string | undefined = undefined
  /** The same of the IP header's, which is looked at when the packet comes in. */
  headerWrongBy = 0
  /** Came back in over lo: connection tracking has seen it. */
  looped: boolean
  /** It was routed when it was sent; what NAT turns to another destination is routed anew (nf_nat_ipv4_pre_routing). */
  isRouted: boolean

  /** `packet`: the same with all that was not said, in the model's shape; it is the model's from here on. */
  constructor(given: Packet, packet: Packet, world: World) {
    this.given = given
    this.packet = packet
    this.family = (packet.dst ?? packet.src ?? '').includes(':') ? 'ip6' : 'ip'
    this.indev = packet.in
    this.looped = packet.in === 'lo'
    this.isRouted = this.looped
    this.hook = packet.in === undefined ? 'output' : 'prerouting'
    // hooks show its way, and connection tracking its flow
    Object.assign(packet, NOT_YET)
    this.moment = {
      packet,
      hook: this.hook,
      family: this.family,
      world,
      connection: undefined,
      route: undefined,
      isPlayed: true,
    }
  }
}

const NOT_YET: Fields = {
  in: undefined,
  out: undefined,
  ctState: undefined,
  ctDir: undefined,
  ctStatus: undefined,
  ctMark: undefined,
}

/** Throws Undetermined where whoever looks at a checksum may find it wrong. */
export function needChecksum({ mayBeWrong }: Skb): void {
  if (mayBeWrong !== undefined) throw new Undetermined('a checksum', mayBeWrong)
}

export const hasIcmp = ({ packet: { protocol = '' } }: Skb): boolean => [1, 58].includes(knownProtocol(protocol) ?? 0)

/** `undefined`: it is not known from here on, or the packet has it no more. */
export function change<K extends keyof Packet>(skb: Skb, key: K, value: Packet[K] | undefined): void {
  const packet: Fields = skb.packet
  const from = packet[key]
  if (from === value) return
  skb.journal.was(key, from)
  packet[key] = value
}

export function changeAll(skb: Skb, fields: Fields): void {
  for (const key in fields) change(skb, key as keyof Packet, fields[key as keyof Packet])
}

const ADDRESSES = [
  ['src', 'the source address'],
  ['dst', 'the destination address'],
] as const

/** From here on it is not known what these fields hold. Throws Undetermined for addresses: all that follows goes by them. */
export function forget(skb: Skb, fields: readonly (keyof Packet)[]): void {
  for (const [field, name] of ADDRESSES)
    if (fields.includes(field)) throw new Undetermined(name, 'a rule may have rewritten it; the new value is not known')
  for (const field of fields) change(skb, field, undefined)
}
