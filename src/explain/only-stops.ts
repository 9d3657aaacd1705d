/** Chains that only stop what comes, as fw4's handle_reject, which many rules share. */
import { wayTo } from '../journey/step-context.ts'
import type { Condition } from '../model/condition.ts'
import type { RuleRef } from '../model/journey.ts'
import { memo } from '../model/memo.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import { verdictOf } from '../rules/verdict.ts'
import type { Context } from './context.ts'
import { refAt } from './refs.ts'

/** The rule that ended it takes all of a protocol, in such a chain: why the packet came there is why it was stopped. */
export function stopsWhoeverComes(context: Context): boolean {
  const { step } = context.ended
  const { rule } = context.evidence.arrivals[step]!
  return rule?.conditions.every(isOfProtocol) === true && onlyStops(context, step)
}

const isOfProtocol = (condition: Condition): boolean =>
  condition.kind === 'compare' && /^meta (?:l4|nf)proto$/.test(condition.field)

/** The step's chain is no hook's, and whatever its rules choose is dropped or rejected. */
export function onlyStops({ evidence }: Context, step: number): boolean {
  const { chain, table } = evidence.arrivals[step]!
  return chain !== undefined && table !== undefined && stopsAll(chain, table, new Set())
}

/**
 * The last rule of a chain, by which what no earlier one took comes to a chain that only stops: that chain's rules were
 * asked for the packet, and are to be asked for its like.
 */
export const sentAsRest = memo((context: Context): { step: number; ref: RuleRef } | undefined => {
  const { arrivals } = context.evidence
  if (!stopsWhoeverComes(context)) return undefined
  const step = [...wayTo(arrivals, arrivals[context.ended.step]!.caller)].find((one) => !onlyStops(context, one))
  const { rule, chain } = (step === undefined ? undefined : arrivals[step]) ?? {}
  if (step === undefined || !rule || !chain || rule.conditions.length > 0 || rule.comment !== undefined)
    return undefined
  const ref = rule.ruleNumber > 1 ? refAt(context, step) : undefined
  return ref && { step, ref }
})

function stopsAll(chain: Chain, table: Table, seen: Set<Chain>): boolean {
  if (chain.hook !== undefined || chain.rules.length === 0 || seen.has(chain)) return false
  seen.add(chain)
  return chain.rules.every((rule) => {
    const verdict = verdictOf(rule)
    const next = table.chains.get(verdict.chain ?? '')
    if (next) return stopsAll(next, table, seen)
    return /^(?:drop|reject|continue)$/.test(verdict.ending)
  })
}
