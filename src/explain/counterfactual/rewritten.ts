/** The rules of nat that rewrote the packet, and to what. */
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Statement } from '../../model/statement.ts'
import type { Context } from '../context.ts'
import { refAt } from '../refs.ts'
import { verdictAt } from '../verdict-at.ts'

/** Verdicts that rewrite. */
export const DESTINATION: readonly string[] = ['dnat', 'redirect', 'netmap']
export const SOURCE: readonly string[] = ['snat', 'masquerade', 'netmap']

export interface Rewritten {
  ref: RuleRef
  /** Index of the step. */
  step: number
  /** What the rule does. */
  statement: Statement | undefined
}

/** The rule that sent it to another destination. */
export const destinationRule = (context: Context): Rewritten | undefined =>
  ruleThat(context, DESTINATION, ['prerouting', 'output'])

/** The rule that gave it another source. */
export const sourceRule = (context: Context): Rewritten | undefined =>
  ruleThat(context, SOURCE, ['postrouting', 'input'])

function ruleThat(context: Context, verdicts: readonly string[], hooks: readonly Hook[]): Rewritten | undefined {
  const { journey, evidence } = context
  for (const [step, { rule, ending, hook }] of evidence.arrivals.entries()) {
    if (journey.steps[step]!.kind !== 'rule' || !rule || ending !== 'accept' || !hook || !hooks.includes(hook)) continue
    const verdict = verdictAt(context, step)
    if (!verdicts.includes(verdict)) continue
    const ref = refAt(context, step)
    if (ref) return { ref, step, statement: rule.statements.find(({ kind }) => kind === verdict) }
  }
  return undefined
}
