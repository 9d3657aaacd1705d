/** LOG lines and the rules that wrote them: in a trace the rule's own line stands right in front of what it logs. */
import type { Resolved } from './resolve.ts'

/** Can the rule of this line have written that LOG line? */
export function logs(traced: Resolved, line: Resolved): boolean {
  if (traced.kind !== 'rule' || !traced.rule) return false
  const prefix = (line.point.prefix ?? '').trim()
  return traced.rule.statements.some(
    (statement) =>
      statement.kind === 'log' && statement.group === undefined && (statement.prefix ?? '').trim() === prefix,
  )
}

/** The LOG line at that rule; its prefix alone may be several rules'. */
export const loggedBy = (traced: Resolved, line: Resolved): Resolved => ({
  ...line,
  table: traced.table,
  chain: traced.chain,
  ruleNumber: traced.ruleNumber,
  rule: traced.rule,
  inTable: traced.inTable,
  inChain: traced.inChain,
  verdict: 'continue',
  hook: traced.hook,
})
