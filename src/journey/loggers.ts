/**
 * LOG lines and the rules that wrote them: by the prefix, where several rules have it by what the packet passes, and in
 * a trace by the rule's own line, which stands right in front of what it logs.
 */
import { type Hook, IPTABLES_HOOKS } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import { evaluateRange } from '../rules/evaluate.ts'
import type { ChainReach } from './chain-reach.ts'
import { fits } from './hooks.ts'
import { conditionsBefore, logIndex, verdictBehindLog } from './log-rules.ts'
import type { Candidate, Resolved } from './resolved.ts'

/** The LOG line at that rule; its prefix alone may be several rules'. */
export const loggedBy = (traced: Resolved, line: Resolved): Resolved => ({
  ...line,
  tableFamily: traced.tableFamily,
  table: traced.table,
  chain: traced.chain,
  ruleNumber: traced.ruleNumber,
  rule: traced.rule,
  inTable: traced.inTable,
  inChain: traced.inChain,
  verdict: traced.rule && verdictBehindLog(traced.rule, line.point.nflog === true),
  hook: traced.hook,
})

/** Of several rules with this prefix the only one that such a packet can meet; the line as it is where that is not one. */
export function onlyLogger(line: Resolved, packet: Packet, resolver: ChainReach): Resolved {
  const possible = possibleLoggers(line, packet, resolver)
  const [only] = possible
  if (!only || possible.length > 1) return line
  return {
    ...line,
    tableFamily: only.table.family,
    table: only.table.name,
    chain: only.chain.name,
    ruleNumber: only.rule.ruleNumber,
    rule: only.rule,
    inTable: only.table,
    inChain: only.chain,
    verdict: verdictBehindLog(only.rule, line.point.nflog === true),
    hook: line.point.hook ?? (only.hooks.length === 1 ? only.hooks[0] : undefined),
  }
}

/** Those of the rules with this prefix that such a packet can meet, and at which hooks. */
export const possibleLoggers = (
  line: Resolved,
  packet: Packet,
  resolver: ChainReach,
): (Candidate & { hooks: readonly Hook[] })[] =>
  line.candidates.flatMap((one) => {
    const hooks = hooksOf(one, resolver).filter(
      (hook) => fits(hook, packet) && mayLog(one.rule, packet, hook, line, resolver),
    )
    return hooks.length > 0 ? [{ ...one, hooks }] : []
  })

function hooksOf({ table, chain }: Candidate, resolver: ChainReach): Hook[] {
  if (chain.hook) return [chain.hook]
  const reached = [...resolver.hooks(table, chain.name)]
  // a chain that nothing leads to, in this ruleset: it says nothing
  return reached.length > 0 ? reached : [...new Set(Object.values(IPTABLES_HOOKS))]
}

/** Can the rule have logged it there? What nft asks behind a log statement does not matter to it. */
export function mayLog(
  rule: Rule,
  packet: Packet,
  hook: Hook | undefined,
  { family, point }: Resolved,
  { world }: ChainReach,
): boolean {
  const asked = conditionsBefore(rule, logIndex(rule, point.nflog === true))
  const moment = { packet, family, world, ...(hook === undefined ? {} : { hook }) }
  return evaluateRange(rule.conditions, 0, asked, moment) !== false
}
