/**
 * Lines that had to be between two steps, by the ruleset: the kernel, or who reads from it, dropped some, or somebody picked
 * lines out. What a journey with gaps does not show says nothing.
 */
import type { Journey } from '../model/journey.ts'
import type { StepContext } from './step-context.ts'

interface Seen {
  journey: Journey
  arrivals: readonly StepContext[]
  /** As Evidence's: absent where the capture has no trace ids. */
  lossless?: boolean
  lossy?: true
}

/** Some are missing, or may be: of what the journey does not show nothing is concluded. */
export const lacksLines = (seen: Seen): boolean => seen.lossy === true || gaps(seen).length > 0

/** Indexes of steps behind which lines are missing. */
export function gaps({ journey: { steps }, arrivals, lossless }: Seen): number[] {
  const found: number[] = []
  // a simulation loses nothing; what it leaves out, it says
  if (steps[0]?.known === 'simulated') return found
  for (let i = 0; i + 1 < steps.length; i++) {
    const [step, next] = [steps[i]!, steps[i + 1]!]
    if (step.kind === 'log' || next.kind === 'log' || arrivals[i]!.mismatch || arrivals[i + 1]!.mismatch) continue
    const sameTable = step.table === next.table && step.hook === next.hook
    // nft prints nothing for a chain in which no rule matched, and tells itself what it loses
    if (lossless !== undefined) {
      if ((!sameTable && ['jump', 'goto', 'continue'].includes(arrivals[i]!.ending)) || isUnled(arrivals[i + 1]!))
        found.push(i)
      continue
    }
    switch (arrivals[i]!.ending) {
      case 'jump':
      case 'goto':
        if (!sameTable || arrivals[i + 1]!.caller !== i) found.push(i)
        break
      case 'return':
        if (!sameTable && step.depth !== undefined && step.depth > 0) found.push(i)
        break
      case 'continue':
        if (!sameTable || next.chain !== step.chain || (next.ruleNumber ?? 0) <= (step.ruleNumber ?? 0)) found.push(i)
    }
  }
  return found
}

/** In a chain that no line leads to. */
const isUnled = ({ chain, caller }: StepContext): boolean =>
  chain !== undefined && chain.hook === undefined && caller === undefined
