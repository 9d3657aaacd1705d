import { acceptBefore, propose } from '../changes/change.ts'
import { SKIPS_NAT } from '../changes/proposal.ts'
import { type Detector, finding } from '../context.ts'
import { packetRouted } from '../counterfactual/marked-way.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { isSentNowhere, isSentToItself, ownSourceWords } from '../counterfactual/undeliverable.ts'
import { nameRef } from '../refs.ts'

/** nat has sent it back to its sender. */
export const sentToItself: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    if (isSentNowhere(context)) return []
    const packet = packetRouted(context)
    const circle = isSentToItself(context) ? destinationRule(context) : undefined
    if (!circle) return []
    const { ref, step } = circle
    const { packet: asked, hook } = context.evidence.arrivals[step]!
    return [
      finding(
        'wrong-way-out',
        'warning',
        `${nameRef(ref)} sends it back to ${packet.dst}, which sent it: ${ownSourceWords(packet.dst)}.`,
        {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: propose(
            'do not rewrite such packets',
            acceptBefore(ref, asked, hook === undefined ? {} : { hook }),
            SKIPS_NAT,
          ),
        },
      ),
    ]
  },
}
