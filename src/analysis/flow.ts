/** A connection and the journeys that belong to it, as data. */
import type { Direction } from '../model/direction.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Tuple } from '../model/host.ts'
import type { Fix, Outcome, RuleRef } from '../model/journey.ts'

/** `SYN`, `SYN ACK`, `echo-request`, `packet`. */
export type PacketKind = string

/** Packets of one kind and direction that ended alike. */
export interface FlowPackets {
  /** Which way they go. */
  direction: Direction
  /** `SYN`, `SYN ACK`, `echo request` …, `ICMP error`, `packet`. */
  kind: PacketKind
  /** What became of them. */
  outcome: Outcome
  /** The rule or policy that dropped or rejected them. */
  rule?: RuleRef
  /** The rule to look at, if it is another one. */
  culprit?: RuleRef
  /** Number of packets. */
  count: number
  /** Ids of the first ones. */
  journeys: string[]
}

/** Something wrong with a connection as a whole. */
export interface FlowFinding<F = Fix> {
  code: 'reply-dropped'
  severity: 'error'
  /** One sentence. */
  message: string
  /** Ids of the journeys that show it. */
  journeys: string[]
  /** The rules it is about. */
  rules: RuleRef[]
  fix: F[]
}

/** A connection, what NAT makes of it, and its packets. */
export interface Flow<F = Fix> {
  /** The machine, if the inputs are of several. */
  host?: string
  family: 'ip' | 'ip6'
  /** `tcp` `udp` `icmp` … */
  protocol: string
  /** True: connection tracking has an entry. False: only packets show it. */
  tracked: boolean
  /** Addresses and ports of packets in the original direction, before NAT. */
  original: Tuple
  /** Addresses and ports of replies, before NAT. Absent: no entry shows them, and what NAT made of the original direction is unknown. */
  reply?: Tuple
  /** The connection's state as conntrack prints it: `ESTABLISHED` … */
  state?: string
  /** `assured` `unreplied` … */
  status?: string[]
  /** Seconds until the entry expires. */
  timeout?: number
  /** The connection's mark. */
  mark?: number
  /** Connection tracking zone. */
  zone?: number
  /** What NAT makes of the original direction. */
  nat: { dst?: Rewritten; src?: Rewritten }
  /** Captured packets, those alike counted. */
  packets: FlowPackets[]
  /** What became of the connection, in one sentence. Absent: no packet was captured. */
  story?: string
  findings: FlowFinding<F>[]
  /** The worst of its exchanges. Absent: no packet that was captured belongs to one. */
  exchange?: FlowExchange
}

/** What came of an exchange, which `exchanges[]` of `nfwhy.explanation/1` tells in full. */
export interface FlowExchange extends Pick<Exchange, 'id' | 'status' | 'basis'> {
  /** What speaks against it, in one sentence. */
  why?: string
}

/** An address or port that NAT replaces. */
export interface Rewritten {
  from: Endpoint
  to: Endpoint
  /** The rule that was seen to do it. */
  rule?: RuleRef
}

/** An address with its port. */
export interface Endpoint {
  address: string
  port?: number
}
