import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { goals } from '../counterfactual/goals.ts'
import type { TableTraversal } from '../counterfactual/skipped-rules.ts'
import { jumpTo, type Unreached, unreachedChains } from '../counterfactual/unreached.ts'
import { nameRef, refOf } from '../refs.ts'

/** A chain has the rule for it, and nothing jumps to that chain. */
export const neverReached: Detector = {
  code: 'never-reached',
  detect(context) {
    return goals(context).flatMap(({ pass, wanted, what, sure }) =>
      unreachedChains(context, pass, wanted)
        .filter(({ led, meant }) => sure || !led || meant)
        // what takes whatever comes was put where it is for others
        .filter(({ led, meant, takesAll }) => !led || meant || !takesAll)
        .slice(0, 2)
        .map((one) => tell(context, pass, one, what)),
    )
  },
}

function tell(context: Context, pass: TableTraversal, one: Unreached, what: string): Detected {
  const { chain, led, lead, then } = one
  const rule = then.matched.find((visit) => visit.chain === chain)!.rule
  const ref = refOf(context, pass.table.name, chain, rule)
  const leads = lead && refOf(context, pass.table.name, lead.chain, lead.rule)
  const how = leads
    ? `${nameRef(leads)} leads to ${chain.name} only for ${lead.asks}`
    : led
      ? `this packet was not led to ${chain.name}`
      : `nothing jumps to ${chain.name}`
  return finding('never-reached', 'warning', `${nameRef(ref)} would have ${what}, but ${how}.`, {
    rules: leads ? [leads, ref] : [ref],
    fix: jumpTo(context, ref, one),
    doubt: led ? 0.4 : 0.1,
  })
}
