import type { RuleRef } from '../../model/journey.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isUnknown } from '../../rules/truth.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { isParticular } from '../counterfactual/failed-condition.ts'
import { goals, rewrites } from '../counterfactual/goals.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { hadItNotMatched, hadItReturned } from '../counterfactual/what-if.ts'
import { isNft, nameRef, refAt, refOf } from '../refs.ts'
import { withoutRule } from './verdicts.ts'

/** A rule ended the nat table, or left a chain of it, in front of the DNAT rule that is meant for such packets. */
export const dnatSkipped: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    return goals(context)
      .filter(({ kind }) => kind === 'destination')
      .flatMap(({ pass, sure }) => pass.steps.flatMap((i) => tell(context, i, sure)))
  },
}

/** An earlier DNAT rule took it elsewhere. */
export const dnatShadowed: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    const { arrivals } = context.evidence
    const i = arrivals.findIndex(
      ({ rule, ending }) => ending === 'accept' && rule && DESTINATION.includes(verdictOf(rule).text),
    )
    const { outcome } = context.journey
    const end = context.ended.step
    // what comes of it behind the last chain that there is, is known all the same
    if (i < 0 || end < i || (end === i && outcome === 'undetermined') || isByChance(context, i)) return []
    return tell(context, i, outcome === 'dropped' || outcome === 'rejected')
  },
}

function tell(context: Context, i: number, sure: boolean): Detected[] {
  const { rule, ending, table } = context.evidence.arrivals[i]!
  if (!rule || !table || (ending !== 'accept' && ending !== 'return')) return []
  const isRewriting = DESTINATION.includes(verdictOf(rule).text)
  // what comes next in its own chain it is an exception from; what another chain has it was not to keep from the packet
  const returned = isRewriting ? undefined : hadItReturned(context, i)
  const isLeft = returned !== undefined && rewrites(DESTINATION)(returned)
  const onwards = isLeft ? returned : hadItNotMatched(context, i)
  const [culprit, missed] = [refAt(context, i), onwards?.last]
  if (!onwards || !culprit || !missed || !rewrites(DESTINATION)(onwards)) return []
  const ref = refOf(context, table.name, missed.chain, missed.rule)
  const instead = isRewriting ? 'rewrote its destination first' : `ended the ${natOf(culprit)}`
  const returning = isLeft
    ? propose(`let it leave ${culprit.chain} alone, by a return`, changesOf(culprit).returnInstead(culprit))
    : []
  const did = ending === 'return' ? `sent it back out of ${culprit.chain}` : instead
  return [
    finding(
      'dnat-skipped',
      // an exception from what is for all is mostly meant so
      sure && onwards.matched.some((visit) => visit.rule.conditions.some(isParticular)) ? 'warning' : 'note',
      `${nameRef(culprit)} ${did} (${describeConditions(rule.conditions) || 'for every packet'}), and ${nameRef(ref)} (${verdictOf(missed.rule).text}), which matches it, was never reached.`,
      { steps: [i + 1], rules: [culprit, ref], fix: [...returning, ...withoutRule(context, i, culprit)] },
    ),
  ]
}

/** nft has nat in chains of any table. */
export const natOf = (ref: RuleRef): string => (isNft(ref) ? 'nat chain' : 'nat table')

/** Was step `i` come to by a condition that nobody can know, as kube-proxy takes one of several? */
function isByChance(context: Context, i: number): boolean {
  const { arrivals } = context.evidence
  for (let at: number | undefined = i; at !== undefined; at = arrivals[at]!.caller) {
    const moment = momentAt(context, at)
    if (arrivals[at]!.rule?.conditions.some((one) => isUnknown(evaluate(one, moment)))) return true
  }
  return false
}
