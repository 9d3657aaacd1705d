/** What findings change about rules, whichever program's words they are in. */
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { FailedCondition } from '../counterfactual/failed-condition.ts'
import type { MatchHints } from './match-hints.ts'
import type { Change, Changing } from './proposal.ts'

/** Which packets a new rule is to choose. */
export type Chosen =
  /** This one and its like: addresses, service, interfaces; not the client's passing port. */
  | { kind: 'such'; packet: Packet; hints: MatchHints }
  /** Whatever is for its destination; with `rewritten`, where nat has given it that. */
  | { kind: 'destination'; packet: Packet; rewritten?: true }
  /** From its source, where it leaves; with `to`, only for its destination, and with `rewritten`, for any that nat gives. */
  | { kind: 'source'; packet: Packet; to: boolean; rewritten?: true }
  /**
   * Answers to what other rules have let begin; `rewritten`: of connections whose destination nat has rewritten; `toOthers`: from
   * this address alone, and not what goes on in connections that whoever sends has begun.
   */
  | { kind: 'answers'; rewritten?: true; toOthers?: { from: string } }
  /** What has these bits of a mark. */
  | { kind: 'marked'; mark: Mark }
  /** ARP, or neighbour discovery: by it the link address of a neighbour is found. */
  | { kind: 'neighbours'; family: 'ip' | 'ip6' }
  /** What begins a TCP connection. */
  | { kind: 'openings' }
  | { kind: 'protocol'; protocol: string }
  /** Whatever comes in by this interface. */
  | { kind: 'device'; device: string }
  /** What comes in by this interface from this link address. */
  | { kind: 'from-link'; device: string; mac: string }
  /** What comes in by this interface and opens a connection. */
  | { kind: 'begun'; device: string }
  /** What comes in by this interface, of connections that have these bits of a mark. */
  | { kind: 'of-marked'; device: string; mark: Mark }
  | { kind: 'all' }

/** What a new rule is to do. */
export type Doing =
  | { kind: 'accept' | 'drop' | 'return' }
  | { kind: 'jump'; chain: string }
  /** What another rule does. */
  | { kind: 'like'; rule: Rule }
  | { kind: 'mark'; mark: Mark }
  /** The bits of the mark that the packet's connection has. */
  | { kind: 'mark-connection'; mark: Mark }
  /** These bits of the packet's mark are those of its connection's. */
  | { kind: 'restore-mark'; mask: number }
  /** The other way round. */
  | { kind: 'save-mark'; mask: number }
  | { kind: 'masquerade' }
  | { kind: 'snat'; to: string }
  | { kind: 'dnat'; to: Destination }
  /** Conntrack's helper; in nft's words the name of an object. */
  | { kind: 'helper'; name: string }
  /** Smaller segments are agreed on. */
  | { kind: 'clamp' }
  /** How many hops are left. */
  | { kind: 'ttl'; value: number }

/** Bits of a packet's mark. */
export interface Mark {
  value: number
  mask: number
}

/** Of a chain: in front of a rule (by its number), or absent: at its end. */
export interface Spot {
  chain: string
  before?: Pick<RuleRef, 'ruleNumber' | 'handle'>
}

export interface Destination {
  address: string
  port: number | undefined
}

/** The first and the last. */
export type Ports = readonly [number, number]

export interface Correction {
  /** What the rule's own map is to give for the packet. */
  gives?: string | undefined
  /** Others may need the rule as it is: a list gets what is missing, and beside any other rule such packets get one of their own. */
  keeps?: boolean
  /** The rule is to ask the packet's other end. */
  turned?: boolean
  /** Among how many its map is to choose: the number that nft makes is one of so many. */
  choices?: number
  /** The name of an interface, and what the rule is to have in its place. */
  rename?: { from: string; to: string }
  /** The rule takes a whole handshake that conntrack does not see: with nf_conntrack_tcp_loose=0 the ACK that ends it is INVALID, else NEW. */
  handshake?: boolean
}

/**
 * Each is undefined where there are no words for it, or where the rule is not known well enough. `ref`: the rule, or of a
 * new one any rule of its table.
 */
export interface RuleChanges {
  remove(ref: RuleRef): Changing | undefined
  /** The rule with the one thing changed that kept it from matching. */
  correct(ref: RuleRef, miss: FailedCondition, packet: Packet, how?: Correction): Changing | undefined
  /** The rule asks for the destination that the packet had before nat: that of its connection. */
  asBeforeNat(ref: RuleRef): Changing | undefined
  /** A jump in place of the goto, so that packets come back. */
  jumpInstead(ref: RuleRef): Changing | undefined
  /** The rule jumps to another chain, or goes there by goto. */
  leadTo(ref: RuleRef, chain: string): Changing | undefined
  /** A return in place of the accept: the packet leaves the rule's chain, and not the table. */
  returnInstead(ref: RuleRef): Changing | undefined
  add(ref: RuleRef, spot: Spot, chosen: Chosen, doing: Doing): Changing | undefined
  /** The same rule once more, with the one thing changed that kept it from matching: it goes on to serve others. */
  alike(ref: RuleRef, spot: Spot, miss: FailedCondition, packet: Packet): Changing | undefined
  /** The same without what kept it from matching. */
  eased(ref: RuleRef, spot: Spot, miss: FailedCondition): Changing | undefined
  /** The same for what this host sends out of `device`: it comes in by no interface. */
  forSent(ref: RuleRef, spot: Spot, device: string): Changing | undefined
  /** A copy of the rule in its table. */
  copy(ref: RuleRef, spot: Spot): Changing | undefined
  /** nat's rule with another destination. `asked`: the port that packets come with; `now`: to which address it sends them. */
  sendTo(ref: RuleRef, to: Destination, asked: number | undefined, now?: string): Changing | undefined
  /** nat's rule with other source ports. */
  giveSourcePorts(ref: RuleRef, ports: Ports, to: Ports): Changing | undefined
  askForMark(ref: RuleRef, mark: Mark): Changing | undefined
  setMark(ref: RuleRef, mark: Mark): Changing | undefined
  /** The rule that asks a set for the packet's source asks for its destination, and the other way round; of several parts those that `fields` has otherwise. */
  turnLookup(ref: RuleRef, set: string, fields: readonly string[]): Changing | undefined
  /** What no program takes from the rule's queue goes on. */
  bypassQueue(ref: RuleRef): Changing | undefined
  /** Lets the chain accept what no rule drops. */
  acceptByPolicy(ref: RuleRef): Change | undefined
}
