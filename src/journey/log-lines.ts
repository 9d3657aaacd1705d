/** A LOG line in a trace: its rule's own line stands right in front of it. */
import { printedPrefix } from './log-rules.ts'
import type { Resolved } from './resolved.ts'

/** Can the rule of this line have written that LOG line? */
export function logs(traced: Resolved, line: Resolved): boolean {
  if (traced.kind !== 'rule' || !traced.rule || !traced.inTable) return false
  return (
    printedPrefix(traced.rule, traced.inTable.kind, line.point.nflog === true)?.trim() ===
    (line.point.prefix ?? '').trim()
  )
}
