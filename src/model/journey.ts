import type { Command } from './command.ts'
import type { Edit } from './edit.ts'
import type { FOR_REPORTS, ForReports } from './for-reports.ts'
import type { Hook } from './hook.ts'
import type { Family, Packet } from './packet.ts'

/** What became of the packet; docs/outcomes.md says when which one is given. */
export type Outcome =
  | 'delivered'
  | 'forwarded'
  | 'sent'
  | 'dropped'
  | 'rejected'
  | 'queued'
  | 'stolen'
  | 'vanished'
  | 'undetermined'

/** What the step is. `unknown`: a ruleset would tell whether it is a rule or a policy. */
export type StepKind = 'rule' | 'return' | 'policy' | 'log' | 'unknown'

/** What a step did to the packet. */
export interface Change {
  /** `src`, `dport`, `mark` … */
  field: string
  /** The value before. */
  from: Scalar
  /** The value after. */
  to: Scalar
  /** The kernel chooses one of the values between these two, both included. */
  among?: readonly [Scalar, Scalar]
}
type Scalar = string | number

/** A rule that matched, a policy, or a LOG line. */
export interface Step {
  /** Number of the step, from 1. */
  n: number
  /** Absent: unknown. */
  hook?: Hook
  /** The packet's; in a trace of nft's the table's. */
  family: Family | 'inet'
  /** Absent only for a LOG line whose rule is not known. */
  table?: string
  /** Absent only for a LOG line whose rule is not known. */
  chain?: string
  kind: StepKind
  /** What the kernel printed, where that is not `kind`. */
  reported?: 'rule' | 'return' | 'policy'
  /** The rule's place in its chain, from 1, as TRACE counts. */
  ruleNumber?: number
  /** The rule's handle in nft. */
  handle?: number
  /** The rule as the ruleset prints it. */
  rule?: string
  /** `accept` `drop` `continue` `return` `queue` `jump X` `goto X` `reject` `dnat` … */
  verdict?: string
  /** 0 in a base chain, +1 for each jump. */
  depth?: number
  /** Input interface on arrival at this step, as are the following fields. */
  in?: string
  /** Output interface. */
  out?: string
  /** Source address. */
  src?: string
  /** Destination address. */
  dst?: string
  /** Source port. */
  sport?: number
  /** Destination port. */
  dport?: number
  /** The packet's mark. */
  mark?: number
  /** Time to live, or hop limit. */
  ttl?: number
  /** The prefix of a LOG line. */
  prefix?: string
  /** `observed`: the capture shows it; `carried`: the capture shows the headers of an earlier step; `simulated`: the model simulated it. */
  known: 'observed' | 'carried' | 'simulated'
  /** What this step did to the packet. */
  changes: Change[]
  /** The rules before it that did not match (`--unmatched`). */
  unmatched?: UnmatchedRule[]
}

/** A rule that did not match, and which of its conditions failed. */
export interface UnmatchedRule {
  /** The rule's place in its chain, from 1. */
  ruleNumber: number
  /** As the ruleset prints it. */
  rule: string
  /** Conditions that failed, in the rule's own words. */
  failed: string[]
  /** Conditions that cannot be evaluated, with the reason. */
  unknown?: string[]
}

/** Names a rule or, without number and handle, a policy. */
export interface RuleRef {
  /** `ip` `ip6` `inet` `arp` `bridge` `netdev`. */
  family: string
  /** Name of the table. */
  table: string
  /** Name of the chain. */
  chain: string
  /** The rule's place in its chain, from 1, as TRACE counts. */
  ruleNumber?: number
  /** The rule's handle in nft. */
  handle?: number
  /** The rule as the ruleset prints it. */
  rule?: string
  /** Who wrote it, if known: `kube-proxy`, `docker`, `firewalld` … */
  owner?: string
}

/** `outcome`: ended the journey; `reads-mark`, `sets-mark`: a mark decided; `jump`: led there; `decided`: sent the packet that way. */
export type CauseRole = 'outcome' | 'reads-mark' | 'sets-mark' | 'jump' | 'decided'

/** One link of the chain that leads to the outcome. */
export interface Cause {
  /** Number of the step. */
  step: number
  /** What the step has to do with the outcome. */
  role: CauseRole
  /** The rule of the step. */
  rule: RuleRef
  /** The same in words. */
  text: string
}

/** What is proposed, as data; edits/fix.ts has the commands that a person types for it. */
export interface Fix extends Tried {
  description: string
  /** What it changes, one after the other; absent where it is done by hand. */
  edits?: readonly Edit[]
  /** What takes these back. */
  undo?: readonly Edit[]
  /** A command that shows something, and changes nothing. */
  look?: Command
}

/** The same as reports have it. */
export interface PrintedFix extends Tried {
  description: string
  /** Its text is printCommand's, and JSON.stringify's. */
  command?: Command
  /** The command that takes it back. */
  undo?: Command
}

/** What it is for, and what came of trying it. */
interface Tried {
  /** Nothing is broken: it would stop the packet, which gets through as things are. */
  stops?: true
  verified?: 'model' | 'kernel'
  after?: Outcome
  /** The source it would leave with then, where that is another one. */
  afterSource?: string
  /** What would still be wrong then: the packet gets through, and the flow does not. */
  but?: string
  /** What the result hangs on, of which nothing is known: clauses with `if`, which its note has as well. */
  given?: string[]
  /** Why it could not be tried. */
  unverified?: string
  /** Risk; who writes it back. */
  note?: string
  /** The program that undoes it. */
  owner?: FixOwner
}

/** A program that writes the rules, sets or elements which a fix changes. */
export interface FixOwner {
  /** `kube-proxy`, `docker`, `firewalld` … */
  name: string
  /** When it restores its rules; behind "restores its rules". */
  when: string
  /** Where a change lasts; behind "to keep it,". Absent: in a chain that nothing leads to here. */
  lasting?: string
  /** It does not own what is changed, but rules beside that, which it may put in front again. */
  beside?: true
}

/** `error`: it stops the packet; `warning`: look at it; `note`: good to know. */
export type Severity = 'error' | 'warning' | 'note'

/** Something that explains the outcome, or that is wrong. */
export interface Finding<F = Fix> {
  /** In kebab-case, stable; docs/outcomes.md lists them. */
  code: string
  /** How bad it is. */
  severity: Severity
  /** One sentence. */
  message: string
  /** Numbers of the steps that show it. */
  steps: number[]
  /** The rules it is about, the most telling first. */
  rules: RuleRef[]
  fix: F[]
  /** @hidden in schemas: no document has it. */
  [FOR_REPORTS]?: ForReports
}

/** One packet's way through netfilter. */
export interface Journey<F = Fix> {
  /** `1`, `2` … by first event. */
  id: string
  /** nft's trace id, which is not unique. */
  traceId?: string
  /** The machine, as the capture names it. */
  host?: string
  /** The packet's family. */
  family: Family
  /** ISO 8601, without an offset where the capture gave none (a syslog line without a year gives `--01-31T21:23:16`). Absent where the capture has no date. */
  time?: { first: string; last: string }
  /** Seconds since boot, where the capture gives those. */
  uptime?: { first: number; last: number }
  /** The packet as it first appeared. */
  packet: Packet
  /** In order. */
  steps: Step[]
  /** What became of the packet. */
  outcome: Outcome
  /** `observed`: the capture shows the outcome; `inferred`: ruleset and host state imply it; `assumed`: `--assume` settled it. */
  basis: 'observed' | 'inferred' | 'assumed'
  /** The rule to look at, and the number of its step. */
  culprit?: RuleRef & { step: number }
  /** From the outcome back to the rule that decided it. */
  cause: Cause[]
  /** What explains the outcome, and what is wrong. */
  findings: Finding<F>[]
}
