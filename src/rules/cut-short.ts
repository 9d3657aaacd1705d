/** Listings that end in the middle, as pasted ones do: in which chains rules may follow that nobody sees. */
import type { Chain } from '../model/ruleset.ts'

export const CUT_SHORT = 'the listing is cut off within this table: the rules behind the cut are unknown'

/** Stands in the place of rules behind the cut. */
export const RULES_BEHIND = 'rules that may follow'

export const isCutShort = ({ rules }: Pick<Chain, 'rules'>): boolean =>
  rules.at(-1)?.statements.some((one) => one.kind === 'unknown' && one.reason === CUT_SHORT) === true
