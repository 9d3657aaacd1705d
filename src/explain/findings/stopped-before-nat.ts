/** Stopped in front of nat, which would have sent it elsewhere: what a rule says of the old destination was said too early. */
import { deleteRule, propose } from '../changes/change.ts'
import { type Detector, finding } from '../context.ts'
import { tooEarly } from '../counterfactual/before-nat.ts'
import { nameBeside, nameRef } from '../refs.ts'
import { numberedRef } from './verdicts.ts'

export const stoppedBeforeNat: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    const found = tooEarly(context)
    if (!found) return []
    const { culprit, rewriting, leads, behind } = found
    const own = leads
      ? ` ${behind} leads to ${culprit.chain} after nat, and ${nameBeside(leads, culprit)} does before it.`
      : ' If that rule is for packets that nat does not rewrite, it must stand after nat.'
    const message = `${nameRef(culprit)} stopped the packet before nat: ${nameBeside(rewriting, culprit)} would have rewritten its destination.${own}`
    return [
      finding('dnat-skipped', leads ? 'warning' : 'note', message, {
        steps: [context.ended.step + 1],
        rules: [culprit, ...(leads ? [leads] : []), rewriting],
        fix: leads ? propose(`delete ${numberedRef(leads)}`, deleteRule(leads), AFTER_NAT) : [],
      }),
    ]
  },
}

const AFTER_NAT = 'packets that nat does not rewrite still come to that chain, after nat'
