/** Whether a rule for destinations spared the packet a new source: what other such rules spare is to keep its own. */
import type { Context } from '../context.ts'
import { isNegated, namesDestination } from '../counterfactual/failed-condition.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'

export const isSparedByDestination = (context: Context): boolean =>
  passes(context).some(
    (pass) =>
      isNat(pass) &&
      pass.hook === 'postrouting' &&
      pass.steps.some((i) => {
        const { rule, ending } = context.evidence.arrivals[i]!
        const isSparing = ending === 'return' || ending === 'accept'
        return isSparing && rule?.conditions.some((one) => namesDestination(one) && !isNegated(one)) === true
      }),
  )
