/** Chains that only stop what comes, as fw4's handle_reject, which many rules share. */
import type { Condition } from '../model/condition.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import { verdictOf } from '../rules/verdict.ts'
import type { Context } from './context.ts'

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
