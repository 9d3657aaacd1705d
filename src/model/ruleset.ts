import type { Condition } from './condition.ts'
import type { Hook } from './hook.ts'
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

export interface Counters {
  packets: number
  bytes: number
}

export interface Rule {
  /** The rule as the ruleset prints it, without counters: `-A INPUT -p tcp -j DROP`. */
  text: string
  /** 1-based place in its chain, as TRACE counts. */
  ruleNumber: number
  handle?: number
  counters?: Counters
  comment?: string
  /** All must hold, in this order. */
  conditions: Condition[]
  /** In order; a rule without a verdict among them goes on to the next rule. */
  statements: Statement[]
  /** How iptables words it; absent for nft rules. */
  iptables?: IptablesSpec
  /** Line in its file, 1-based. */
  line?: number
}

export interface Chain {
  name: string
  /** Base chains only. */
  hook?: Hook
  priority?: number
  type?: 'filter' | 'nat' | 'route'
  /** Of an ebtables user chain: what comes to its end; absent: it returns. */
  policy?: 'accept' | 'drop'
  counters?: Counters
  rules: Rule[]
}

export interface Table {
  family: RuleFamily
  name: string
  /** Where it was written: an iptables table (either backend prints alike; so with ebtables, arptables), or an nft one. */
  kind: 'iptables' | 'ebtables' | 'arptables' | 'nft'
  /** Which of the kernel's two packet filters holds an iptables table, where that was said. */
  backend?: 'legacy' | 'nft'
  chains: Map<string, Chain>
}

export interface SetElement {
  /** One part for each field of the set's type, in text; prefixes and ranges as written. */
  parts: string[]
  /** Seconds left; absent: it stays. */
  timeout?: number
  nomatch?: boolean
  /** An ipset's interface that stands for all that begin so. */
  wildcard?: boolean
}

export interface NamedSet {
  name: string
  /** The table it belongs to; absent for an ipset, which every iptables table sees. */
  family?: RuleFamily
  table?: string
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
  /** Full, it throws out an old element for a new one. */
  forceadd?: boolean
  /** Seconds that an element stays where nothing is said of it, 0: for ever. Absent: elements have no timeouts. */
  timeout?: number
  /** What else its elements may carry. */
  carries?: ('counters' | 'comment' | 'skbinfo')[]
}
