import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** Rules that read alike and may each match or not: the trace's words do not tell which of them it was. */
export const ambiguousRule: Detector = {
  code: 'ambiguous-rule',
  detect(context) {
    const steps = context.evidence.arrivals.flatMap(({ alike }, i) => (alike === undefined ? [] : [i + 1]))
    const ref = steps[0] === undefined ? undefined : refAt(context, steps[0] - 1)
    if (!ref) return []
    const { alike } = context.evidence.arrivals[steps[0]! - 1]!
    return [
      finding(
        'ambiguous-rule',
        'note',
        `${alike} rules of ${nameRef(ref).replace(/ rule$/, '')} have the same text. Only handles tell which one matched (nft -a monitor trace).`,
        { steps },
      ),
    ]
  },
}
