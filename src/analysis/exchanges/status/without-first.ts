/** A datagram of which only later fragments were seen: without the first one nobody puts it together. */
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Part } from '../join/joined.ts'

/** A chain of a table netdev may have dropped it, or it was lost on the way here. */
export function withoutFirst(parts: readonly Part[]): Finding | undefined {
  if (!parts.every(({ told: { journey } }) => (journey.packet.fragOffset ?? 0) > 0)) return undefined
  return finding(
    'fragment-missing',
    'warning',
    'Only later fragments of this datagram were captured. Without the first fragment the receiver cannot reassemble it. The capture does not show what became of the first one: a chain before these may have dropped it.',
  )
}
