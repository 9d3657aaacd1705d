/** A journey without the steps at rules that a trace session put there itself: nobody asks about those. */
import type { Evidence } from '../journey/evidence.ts'
import type { Journey } from '../model/journey.ts'

/** Changes the evidence's journey, whose steps are no longer one for each arrival then. */
export function stripOwnSteps({ journey, arrivals }: Evidence): void {
  if (!arrivals.some(({ rule }) => rule?.own)) return
  /** By the old number. */
  const numbers = new Map<number, number>()
  const left: Journey['steps'] = []
  journey.steps.forEach((step, i) => {
    if (arrivals[i]?.rule?.own) return
    numbers.set(step.n, left.length + 1)
    left.push({ ...step, n: left.length + 1 })
  })
  // where nothing else was seen, they are all that tells of the packet
  if (left.length === 0) return
  journey.steps = left
  const moved = (step: number) => numbers.get(step) ?? 1
  for (const finding of journey.findings) finding.steps = finding.steps.flatMap((step) => numbers.get(step) ?? [])
  journey.cause = journey.cause.map((one) => ({ ...one, step: moved(one.step) }))
  if (journey.culprit) journey.culprit = { ...journey.culprit, step: moved(journey.culprit.step) }
}
