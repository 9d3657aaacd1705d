/** One packet on its way through the kernel, as an sk_buff is: what it is now, and what hangs on it. */
import type { Hook } from '../model/hook.ts'
import type { ConntrackEntry, Route } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Moment } from '../rules/moment.ts'
import type { Connection, Direction, Tracking } from './connection.ts'
import type { Journal } from './journal.ts'

export interface Skb {
  /** Never changed in place: steps keep what they saw. */
  packet: Packet
  /** As it was sent, with what the sender says besides: the way out, the state of its connection. */
  readonly given: Packet
  readonly family: 'ip' | 'ip6'
  hook: Hook
  readonly journal: Journal
  /** Which interface it came in by and goes out by; hooks show them as they are told. */
  indev?: string
  outdev?: string
  route?: Route
  /** Its entry and what it is to it; absent before connection tracking has looked at it, or where it has none. */
  connection?: Connection
  tracking?: Tracking
  /** What `-j CT` leaves until connection tracking looks: rules see it as an entry. */
  template?: ConntrackEntry
  /** `-j CT` said in which zone its entry is looked for; only the first one counts. */
  zone?: Record<Direction, number | 'mark'>
  /** The kernel's answer to a packet that was left alone: NOTRACK does not take it for a new one. */
  refusesNotrack?: boolean
  /** What rules were asked about last, and the packet that it was made of. */
  asked?: { packet: Packet; moment: Moment }
  /** As it came to the routing decision behind PREROUTING. */
  routed?: Packet
  /** Came back in over lo: routed already, and connection tracking has seen it. */
  looped: boolean
}

/** Changes the packet. */
export function change(skb: Skb, fields: Partial<Packet>): void {
  skb.packet = { ...skb.packet, ...fields }
}
