/**
 * What a detector says of its finding to reports, which choose what stands in the answer; the message is for people. Under
 * a symbol it goes along wherever a finding is copied, and no JSON document has it.
 */
export const FOR_REPORTS: unique symbol = Symbol('for reports')

export interface ForReports {
  /** In a few words, why no rule's verdict decided it; absent: what its code says (reports/decided-words.ts). */
  headline?: string
  /** What the rule that ended it matched, in words. */
  matched?: string
  /** What that rule matched is why: a ban, a limit, a way back, a mark. */
  isReason?: true
  /** A policy, or a rule that takes what no rule before it has accepted. */
  takesRest?: true
  /** It may be as it is meant to be: beside what stopped the packet it is no reason. */
  isAside?: true
  /** Besides the name of the rule, the message says no more than that it takes the rest. */
  isBare?: true
  /** The one condition that failed asks for what the packet's line shows. */
  failsOnShown?: true
  /** The rule would have given it another source. */
  wouldGiveSource?: true
  /** That rule is for the packet's own source, and only names another interface to leave by. */
  isAtOtherLink?: true
  /** The rule would have given it another destination. */
  wouldGiveDestination?: true
  /** More speaks for its fix than for letting the packet through as it is: a repair begins with it. */
  goesFirst?: true
  /** Two rules name different places, and either may be mistaken: where it was sent, and where the other one means. */
  eitherPlace?: readonly [string, string]
  /** Who has refused it, as an error says that does not quote it. */
  isUnquoted?: true
  /** That nobody here takes it, as a clause, where a program has its port open for other packets. */
  listensElsewhere?: string
  /** Its first sentence as one of several causes; absent: as it stands. */
  cause?: { readonly request: OneCause; readonly reply: OneCause }
}

/** What has not happened yet, as other changes come before it. */
export interface OneCause {
  /** Behind other words, without a full stop. */
  clause: string
  /** In a list of things. */
  item: string
}
