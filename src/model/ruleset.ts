import type { Condition } from './condition.ts'
import type { Counters } from './counters.ts'
import type { Hook } from './hook.ts'
import type { SetElement } from './set-element.ts'
import type { Statement } from './statement.ts'

export type RuleFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev'

/** One `-m NAME …` or `-j NAME …` with its options, typed by the extension's own file in rules/iptables/. */
export interface Clause {
  name: string
  /** Absent where the name is not known or not all of its options were understood. */
  values?: object
  /** Then: what was written behind the name, unread. */
  words?: string[]
}

export interface Negatable<T> {
  value: T
  not: boolean
}

/** An IPv4 or IPv6 address in canonical text with its mask: a prefix length, or an address where bits have gaps. */
export interface MaskedAddress {
  address: string
  mask: number | string
}

/** A rule in iptables' own vocabulary; rules/iptables/ reads and prints it. */
export interface IptablesSpec {
  src?: Negatable<MaskedAddress>
  dst?: Negatable<MaskedAddress>
  /** Interface name; a trailing `+` stands for any rest. */
  in?: Negatable<string>
  out?: Negatable<string>
  /** A name as iptables-save prints it (`tcp`, `ipv6-icmp`), or the number as text. */
  protocol?: Negatable<string>
  /** `-f`: second and further fragments (IPv4). */
  fragment?: Negatable<true>
  /** Words in front of the matches that could not be read, as written: an address nobody can resolve, a wrong mask. */
  unread?: string[]
  matches: Clause[]
  /** `-j`/`-g`; absent: the rule only counts. A chain's name is a target whose `values` is absent and `chain` is true. */
  target?: Clause & { goto?: boolean; chain?: boolean }
}

export interface Rule {
  /** The rule as the ruleset prints it, without counters: `-A INPUT -p tcp -j DROP`. */
  text: string
  /** 1-based place in its chain, as TRACE counts. */
  ruleNumber: number
  handle?: number
  /** How nft lists it, of an iptables table that both tools have listed. */
  nftText?: string
  counters?: Counters
  comment?: string
  /** All must hold, in this order. */
  conditions: Condition[]
  /** In order; a rule without a verdict among them goes on to the next rule. */
  statements: Statement[]
  /** For each statement, how many of the conditions stand in front of it and have to hold; absent: all of them. */
  order?: readonly number[]
  /** How iptables words it; absent for nft rules. */
  iptables?: IptablesSpec
  /** How nft words it: libnftables-json(5)'s statements, in order (rules/nft/ast.ts has their types). */
  nft?: readonly object[]
  /** Line in its file, 1-based. */
  line?: number
  /** A trace session put it there, to trace. */
  own?: true
}

export interface Chain {
  name: string
  /** Base chains only. */
  hook?: Hook
  priority?: number
  type?: 'filter' | 'nat' | 'route'
  /** The verdict at its end: of a base chain, and of an ebtables user chain, which without one returns. */
  policy?: 'accept' | 'drop'
  /** Interfaces that an ingress or egress chain hangs on. */
  devices?: string[]
  handle?: number
  comment?: string
  counters?: Counters
  rules: Rule[]
}

/** Connections in it go past the rules, from `devices` on. */
export interface Flowtable {
  name: string
  hook?: Hook
  priority?: number
  devices: string[]
  flags?: string[]
  handle?: number
}

/** A counter, quota, limit, `ct helper` … that rules name; `values` are libnftables-json(5)'s, but for family, table, name. */
export interface NamedObject {
  kind: string
  name: string
  handle?: number
  values: object
}

export interface Table {
  family: RuleFamily
  name: string
  /** Where it was written: an iptables table (either backend prints alike; so with ebtables, arptables), or an nft one. */
  kind: 'iptables' | 'ebtables' | 'arptables' | 'nft'
  /** Which of the kernel's two packet filters holds an iptables table, where that was said. */
  backend?: 'legacy' | 'nft'
  chains: Map<string, Chain>
  /** No listing shows it: its chains stand for those that it may have. */
  unlisted?: true
  /** Only some of its chains are listed. */
  partly?: true
  handle?: number
  comment?: string
  /** `dormant`: its chains hang on no hook. `owner`, `persist`. */
  flags?: string[]
  flowtables?: Map<string, Flowtable>
  /** By `kind name`: `counter web`. */
  objects?: Map<string, NamedObject>
}

export interface NamedSet {
  name: string
  /** The table it belongs to; absent for an ipset, which every iptables table sees. */
  family?: RuleFamily
  table?: string
  /** An nft set's: each part's type with ` . ` between (`ipv4_addr . inet_service`), also where it was `typeof`. */
  type: string
  elements: SetElement[]
  /** An ipset's: a packet's address is cut to this prefix length, or by this mask, before it is looked for. */
  addressMask?: number | string
  /** The same for a mark. */
  markMask?: number
  /** An ipset's: the family of its addresses. */
  addresses?: 'ip' | 'ip6'
  /** What a bitmap has room for: `1000-2000`, `10.0.0.0-10.0.0.255`. */
  range?: string
  /** It takes no more elements than these. */
  most?: number
  /** So many elements that rules have deleted still count: the kernel collects them later. */
  gone?: number
  /** Full, it throws out an old element for a new one. */
  forceadd?: boolean
  /** Seconds that an element stays where nothing is said of it, 0: for ever. Absent: elements have no timeouts. */
  timeout?: number
  /** What else its elements may carry. */
  carries?: ('counters' | 'comment' | 'skbinfo')[]
  /** From here on: an nft set's. A map's type of data: `verdict`, `mark`, `ipv4_addr . inet_service`, an object's kind. */
  dataType?: string
  /** `constant` `interval` `timeout` `dynamic`. */
  flags?: string[]
  /** The fields that `typeof` names, one for each part; and for a map's data. */
  typeof?: string[]
  dataTypeof?: string[]
  policy?: 'performance' | 'memory'
  /** Seconds. */
  gcInterval?: number
  autoMerge?: boolean
  handle?: number
  comment?: string
  /** What every element carries: libnftables-json(5)'s statements. */
  statements?: readonly object[]
}
