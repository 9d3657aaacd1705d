/** Which rule a journey counts for, where journeys are counted by rule. */
import type { Hook } from '../model/hook.ts'
import type { Cause, Journey, Outcome, RuleRef, Step } from '../model/journey.ts'
import { isPassed } from '../model/outcome-kinds.ts'
import { ruleKey, whereWords } from './journey-words.ts'

export type Deciding = { key: string } & (
  | { ref: RuleRef }
  /** Where the packet was seen last, as no rule is known: `behind mangle PREROUTING`. */
  | { place: string }
)

/**
 * The rule to look at, or the one that ended the journey; of a packet that passed the last one that accepted it, else the
 * policy of table filter, else the last policy. `key` is the same for the same rule.
 */
export function decidingRule(journey: Journey<unknown>): Deciding {
  const { cause, culprit } = journey
  const ended = culprit ?? cause.find(({ role }) => role === 'outcome')?.rule
  const ref = ended ?? acceptingRule(journey) ?? refOfStep(accepting(journey))
  if (ref) return { key: ruleKey(ref), ref }
  const place = whereWords(journey) ?? 'an unknown rule'
  return { key: place, place }
}

/** Is it the rule to look at? One that did not match is no step, and stands at the next one. */
export const isGuilty = ({ step, rule }: Cause, culprit: Journey<unknown>['culprit']): boolean =>
  step === culprit?.step && ruleKey(rule) === ruleKey(culprit)

/** Where its fate was decided. */
const FILTERING: Partial<Record<Outcome, Hook>> = { delivered: 'input', forwarded: 'forward', sent: 'output' }

/** Of iptables: their accept ends a chain that drops nothing, as a rule. */
const NOT_FILTERING: readonly (string | undefined)[] = ['raw', 'mangle', 'nat']

/** The rule that accepted a packet that passed, in the chains that filter; undefined where only policies did. */
export function acceptingRule({ outcome, steps }: Journey<unknown>): RuleRef | undefined {
  const hook = FILTERING[outcome]
  return refOfStep(
    steps.findLast(
      (one) =>
        hook !== undefined &&
        one.hook === hook &&
        one.kind === 'rule' &&
        one.verdict === 'accept' &&
        !NOT_FILTERING.includes(one.table),
    ),
  )
}

function accepting({ outcome, steps }: Journey<unknown>): Step | undefined {
  if (!isPassed(outcome)) return undefined
  return (
    steps.findLast(({ kind, verdict }) => kind === 'rule' && verdict === 'accept') ??
    steps.findLast(({ kind, table }) => kind === 'policy' && table === 'filter') ??
    steps.findLast(({ kind }) => kind === 'policy')
  )
}

/** Undefined for a LOG line whose rule is not known. */
export function refOfStep(step: Step | undefined): RuleRef | undefined {
  if (step?.table === undefined || step.chain === undefined) return undefined
  const ref: RuleRef = { family: step.family, table: step.table, chain: step.chain }
  if (step.rule !== undefined) ref.rule = step.rule
  if (step.kind === 'policy') return ref
  if (step.ruleNumber !== undefined) ref.ruleNumber = step.ruleNumber
  if (step.handle !== undefined) ref.handle = step.handle
  return ref
}
