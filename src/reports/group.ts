/** Groups of packets that share a fate, and which of them a person wants to see first. */

import { printedJourney } from '../edits/fix.ts'
import type { Finding, Journey, Outcome, PrintedFix, Severity } from '../model/journey.ts'
import type { Group } from './form.ts'

/** One packet that is told by itself. */
export const single = <F>(journey: Journey<F>): Group<F> => ({
  journey,
  count: 1,
  same: { src: true, dst: true, sport: true, dport: true },
})

/** Is anything of this severity among them? */
export const has = (findings: readonly Finding<unknown>[], severity: Severity): boolean =>
  findings.some((one) => one.severity === severity)

const STOPPED: readonly Outcome[] = ['dropped', 'rejected', 'vanished']
const PASSED: readonly Outcome[] = ['delivered', 'forwarded', 'sent']

export const isStopped = (outcome: Outcome): boolean => STOPPED.includes(outcome)
export const isPassed = (outcome: Outcome): boolean => PASSED.includes(outcome)

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = <F>(groups: readonly Group<F>[]): Group<F>[] =>
  [...groups].sort((a, b) => badness(b.journey) - badness(a.journey) || b.count - a.count)

function badness({ outcome, findings }: Journey<unknown>): number {
  if (isStopped(outcome)) return 5
  if (has(findings, 'error')) return 4
  if (outcome === 'undetermined') return 3
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}

/** With what a person types for each fix. */
export const printedGroup = (group: Group): Group<PrintedFix> => ({ ...group, journey: printedJourney(group.journey) })
