/**
 * A change to a World, as data: what one command that a person types does. edits/ reads commands into these, prints them
 * back, and applies them. Rules stay in iptables' own vocabulary, so that the printed command is the one that was meant.
 */
import type { Counters } from './counters.ts'
import type { Route, RoutingRule, Tuple } from './host.ts'
import type { IptablesSpec, NamedSet, RuleFamily } from './ruleset.ts'

export interface RuleEdit {
  kind: 'rule'
  op: 'append' | 'insert' | 'replace' | 'delete' | 'check'
  family: 'ip' | 'ip6'
  table: string
  chain: string
  /** 1-based: where to insert (absent: at the top), or which rule to replace or delete. */
  ruleNumber?: number
  /** Absent for a deletion by number. */
  spec?: IptablesSpec
  /** What a new rule's counters begin with; absent: 0. */
  counters?: Counters
  /** Absent: the table's, whichever it has. */
  backend?: IptablesVariant
}

/** `iptables-legacy` or `iptables-nft`: each has tables of its own. */
export type IptablesVariant = 'legacy' | 'nft'

export interface ChainEdit {
  kind: 'chain'
  /** `flush`, `delete` and `zero` without a chain mean all of the table's. */
  op: 'new' | 'delete' | 'flush' | 'rename' | 'policy' | 'zero'
  family: 'ip' | 'ip6'
  table: string
  chain?: string
  /** `zero` of one rule. */
  ruleNumber?: number
  newName?: string
  policy?: 'accept' | 'drop'
  backend?: IptablesVariant
}

export interface SetEdit {
  kind: 'ipset'
  op: 'create' | 'destroy' | 'flush' | 'rename' | 'swap' | 'add' | 'del'
  /** `destroy` and `flush` without a set mean all. */
  set?: string
  /** Of `rename`: the new name; of `swap`: the other set. */
  other?: string
  /** Of `create`: the set as it begins, empty. */
  definition?: NamedSet
  /** As written: what it means depends on the set's type. */
  element?: string
  /** Behind the element: `timeout` `nomatch` … with their values, empty for those without one. */
  options?: Record<string, string>
  /** `-exist`: an element that is there already, or is not, is no error. */
  exist?: boolean
}

export interface SysctlEdit {
  kind: 'sysctl'
  /** With dots. */
  name: string
  value: string
}

export interface RouteEdit {
  kind: 'route'
  op: 'add' | 'del' | 'replace' | 'change' | 'append' | 'prepend' | 'flush'
  /** Of `del` and `flush`: what the routes meant have; `flush` of table `all` means every table. */
  route: Partial<Route> & Pick<Route, 'family' | 'table'>
}

export interface RoutingRuleEdit {
  kind: 'routing-rule'
  /** `flush`: all but those of priority 0. */
  op: 'add' | 'del' | 'flush'
  /** Of `del`: what the first rule meant has. */
  rule: Partial<RoutingRule> & Pick<RoutingRule, 'family'>
}

/** An address of one host, without a network (`/32`, `/128`), on an interface. */
export interface AddressEdit {
  kind: 'address'
  op: 'add' | 'del'
  family: 'ip' | 'ip6'
  address: string
  device: string
}

/** An entry of the table of neighbours (ARP, neighbour discovery) that somebody has entered. */
export interface NeighbourEdit {
  kind: 'neighbour'
  /** `replace`: it is there then, whatever was there before. */
  op: 'replace' | 'del'
  address: string
  device: string
  /** `02:00:00:00:00:01`. Of `replace`: the entry is permanent. */
  mac?: string
}

/** A setting of a bridge's port (`bridge link set`). */
export interface BridgePortEdit {
  kind: 'bridge-port'
  device: string
  setting: 'hairpin' | 'isolated'
  on: boolean
}

/** `conntrack -D`: entries that have all of these; `flush`: every one. */
export interface ConntrackEdit {
  kind: 'conntrack'
  op: 'delete' | 'flush'
  family?: 'ip' | 'ip6'
  protocol?: string
  original?: TupleFilter
  reply?: TupleFilter
  mark?: number
  /** Absent: all bits. */
  markMask?: number
  zone?: number
  state?: string
  /** `--src-nat`, `--dst-nat`: entries that are rewritten so, `ADDRESS` or `ADDRESS:PORT`; true: at all. */
  srcNat?: string | true
  dstNat?: string | true
}

/** A command of nft, in libnftables-json(5)'s words (rules/nft/objects.ts has their types). */
export interface NftEdit {
  kind: 'nft'
  op: 'add' | 'create' | 'insert' | 'replace' | 'delete' | 'destroy' | 'flush' | 'rename' | 'reset'
  object: object
}

/**
 * Deletes the chain's first rule with this comment, in nft's words: of a rule that is to be added nobody knows yet which
 * handle the kernel gives it. Printed, it asks nft for that handle.
 */
export interface NftCommentEdit {
  kind: 'nft-comment'
  op: 'delete'
  family: RuleFamily
  table: string
  chain: string
  comment: string
}

/** Addresses with prefix length. */
export type TupleFilter = Partial<Pick<Tuple, 'src' | 'dst' | 'sport' | 'dport' | 'icmpType' | 'icmpCode' | 'icmpId'>>

/** One change of rules, sets, routes, addresses, ports, settings or connections. */
export type Edit =
  | RuleEdit
  | ChainEdit
  | SetEdit
  | SysctlEdit
  | RouteEdit
  | RoutingRuleEdit
  | AddressEdit
  | NeighbourEdit
  | BridgePortEdit
  | ConntrackEdit
  | NftEdit
  | NftCommentEdit
