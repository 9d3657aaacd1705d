/** A trace point as it is laid on the ruleset. */
import type { Hook } from '../model/hook.ts'
import type { StepKind } from '../model/journey.ts'
import type { Family } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { TracePoint } from '../read/captures/points.ts'
import type { VerdictKind } from '../rules/verdict.ts'

export interface Resolved {
  /** Names the rule line whatever the capture called it; the same rule always has the same object. */
  point: TracePoint
  /** The packet's. */
  family: Family
  tableFamily: Family | 'inet'
  table: string | undefined
  chain: string | undefined
  kind: StepKind
  reported: 'rule' | 'return' | 'policy' | undefined
  ruleNumber: number | undefined
  rule: Rule | undefined
  inTable: Table | undefined
  inChain: Chain | undefined
  verdict: string | undefined
  ending: VerdictKind
  /** Chain that a jump or goto leads to. */
  target: string | undefined
  /** The hook, for a built-in chain; and for a user chain that only one hook reaches. */
  hook: Hook | undefined
  /** The same as numbers, 0 where they are not known: what is compared for every event. */
  hookNumber: number
  tableNumber: number
  /** Of nft's tracing: the chain's, in its table and family; and which of layers.ts the family is. */
  chainNumber: number
  layer: number
  /** A built-in chain's line: it begins or goes on with a base chain. */
  base: boolean
  /** Of a table that a trace session made for itself. */
  own: boolean
  /** A chain of the session's that marks nothing: it shows where the packet is, and no rule does. */
  shows: boolean
  /** No line shows it: the ruleset says that it came. */
  isInferred?: true
  /** Why the ruleset cannot be the one in force. */
  mismatch: string | undefined
  /** Of a LOG line: the rules that print its prefix, where there is not just one. */
  candidates: readonly Candidate[]
  /** Rules of the chain that read alike, where the trace does not tell which of them it is. */
  alike: readonly Rule[]
  /** Is this hook's last base chain for packets that pass nat chains, and for those that do not? Found out once each. */
  last: [boolean | undefined, boolean | undefined]
}

/** A rule that may have written a LOG line. */
export interface Candidate {
  table: Table
  chain: Chain
  rule: Rule
}
