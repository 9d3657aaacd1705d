/** Which rule a journey counts for, where journeys are counted by rule. */
import type { Journey, RuleRef, Step } from '../model/journey.ts'
import { ruleKey, ruleName, whereWords } from './journey-words.ts'

export interface Deciding {
  /** The same for the same rule. */
  key: string
  /** `nat KUBE-NODEPORTS 16`; without a rule where the packet was last seen: `behind mangle PREROUTING`. */
  name: string
  /** The rule in its own words. */
  rule?: string
  owner?: string
}

/**
 * The rule to look at, or the one that ended the journey; of a packet that passed the last one that accepted it, else the
 * policy of table filter, else where it was seen last.
 */
export function decidingRule(journey: Journey): Deciding {
  const { cause, culprit } = journey
  const ended = cause.find(({ role }) => role === 'outcome')?.rule
  const ref = culprit ?? ended ?? refOf(accepting(journey))
  if (!ref) {
    const name = whereWords(journey) ?? 'no rule that is known'
    return { key: name, name }
  }
  const { rule, owner } = ref
  return {
    key: ruleKey(ref),
    name: ruleName(ref),
    ...(rule === undefined ? {} : { rule }),
    ...(owner === undefined ? {} : { owner }),
  }
}

function accepting({ outcome, steps }: Journey): Step | undefined {
  if (outcome !== 'delivered' && outcome !== 'forwarded' && outcome !== 'sent') return undefined
  return (
    steps.findLast(({ kind, verdict }) => kind === 'rule' && verdict === 'accept') ??
    steps.findLast(({ kind, table }) => kind === 'policy' && table === 'filter') ??
    steps.findLast(({ kind }) => kind === 'policy')
  )
}

function refOf(step: Step | undefined): RuleRef | undefined {
  if (step?.table === undefined || step.chain === undefined) return undefined
  const { family, table, chain, ruleNumber, handle, rule, kind } = step
  if (kind === 'policy') return { family, table, chain, ...(rule === undefined ? {} : { rule }) }
  return {
    family,
    table,
    chain,
    ...(ruleNumber === undefined ? {} : { ruleNumber }),
    ...(handle === undefined ? {} : { handle }),
    ...(rule === undefined ? {} : { rule }),
  }
}
