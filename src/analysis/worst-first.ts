/** Groups with the worst outcome first. */
import type { Journey } from '../model/journey.ts'
import { has, isPassed, isStopped } from '../model/outcome-kinds.ts'
import type { Group } from './groups.ts'

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = (groups: readonly Group[]): Group[] =>
  [...groups].sort((a, b) => badness(b.journey) - badness(a.journey) || b.count - a.count)

function badness({ outcome, findings }: Journey): number {
  if (isStopped(outcome)) return 5
  if (has(findings, 'error')) return 4
  if (outcome === 'undetermined') return 3
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}
