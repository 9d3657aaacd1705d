import type { Command } from './command.ts'
import type { Edit } from './edit.ts'
import type { Hook } from './hook.ts'
import type { Family, Packet } from './packet.ts'

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

export type StepKind = 'rule' | 'return' | 'policy' | 'log' | 'unknown'

export interface Change {
  field: string
  from: Scalar
  to: Scalar
  /** The kernel chooses, and takes one of these; both ends are included. */
  among?: readonly [Scalar, Scalar]
}
type Scalar = string | number

export interface Step {
  /** 1-based. */
  n: number
  hook?: Hook
  /** The packet's; in a trace of nft's the table's. */
  family: Family | 'inet'
  table?: string
  chain?: string
  kind: StepKind
  /** What the kernel printed, where that is not `kind`. */
  reported?: 'rule' | 'return' | 'policy'
  ruleNumber?: number
  handle?: number
  rule?: string
  verdict?: string
  /** 0 in a base chain, +1 for each jump. */
  depth?: number
  in?: string
  out?: string
  src?: string
  dst?: string
  sport?: number
  dport?: number
  mark?: number
  ttl?: number
  /** Of a LOG line. */
  prefix?: string
  known: 'observed' | 'carried' | 'simulated'
  changes: Change[]
  /** The rules that the packet came by on its way here, where they were asked for. */
  unmatched?: UnmatchedRule[]
}

/** A rule that did not match, because of what of it. */
export interface UnmatchedRule {
  ruleNumber: number
  /** As the ruleset prints it. */
  rule: string
  /** Conditions that did not hold, in the rule's own words. */
  failed: string[]
  /** Conditions of which that cannot be told, with the reason. */
  unknown?: string[]
}

export interface RuleRef {
  family: string
  table: string
  chain: string
  ruleNumber?: number
  handle?: number
  rule?: string
  /** `kube-proxy`, `docker`, `firewalld` … where it is known. */
  owner?: string
}

export type CauseRole = 'outcome' | 'reads-mark' | 'sets-mark' | 'jump' | 'decided'

export interface Cause {
  step: number
  role: CauseRole
  rule: RuleRef
  text: string
}

/** What is proposed, as data; edits/fix.ts has the commands that a person types for it. */
export interface Fix extends Tried {
  description: string
  /** What it changes, one after the other; absent where it is done by hand. */
  edits?: readonly Edit[]
  /** What takes these back. */
  undo?: readonly Edit[]
  /** The program that changes these rules, where `iptables` is the other one on this machine. */
  variant?: IptablesVariant
  /** A command that shows something, and changes nothing. */
  look?: Command
}

/** `iptables-legacy` or `iptables-nft`. */
export type IptablesVariant = 'legacy' | 'nft'

/** The same as reports have it. */
export interface PrintedFix extends Tried {
  description: string
  /** Its text is printCommand's, and JSON.stringify's. */
  command?: Command
  /** The command that takes it back. */
  undo?: Command
}

/** What came of trying a fix. */
interface Tried {
  verified?: 'model' | 'kernel'
  after?: Outcome
  /** The source it would leave with then, where that is another one. */
  afterSource?: string
  /** What would still be wrong then: the packet gets through, and the flow does not. */
  but?: string
  /** Why it could not be tried. */
  unverified?: string
  /** Risk; who writes it back. */
  note?: string
}

export type Severity = 'error' | 'warning' | 'note'

/** `F`: its fixes as data, or as printed. */
export interface Finding<F = Fix> {
  code: string
  severity: Severity
  /** One sentence a tired person understands. */
  message: string
  steps: number[]
  rules: RuleRef[]
  fix: F[]
}

export interface Journey<F = Fix> {
  /** `1`, `2` … by first event. */
  id: string
  traceId?: string
  host?: string
  family: Family
  /** ISO 8601 (a syslog line without a year gives `--01-31T21:23:16`); absent where the capture has no date. */
  time?: { first: string; last: string }
  /** Seconds since boot, where the capture gives those. */
  uptime?: { first: number; last: number }
  /** As it first appeared. */
  packet: Packet
  steps: Step[]
  outcome: Outcome
  basis: 'observed' | 'inferred' | 'assumed'
  culprit?: RuleRef & { step: number }
  cause: Cause[]
  findings: Finding<F>[]
}
