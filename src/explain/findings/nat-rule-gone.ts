import { changesOf, propose } from '../changes/change.ts'
import { type Detector, finding, momentAt } from '../context.ts'
import { destinationIn } from '../counterfactual/goals.ts'
import { isOfPair, nearMisses } from '../counterfactual/near-misses.ts'
import { pairedHost } from '../counterfactual/paired-host.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'
import { needsDestination } from '../counterfactual/undeliverable.ts'
import { nameRef, refOf } from '../refs.ts'

/** Of a one-to-one NAT one half is there, and no rule sends what is for its address to the host. */
export const natRuleGone: Detector = {
  code: 'missing-rule',
  detect(context) {
    if (needsDestination(context) !== 'surely') return []
    const pass = passes(context).find((one) => isNat(one) && (one.hook === 'prerouting' || one.hook === 'output'))
    const step = pass?.steps[0]
    if (!pass || step === undefined) return []
    const { dst } = momentAt(context, step).packet
    const pair = pairedHost(context.world, dst)
    // it is there, and asks for another address
    const isNear = nearMisses(context, destinationIn(pass, true)).some((one) => isOfPair(context, one, one.miss))
    if (!pair || dst === undefined || pair.table !== pass.table || isNear) return []
    const other = refOf(context, pair.table.name, pair.chain, pair.rule)
    const { name: chain } = pass.base
    const message = `${nameRef(other)} pairs ${dst} with ${pair.host}, and no rule of ${chain} rewrote the destination.`
    const to = { address: pair.host, port: undefined }
    const change = changesOf(other).add(
      { ...other, chain },
      { chain },
      { kind: 'destination', packet: { dst } },
      { kind: 'dnat', to },
    )
    return [
      finding('missing-rule', 'warning', message, {
        steps: [step + 1],
        rules: [other],
        fix: propose(`send what is for ${dst} to ${pair.host}`, change, 'sends all services of this address there'),
        doubt: 0.1,
      }),
    ]
  },
}
