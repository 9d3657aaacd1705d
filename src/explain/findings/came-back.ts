import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { goals } from '../goals.ts'
import { isParticular } from '../miss.ts'
import type { Pass } from '../passed.ts'
import { nameRef, refAt } from '../refs.ts'

/** A rule of nat chose it for its destination and sent it to a chain, from where it came back as it was. */
export const cameBack: Detector = {
  code: 'came-back',
  detect: (context) =>
    goals(context)
      .filter(({ kind }) => kind === 'destination')
      .flatMap(({ pass }) => tell(context, pass))
      .slice(0, 1),
}

function tell(context: Context, { steps }: Pass): Detected[] {
  const { arrivals } = context.evidence
  // the last one chose it best
  const jump = steps.findLast((i) => {
    const { ending, rule } = arrivals[i]!
    return ending === 'jump' && rule !== undefined && rule.conditions.filter(isParticular).length > 1
  })
  const ref = jump === undefined ? undefined : refAt(context, jump)
  if (jump === undefined || !ref) return []
  const ends = steps.filter(
    (i) => i > jump && context.journey.steps[i]!.kind === 'return' && leadsFrom(context, i, jump),
  )
  const refs = ends.flatMap((i) => refAt(context, i) ?? [])
  const [deepest] = refs
  if (!deepest) return []
  const why = describeConditions(arrivals[jump]!.rule!.conditions)
  return [
    finding(
      'came-back',
      'warning',
      `${nameRef(ref)} chose it (${why}), but it came back from ${deepest.chain} as it was: no rule there rewrote its destination.`,
      { steps: [jump + 1, ...ends.map((i) => i + 1)], rules: [...refs, ref], doubt: 0.3 },
    ),
  ]
}

/** Was the chain of step `i` entered by step `jump`, over any number of jumps? */
function leadsFrom({ evidence: { arrivals } }: Context, i: number, jump: number): boolean {
  for (let at = arrivals[i]!.caller; at !== undefined; at = arrivals[at]!.caller) if (at === jump) return true
  return false
}
