/** A step in words: which rule it met, and what that rule said. */
import { endWords } from '../model/end-words.ts'
import type { RuleRef, Step } from '../model/journey.ts'
import { ruleName } from './journey-words.ts'
import type { Marks } from './marks.ts'

/** `nat KUBE-NODEPORTS rule 16`, `raw PREROUTING policy`, `filter INPUT rule 3  logged "in: "`. */
export function stepName(step: Step): string {
  const { kind, table, chain, prefix } = step
  const logged = prefix === undefined ? '' : ` "${prefix.trim()}"`
  if (table === undefined || chain === undefined) return `an unknown log rule${logged}`
  // iptables numbers the end of a chain as one rule more
  if (kind === 'return' && step.rule === undefined && step.handle === undefined)
    return ruleName({ family: step.family, table, chain }).replace(/ policy$/, '')
  if (kind === 'policy') return ruleName({ family: step.family, table, chain })
  return `${ruleName({ ...step, table, chain })}${kind === 'log' ? `  logged${logged}` : ''}`
}

/** `nat KUBE-SERVICES  end of the chain → return`: the name, what is odd about the step, its verdict. */
export function stepWords(step: Step, { to }: Marks): string {
  const odd = oddWords(step)
  const { verdict } = step
  return `${stepName(step)}${odd === '' ? '' : `  ${odd}`}${verdict === undefined ? '' : ` ${to} ${verdict}`}`
}

/** What the name does not say: that a chain ended there, or that nobody knows what it was. */
export function oddWords({ kind, rule, reported }: Step): string {
  if (kind === 'unknown') return `(a rule or ${endWords(reported)}: unknown which)`
  return kind === 'return' && rule === undefined ? 'end of the chain' : ''
}

/** The rule where its chain is named beside it. */
export const withoutChain = (rule: string): string => rule.replace(/^-A \S+ /, '')

/** `filter INPUT rule 3  -p tcp -j DROP`: the rule by name, in its own words, where nothing above says which it is. */
export const namedRule = (ref: RuleRef, text: string): string =>
  `${ruleName(ref)}  ${withoutChain(text).replace(/^policy /, '')}`
