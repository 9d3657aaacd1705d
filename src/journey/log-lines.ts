/**
 * LOG lines and the rules that wrote them: by the prefix, where several rules have it by what the packet passes, and in
 * a trace by the rule's own line, which stands right in front of what it logs.
 */
import { type Hook, IPTABLES_HOOKS } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import { evaluateRange } from '../rules/evaluate.ts'
import { fits } from './hooks.ts'
import { printedPrefix } from './log-rules.ts'
import type { Resolver } from './resolve.ts'
import type { Candidate, Resolved } from './resolved.ts'

/** Can the rule of this line have written that LOG line? */
export function logs(traced: Resolved, line: Resolved): boolean {
  if (traced.kind !== 'rule' || !traced.rule || !traced.inTable) return false
  return (
    printedPrefix(traced.rule, traced.inTable.kind, line.point.nflog === true)?.trim() ===
    (line.point.prefix ?? '').trim()
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

/** Of several rules with this prefix the only one that such a packet can meet; the line as it is where that is not one. */
export function onlyLogger(line: Resolved, packet: Packet, resolver: Resolver): Resolved {
  const possible = line.candidates.flatMap((one) => {
    const hooks = hooksOf(one, resolver).filter(
      (hook) => fits(hook, packet) && mayLog(one.rule, packet, hook, line, resolver),
    )
    return hooks.length > 0 ? [{ ...one, hooks }] : []
  })
  const [only] = possible
  if (!only || possible.length > 1) return line
  return {
    ...line,
    table: only.table.name,
    chain: only.chain.name,
    ruleNumber: only.rule.ruleNumber,
    rule: only.rule,
    inTable: only.table,
    inChain: only.chain,
    verdict: 'continue',
    hook: line.point.hook ?? (only.hooks.length === 1 ? only.hooks[0] : undefined),
  }
}

function hooksOf({ table, chain }: Candidate, resolver: Resolver): Hook[] {
  if (chain.hook) return [chain.hook]
  const reached = [...resolver.hooks(table, chain.name)]
  // a chain that nothing leads to, in this ruleset: it says nothing
  return reached.length > 0 ? reached : [...new Set(Object.values(IPTABLES_HOOKS))]
}

/** What nft asks behind a log statement does not matter to it. */
function mayLog(rule: Rule, packet: Packet, hook: Hook, line: Resolved, resolver: Resolver): boolean {
  const { conditions, statements, order } = rule
  const asked = order?.[statements.findIndex(({ kind }) => kind === 'log')] ?? conditions.length
  return evaluateRange(conditions, 0, asked, { packet, family: line.family, world: resolver.world, hook }) !== false
}
