import { isLocal } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Detector, finding } from '../context.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'
import { nameRef, refAt } from '../refs.ts'
import { askedFor } from '../reply/request-reply.ts'

/** A reply of this host's own, which a mark has led back to this host, as a transparent proxy has it for requests. */
export const ledBack: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, evidence, world } = context
    const { arrivals } = evidence
    const { dst } = journey.packet
    const first = arrivals[0]
    if (journey.outcome !== 'delivered' || first?.hook !== 'output' || first.packet.out === 'lo') return []
    // its first route did not lead to lo, so it is for another host
    if (arrivals.at(-1)!.packet.in !== 'lo' || isLocal(dst, world.host)) return []
    if (!askedFor(journey.packet, world)) return []
    const step = arrivals.findLastIndex(({ hook }, i) => {
      const mark = hook === 'output' ? markBehind(context, i) : undefined
      return mark !== undefined && mark !== (markBehind(context, i - 1) ?? 0)
    })
    if (step < 0) return []
    const mark = markBehind(context, step)
    const ref = refAt(context, step)
    if (!ref || mark === undefined) return []
    return [
      finding(
        'wrong-way-out',
        'error',
        `It is a reply to ${dst}, but never leaves this host: ${nameRef(ref)} sets mark ${hex(mark)}, and the mark routes it back to this host over lo.`,
        {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: propose(
            'do not mark such replies',
            acceptBefore(ref, arrivals[step]!.packet, { hook: 'output', answer: true }),
            'such packets then skip the rest of that table',
          ),
        },
      ),
    ]
  },
}
