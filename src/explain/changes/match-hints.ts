import type { Hook } from '../../model/hook.ts'

/** What else is known of a packet that a rule is to choose. */
export interface MatchHints {
  /** Where the rule is to stand. */
  hook?: Hook | undefined
  /** It answers what another port had asked, which is another one each time. */
  answer?: boolean
  /** nat has written its destination: others may come there directly. */
  rewritten?: boolean
  /** nat chooses among several: the next packet may be for another, or from another. */
  byTurns?: boolean
}
