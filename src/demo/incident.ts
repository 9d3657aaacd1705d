/** An incident as data: machines, wires, rules, what is sent, and what has to come of it. build.ts makes it real. */
import type { Outcome } from '../model/journey.ts'

/** Which rules the traced machine has; decides how they are loaded and traced. */
export type Backend = 'nft' | 'legacy' | 'xtables-nft'

export interface Incident {
  /** As in `nfwhy demo NAME`. */
  name: string
  /** One sentence for the list. */
  title: string
  /** What happened, two or three sentences. */
  story: string
  backend: Backend
  /** iptables-nft will not do in its place: what `nft monitor trace` prints lacks what it takes. */
  onlyLegacy?: true
  /** In the order in which they are drawn. */
  hosts: Readonly<Record<string, HostSpec>>
  links: readonly Link[]
  /** The machine whose rules are asked. */
  traced: string
  packet: Sending
  /** The packet in question is not what is sent, but what comes back. */
  asks?: 'answer'
  /** Sent as well, before the packet in question, to compare with: these get through. */
  alike?: readonly Sending[]
  /** Done with the packet's own sport before anything is traced: connections that are there already. */
  earlier?: Earlier
  expected: Expected
}

export interface HostSpec {
  /** By interface; IPv6 as well. Those of `lo` are for addresses without a wire. */
  addresses?: Readonly<Record<string, readonly string[]>>
  /** Bridges, and the ends of wires in them. */
  bridges?: Readonly<Record<string, readonly string[]>>
  mtu?: Readonly<Record<string, number>>
  /** As behind `ip route add`. */
  routes?: readonly string[]
  /** Forwarding and rp_filter are off where nothing is said. */
  sysctls?: Readonly<Record<string, string>>
  rules?: Rules
  listeners?: readonly Listener[]
}

export interface Rules {
  /** For `nft -f`. */
  nft?: string
  /** For iptables-restore and ip6tables-restore of the incident's backend. */
  v4?: string
  v6?: string
  /** For `ipset restore`. */
  ipset?: string
}

/** A veth pair: `HOST:INTERFACE` at each end. */
export type Link = readonly [`${string}:${string}`, `${string}:${string}`]

export interface Listener {
  protocol: 'tcp' | 'udp'
  /** All of IPv4 where absent. */
  address?: string
  port: number
}

export type Sending = { from: string; to: string } & (
  | { what: 'tcp'; port: number }
  /** `sport`: where it must be the same again. `bytes` of payload. */
  | { what: 'udp'; port: number; sport?: number; bytes?: number; tries?: number }
  | { what: 'ping' }
)

/** Sent, then something changes: what connection tracking remembers is older than that. */
export interface Earlier {
  sendings: readonly Sending[]
  /** Shell lines on the traced machine. */
  change: readonly string[]
}

/** What the sender sees. */
export type Seen = 'answered' | 'refused' | 'unreachable' | 'nothing'

export interface Expected {
  outcome: Outcome
  sender: Seen
  /** `nat:KUBE-NODEPORTS:16`; nft's as `inet filter allowed_dnats`, for handles depend on the kernel. */
  culprit?: string
  findings: readonly string[]
  fix: Mending
  after: { outcome: Outcome; sender: Seen }
}

export interface Mending {
  /** What it is, for a person. */
  words: string
  /** A shell line on `on`; where nfwhy proposes it, word for word. */
  command?: string
  /** Has nfwhy to propose this very command? */
  proposed: boolean
  /** The traced machine where absent. */
  on?: string
  /** A program that is started. */
  listen?: Listener
}
