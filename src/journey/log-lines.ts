/**
 * LOG lines and the rules that wrote them: by the prefix, where several rules have it by what the packet passes, and in
 * a trace by the rule's own line, which stands right in front of what it logs.
 */
import { type Hook, IPTABLES_HOOKS } from '../model/hook.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { Chain, Rule, RuleFamily, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { evaluateRange } from '../rules/evaluate.ts'
import { fits } from './hooks.ts'
import type { Resolved, Resolver } from './resolve.ts'

/** A rule that may have written a LOG line. */
export interface Candidate {
  table: Table
  chain: Chain
  rule: Rule
}

/** Which tables a packet passes: bridged and netdev frames are printed as the IP packets they carry. */
const TABLES: Readonly<Record<Family, readonly RuleFamily[]>> = {
  ip: ['ip', 'inet', 'bridge', 'netdev'],
  ip6: ['ip6', 'inet', 'bridge', 'netdev'],
  arp: ['arp', 'bridge', 'netdev'],
  bridge: ['bridge', 'netdev'],
  netdev: ['netdev'],
}

/** What xt_LOG keeps of a prefix, as ebt_log does, and what nft does; in bytes. */
const LONGEST = { iptables: 29, ebtables: 29, arptables: 29, nft: 127 } as const
/** The same of xt_NFLOG and ebt_nflog. */
const LONGEST_NFLOG = { iptables: 63, ebtables: 63, arptables: 63, nft: 127 } as const

/**
 * The rule's prefix as the kernel prints it; undefined where it logs nothing there. What a rule logs to a group (`nflog`)
 * never comes to the kernel log, nor the other way round.
 */
export function printedPrefix(rule: Rule, kind: Table['kind'], nflog: boolean): string | undefined {
  for (const statement of rule.statements)
    if (statement.kind === 'log' && (statement.group !== undefined) === nflog) {
      const bytes = new TextEncoder().encode(statement.prefix ?? '')
      return new TextDecoder().decode(bytes.subarray(0, (nflog ? LONGEST_NFLOG : LONGEST)[kind]))
    }
  return undefined
}

/** All rules that log, by their prefixes without the blanks around them, which logs may have lost. */
export class LogRules {
  private readonly byPrefix = new Map<string, (Candidate & { printed: string })[]>()

  constructor(world: World) {
    for (const table of world.tables)
      for (const chain of table.chains.values())
        for (const rule of chain.rules) {
          for (const nflog of [false, true]) {
            const printed = printedPrefix(rule, table.kind, nflog)
            if (printed === undefined) continue
            const others = this.byPrefix.get(keyOf(printed, nflog))
            if (others) others.push({ table, chain, rule, printed })
            else this.byPrefix.set(keyOf(printed, nflog), [{ table, chain, rule, printed }])
          }
        }
  }

  /** Those that print this prefix to the blank, or, where there are none, but for the blanks. */
  candidates(prefix: string, family: Family, nflog: boolean): readonly Candidate[] {
    const found = (this.byPrefix.get(keyOf(prefix, nflog)) ?? []).filter(({ table }) =>
      TABLES[family].includes(table.family),
    )
    const exact = found.filter(({ printed }) => printed === prefix)
    return exact.length > 0 ? exact : found
  }
}

const keyOf = (prefix: string, nflog: boolean): string => `${nflog ? 'nflog' : 'log'} ${prefix.trim()}`

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
