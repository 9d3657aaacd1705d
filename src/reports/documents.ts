/**
 * Every JSON document and JSON line that a report prints. `npm run schemas` makes the published JSON Schemas
 * (schemas/) of these types: a docstring is the description there. What the model keeps in another form (a command's
 * words, maps) has its printed form here; everything else is the model's own type.
 */
import type { Both, Comparison } from '../analysis/compare.ts'
import type { Ending } from '../analysis/ending.ts'
import type { Flow, FlowFinding } from '../analysis/flow.ts'
import type { Way } from '../analysis/hook-map.ts'
import type { RulesetComparison } from '../analysis/rulesets.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Hook } from '../model/hook.ts'
import type { Finding, FixOwner, Journey, Outcome, RuleRef } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Flowtable, NamedObject, NamedSet, Rule, RuleFamily, Table } from '../model/ruleset.ts'

/** What would change the outcome. */
export interface FixDocument {
  /** What it does, in words. */
  description: string
  /** The command to type, for a POSIX shell. Absent: a person has to do it by other means. */
  command?: string
  /** The command that takes it back. */
  undo?: string
  /** Nothing is broken: it would stop the packet, which gets through as things are. */
  stops?: true
  /** How it was tried: on nfwhy's model of netfilter, or on a kernel. Absent: not tried. */
  verified?: 'model' | 'kernel'
  /** The packet's outcome when it was tried. */
  after?: Outcome
  /** The source address that the packet would leave with then, if it is another one. */
  afterSource?: string
  /** What would still be wrong: this packet passes, its connection does not work yet. */
  but?: string
  /** What the result hangs on, of which nothing is known: clauses with `if`, which the note has as well. */
  given?: string[]
  /** Why it could not be tried. */
  unverified?: string
  /** Risk, and who writes the old rule back. */
  note?: string
  /** The program that undoes it, or may: it writes these rules, sets or elements. */
  owner?: FixOwner
}

/** Something that explains the outcome, or that is wrong. */
export interface FindingDocument extends Omit<Finding, 'fix'> {
  /** The best first. */
  fix: FixDocument[]
}

/** One packet's way through netfilter. */
export interface JourneyDocument extends Omit<Journey, 'findings'> {
  /** What explains the outcome, and what is wrong. */
  findings: FindingDocument[]
}

/** Each packet's journey, what decided it, why, and what to change. */
export interface ExplanationDocument extends Ending {
  schema: 'nfwhy.explanation/1'
  /** By first event. */
  journeys: JourneyDocument[]
  /** By their first journeys. */
  exchanges: ExchangeDocument[]
}

/** A request, and what came of it. */
export interface ExchangeDocument extends Omit<Exchange, 'findings'> {
  /** Of the exchange as a whole, each fact once. */
  findings: FindingDocument[]
}

/** A line of `--ndjson`: they stand behind all journeys. */
export interface ExchangeLine {
  exchange: ExchangeDocument
}

/** The last line of `--ndjson`. */
export interface SummaryLine {
  summary: Ending
}

/** A line of `--ndjson`: a journey, as soon as it is complete; then the exchanges; the last line is the summary. */
export type ExplanationLine = JourneyDocument | ExchangeLine | SummaryLine

/** What all inputs were and gave. */
type Summary = Omit<Ending, 'joined'>

/** Two journeys side by side, and the first step at which they part. */
export interface ComparisonDocument extends Omit<Comparison, 'journeys'>, Summary {
  schema: 'nfwhy.comparison/1'
  /** The two in full. */
  journeys: Both<JourneyDocument>
}

/** Two rulesets: what was added, removed and moved, and which rules counted packets in between. */
export interface RulesetsDocument extends RulesetComparison, Pick<Ending, 'warnings'> {
  schema: 'nfwhy.rulesets/1'
  /** Of either side. */
  inputs: Both<Ending['inputs']>
}

/** Something wrong with a connection as a whole. */
export interface FlowFindingDocument extends Omit<FlowFinding, 'fix'> {
  /** The best first. */
  fix: FixDocument[]
}

/** A connection, what NAT makes of it, and its packets. */
export interface FlowDocument extends Omit<Flow, 'findings'> {
  /** What is wrong with the connection. */
  findings: FlowFindingDocument[]
}

/** Connections with NAT and state, joined with the packets of captures. */
export interface FlowsDocument extends Summary {
  schema: 'nfwhy.flows/1'
  /** Connection tracking's entries first, then what only packets show. */
  flows: FlowDocument[]
}

interface OnHost {
  /** The machine, if the inputs are of several. */
  host?: string
}

/** What hangs on one hook. */
export interface HookChainsDocument extends OnHost {
  way: Way
  hook: Hook
  /** Base chains in the order in which a packet meets them. */
  chains: { family: RuleFamily; table: string; chain: string; priority: number }[]
}

/** A rule in the words that iptables and nft share. */
export interface RuleDocument extends Omit<Rule, 'iptables' | 'nft'> {}

/** A chain with its rules. A base chain has a hook. */
export interface ChainDocument extends Omit<Chain, 'rules'> {
  /** In order. */
  rules: RuleDocument[]
}

/** A table of iptables, ebtables, arptables or nft. */
export interface TableDocument extends OnHost, Omit<Table, 'chains' | 'flowtables' | 'objects'> {
  chains: ChainDocument[]
  /** Connections in a flowtable bypass the rules. */
  flowtables?: Flowtable[]
  /** Counters, quotas, limits … that rules name. */
  objects?: NamedObject[]
}

/** A set or map, with its elements. */
export interface SetDocument extends OnHost, NamedSet {}

/** A ruleset as nfwhy understood it. What it did not understand is a node of `kind: "unknown"` with its text. */
export interface RulesetDocument extends Pick<Ending, 'inputs' | 'warnings'> {
  schema: 'nfwhy.ruleset/1'
  /** In the order in which a packet meets them. */
  hooks: HookChainsDocument[]
  tables: TableDocument[]
  /** Sets and maps: of nft's tables, and ipsets. */
  sets: SetDocument[]
}

/** What a query to a store gives. */
export interface QueryDocument {
  schema: 'nfwhy.query/1'
  /** Names of the columns, in order. */
  columns: string[]
  /** Values by their columns' names; what is not known is left out. */
  rows: { [column: string]: string | number | boolean }[]
}

/** Drops that have reason, place, protocol, interfaces and rule in common. */
export interface WatchKind {
  /** Number of the kind, from 1. */
  kind: number
  /** The kernel's word: `NETFILTER_DROP`, `NO_SOCKET` … */
  reason: string
  /** The kernel's function that dropped it. */
  function?: string
  /** Absent: it is not IP, or kinds were too many to tell apart. */
  family?: 'ip' | 'ip6'
  /** `tcp` `udp` …, or the number as text. */
  protocol?: string
  /** Input interface. */
  in?: string
  /** Interface that it was about to leave by. */
  out?: string
  /** What the reason means. */
  meaning: string
  /** Nothing is lost with these drops. */
  harmless?: true
  /** The rule or policy that drops it, by the model. */
  rule?: RuleRef
  /** The hook of that rule. */
  hook?: Hook
  /**
   * Why no rule is named, where netfilter dropped it. `none`: by the rules as read no rule drops it; `open`: that depends on
   * something unknown; `not-played`: packets were too many; `not-read`: the rules could not be read.
   */
  ruleUnknown?: 'none' | 'open' | 'not-played' | 'not-read'
  /** When it was dropped first (ISO 8601, UTC). */
  first: string
}

/** A line of `nfwhy watch --ndjson`: a kind that came for the first time. */
export interface WatchKindDocument extends WatchKind {
  schema: 'nfwhy.watch-kind/1'
  /** The first packet, as it was when it was dropped. */
  packet?: Packet
  /** When the rules were read that it was simulated with (ISO 8601, UTC). */
  rulesRead?: string
  /** Its way by the model. Absent: the model does not show this drop. */
  journey?: JourneyDocument
}

/** A kind with what was counted. */
export interface WatchCountedKind extends WatchKind {
  /** How many. */
  count: number
  /** When it was dropped last (ISO 8601, UTC). */
  last: string
  /** How many in each of the last ten minutes; the minute that goes on is the last. */
  minutes: number[]
  /** Tuples that are told apart at the moment. */
  tuples: number
  /** There were more tuples. */
  moreTuples?: true
  /** At most ten of the tuples. */
  mostFrequent: WatchTuple[]
}

/** Drops with the same addresses and ports. */
export interface WatchTuple extends Pick<Packet, 'src' | 'sport' | 'dst' | 'dport' | 'icmpType' | 'icmpCode'> {
  /** How many. */
  count: number
  /** When the last was (ISO 8601, UTC). */
  last: string
}

/** What a watch has counted: `nfwhy watch --json`, and lines of `--ndjson`. */
export interface WatchDocument {
  schema: 'nfwhy.watch/1'
  /** When it began (ISO 8601, UTC). */
  from: string
  /** Up to when it counted (ISO 8601, UTC). */
  until: string
  /** All drops. */
  drops: number
  /** Of these, counted by reason and protocol only. */
  folded: number
  /** Of these, counted without a reason. */
  withoutReason: number
  /** At most so many more, of all network namespaces, were not counted. */
  missed: number
  /** When the rules were read that drops are simulated with (ISO 8601, UTC). */
  rulesRead?: string
  /** Why the rules are not known. */
  rulesProblem?: string
  /** The most frequent first. */
  kinds: WatchCountedKind[]
}
