/** By which interface a packet left: as its last step shows it, or as the kernel chose behind that. */
import type { Change, Step } from './journey.ts'

/** Where the routes do not tell which. */
const NOWHERE_KNOWN = '?'

/** What the last step shows, and by which it left. */
export const leftByAnother = (from: string, to: string | undefined): Change => ({
  field: 'out',
  from,
  to: to ?? NOWHERE_KNOWN,
})

/** Undefined: not known, or it did not leave. */
export function leftBy(steps: readonly Step[]): string | undefined {
  const another = steps.at(-1)?.changes.find(({ field }) => field === 'out')?.to
  if (another !== undefined) return another === NOWHERE_KNOWN ? undefined : String(another)
  return steps.findLast(({ out }) => out !== undefined)?.out
}
