/** What is known of a packet of which only LOG lines tell. */
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { Candidate } from './resolved.ts'

export interface Where {
  table: Table
  chain: Chain
  /** Absent: that chain's policy. */
  rule?: Rule
}

export interface Stop extends Where {
  ending: 'accept' | 'drop' | 'reject'
  /** Observed where that rule logged it itself, and no condition stands between: the ruleset says all else. */
  basis: 'observed' | 'inferred'
}

/** What becomes of a logged packet in the base chain in which it was logged. */
export type BehindLog =
  | Stop
  | (Where & { ending: 'queue' | 'stolen' })
  /** Not known at that rule, and why. */
  | (Where & { ending: 'unknown'; because: string })

export interface Logged {
  /** Rules that may have logged it last: one, or several with the same prefix. */
  loggers: readonly Candidate[]
  /** Each once. */
  ends: readonly BehindLog[]
  /** It is stopped there, whichever of them has logged it; or accepted, and no later chain can stop it. */
  stop?: Stop
}
