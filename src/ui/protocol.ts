/** What page and worker say to each other: calls with one argument, and data that structured cloning takes. */

import type { Packet } from '../model/packet.ts'
import type { WarningWords } from '../reports/warning-words.ts'
import type { Completion } from './completion.ts'
import type { PageFile } from './files.ts'
import type { RulePlace, RulesetOf } from './rulesets.ts'

export type { LiveState, PageFile, ServedFile } from './files.ts'
export type { ChainOf, RuleOf, RulePlace, RulesetOf, TableOf } from './rulesets.ts'

/** Each call's argument and answer. A call that fails throws UserError on the worker's side: see Answer. */
export interface Calls {
  /** Files in place of those that were open before. */
  open: [files: readonly PageFile[], opened: Opened]
  /** The files of a trace that goes on, as they are by now; what was expanded stays so. */
  follow: [follow: Follow, followed: Followed]
  /** Exchanges that match; what was expanded is folded again. */
  select: [wanted: Wanted, listed: Listed]
  /** Rows from `from` up to `to`, without it. */
  rows: [range: { from: number; to: number }, rows: Row[]]
  /** Shows a group's exchanges one by one, or no longer. Gives how many rows there are now. */
  expand: [group: RowKey, rows: number]
  /** The row that tells of this journey, where it is listed; its group is expanded where it is one of many. */
  look: [row: RowKey, looked: Looked | undefined]
  map: [nothing: undefined, maps: MapOf[]]
  /** What is listed, as a file. */
  export: [wanted: Wanted & { form: ExportForm }, file: Uint8Array]
  /** As they are once these changes are made. */
  rulesets: [changed: Changed | undefined, rulesets: RulesetOf[]]
  /** Plays a packet on a machine's rules, with all that was changed. */
  play: [what: Play, played: Played]
  /** Are they possible, and with which commands? */
  change: [changed: Changed, made: Made[]]
  /** A packet in all its forms. */
  packet: [typed: TypedPacket, packet: PacketForms]
  /** Two journeys by the ids of their rows, side by side. */
  compare: [pair: { a: string; b: string }, compared: Compared]
  /** What a filter may go on with at the cursor: characters from its beginning. */
  complete: [typed: { filter: string; cursor: number }, completion: Completion]
}

export type ExportForm = 'html' | 'markdown' | 'json' | 'pcapng'

export type Call = keyof Calls
export type Argument<C extends Call> = Calls[C][0]
export type Value<C extends Call> = Calls[C][1]

export interface Question {
  id: number
  call: Call
  argument: unknown
}
/** `error`: a sentence for a person, with what helps below it. */
export type Answer = { id: number } & ({ value: unknown } | { error: { message: string; hint?: string } })

/** A trace's files as they are by now. */
export interface Followed {
  opened: Opened
  listed: Listed
  maps: MapOf[]
  /** The place of the row that was asked for, where it is still listed. */
  place?: number
}

export interface Follow {
  files: readonly PageFile[]
  wanted: Wanted
  /** The row that is selected. */
  selected?: RowKey
  /** Packets may be under way: what has not ended is not told. */
  isUnderWay: boolean
}

export interface Looked {
  place: number
  /** How many rows there are now. */
  rows: number
  explanation: Explanation
}

export interface Opened {
  /** Their names, where there are several. */
  machines: string[]
  files: { name: string; what: string; bytes: number }[]
  warnings: WarningWords[]
  /** Does any of the files show packets? */
  hasCapture: boolean
}

/** The headline's mark, as reports have it. */
export type Mark = 'bad' | 'good' | 'look' | 'unsure'

export interface Wanted {
  /** As `--filter` takes it; empty: all. */
  filter: string
  /** Headline words that are shown; empty: all. */
  words: readonly string[]
  /** What decided, as rows name it; empty: all. */
  decided: readonly string[]
  /** Machines by name; empty: all. */
  machines: readonly string[]
}

export type FacetKind = 'words' | 'decided' | 'machines'

/** What rows can be narrowed by, and how many exchanges each stands for: of all that match the filter. */
export interface Facet {
  /** A headline's word, what decided, a machine's name. */
  name: string
  mark: Mark
  count: number
}

export interface Listed {
  /** How many rows there are, groups folded. */
  rows: number
  /** `3 exchanges: 2 dropped, 1 answered`, as the report ends. */
  summary: string[]
  /** The worst first. `machines`: empty where there is one. */
  facets: Record<FacetKind, Facet[]>
  /** Absent where the captures have no time. */
  times?: TimeLine
  warnings: WarningWords[]
}

/** Exchanges by when they began: `bins[mark][i]` of them in the i-th part of the time. */
export interface TimeLine {
  /** Microseconds, by the capture's clock. */
  first: number
  last: number
  bins: Record<Mark, number[]>
}

/** A group, or one exchange of a group. What a page asks for stays the same where rows are listed anew meanwhile. */
export interface RowKey {
  /** Of its first journey: the number that the command line gives it; of a trace that goes on, with its capture. */
  id: string
  /** It is one exchange of a group. */
  isOne?: true
}

export interface Row extends RowKey {
  mark: Mark
  /** `DROPPED`. */
  word: string
  protocol: string
  /** `10.0.0.1:1234`, `→ 10.0.0.2:80`, `⇒ :8080`. */
  addresses: string[]
  /** Where it ended, or by which rule. */
  decided?: string
  /** Flags, interfaces, what is known of the reply. */
  details: string[]
  time?: string
  machine?: string
  /** Packets of the group; 1 for an exchange. */
  count: number
  /** Exchanges that it can be expanded to. */
  exchanges: number
  isExpanded?: boolean
}

export interface Explanation {
  row: Row
  /** `cause`, or `reply` where it got through. */
  causeLabel: string
  cause: string[]
  /** What is wrong with the input, and what helps. */
  notices: { message: string; fixes: string[] }[]
  /** The rule that the cause speaks of, by its name and in its own words. */
  rule?: string
  fixes: FixOf[]
  otherFixes: FixOf[]
  /** The walk back from its end, the culprit marked. */
  why: Why[]
  rewrites: { label: string; name: string; rule?: string }[]
  findings: FindingOf[]
  notes: string[]
  /** What is explained, as the map draws it. */
  way: WayOf
  /** What came back, or would. */
  reply?: WayOf
  steps: StepOf[]
  /** As it first appeared: what is played again where rules are changed. */
  packet: Packet
  machine?: string
  /** All of it as the command line prints it with --full. */
  text: string
}

/** A journey as a line through the hooks. */
export interface WayOf {
  /** `before`: the same packet, before rules were changed. */
  kind: 'request' | 'before' | 'captured' | 'played' | 'a' | 'b'
  /** The packet's outcome. */
  word: string
  mark: Mark
  /** What became of it, in the headline's words: where it is drawn, its line ends. */
  end: string
  steps: StepOf[]
}

export interface FixOf {
  /** `fix`, `stop`, `do` by hand, `look`. */
  kind: 'fix' | 'stop' | 'do' | 'look'
  description: string
  command?: string
  undo?: string
  /** What trying it gave, and what else is to be said. */
  says: string[]
}

export interface Why {
  name: string
  text: string
  rule?: string
  owner?: string
  isCulprit: boolean
  step: number
}

export interface FindingOf {
  code: string
  severity: 'error' | 'warning' | 'note'
  message: string
  /** Need not be said again. */
  isInHeadline?: true
  /** Commands that look further, and change nothing. */
  look: string[]
  rules: string[]
}

export interface StepOf {
  n: number
  hook?: string
  family: string
  table?: string
  chain?: string
  name: string
  rule?: string
  ruleNumber?: number
  handle?: number
  verdict?: string
  depth: number
  kind: string
  interfaces: string
  changes: string[]
  isCulprit: boolean
  /** nfwhy's own chain saw it there. */
  isOwn?: true
  /** Of two journeys that are compared. */
  side?: 'a' | 'b'
  /** What its name does not say. */
  odd?: string
  /** Rules before it that did not match, and why. */
  unmatched: { ruleNumber: number; rule: string; why: string }[]
}

export interface MapOf {
  machine?: string
  ways: { way: 'ip' | 'bridge' | 'arp' | 'netdev'; hooks: HookOf[] }[]
}

export interface HookOf {
  hook: string
  entries: EntryOf[]
}

export type EntryOf =
  | { kind: 'core'; priority: number; does: string; families: ('ip' | 'ip6')[] }
  | {
      kind: 'chain'
      priority: number
      family: string
      table: string
      chain: string
      /** `legacy`, `iptables-nft`, `nft`. */
      backend: string
      policy?: string
      rules: number
      /** Others of this hook have the same priority, and which comes first is not known. */
      isTied?: true
    }

/** `command`: as a person types it. `fix`: what the explanation says that it does. */
export type Change =
  | { command: string; fix?: string }
  | { rule: RulePlace; do: 'off' | 'up' | 'down' | { text: string } }

/** One after the other. */
export interface Changed {
  changes: readonly Change[]
  machine?: string
}

export interface Play extends Changed {
  /** As `simulate` takes it, or as an explanation has it. */
  packet: string | Packet
  /** The packet is that of the captured journey of this row: the model is told what the trace tells. */
  journey?: string
  /** Without the rules that did not match, and without the explanation as text: of thousands of rules, most of the time goes there. */
  isBrief?: boolean
}

export interface Played {
  /** Why the model does not give what was captured, where it does not. */
  differs?: string
  explanation: Explanation
  /** For each change, in order. */
  made: Made[]
  warnings: WarningWords[]
}

/** A change as it was made. Without a command: the ruleset does not tell the handle that it needs. */
export interface Made {
  says: string
  command?: string
  undo?: string
}

/**
 * `base`: the packet that it was made from; what has no words in `simulate` stays as it was there. `isOther`: of another
 * protocol now, so that what only the one before has is left out.
 */
export type TypedPacket = ({ words: string } | { parts: PacketParts; isOther?: boolean } | { packet: Packet }) & {
  base?: Packet
}

export interface PacketForms {
  packet: Packet
  /** As `simulate --packet` takes it. */
  words: string
  parts: PacketParts
}

/** A form's fields; empty: not said. */
export type PacketParts = Record<
  'in' | 'out' | 'protocol' | 'src' | 'sport' | 'dst' | 'dport' | 'flags' | 'rest',
  string
>

/** Two journeys side by side, as `nfwhy compare` tells them. */
export interface Compared {
  /** Where they part. */
  diverge: string
  /** Fields of the two packets. Absent: none differs. */
  differ?: string
  share: string
  a: ComparedSide
  b: ComparedSide
  /** All of it as the command line prints it. */
  text: string
}

export interface ComparedSide {
  row: Row
  way: WayOf
  packet: Packet
  machine?: string
  /** What it met where they part, and what became of it. `rule`: the text of the rule in the line before. */
  lines: { kind: 'step' | 'rule' | 'change' | 'end'; text: string }[]
}
