/** The rule that a step or a finding names: by its handle where the ruleset lists handles (`nft -a`), else by its place. */
import type { Rule } from './ruleset.ts'

/** `ruleNumber`: from 1. A trace of nft's tells handles also where the ruleset was listed without. */
export const findRule = (
  rules: readonly Rule[],
  { handle, ruleNumber }: { handle?: number | undefined; ruleNumber?: number | undefined },
): Rule | undefined =>
  (handle === undefined ? undefined : rules.find((one) => one.handle === handle)) ??
  rules.find((one) => one.ruleNumber === ruleNumber && (handle === undefined || one.handle === undefined))
