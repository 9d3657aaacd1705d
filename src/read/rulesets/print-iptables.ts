/**
 * Tables → iptables-save text, as the tool prints it (iptables/iptables-save.c): what iptables-restore takes back.
 * Rules are printed from their IptablesSpec; one that was not understood whole, as it was written.
 */
import type { Counters } from '../../model/counters.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { ruleText } from '../../rules/iptables/rule.ts'

export interface PrintOptions {
  /** In front of every rule, as `iptables-save -c` prints them; unknown ones as 0. */
  counters?: boolean
}

/** The iptables tables of one family, without the tool's header. Tables that nft wrote are left out. */
export function printIptablesSave(tables: Iterable<Table>, options: PrintOptions = {}): string {
  const lines: string[] = []
  for (const table of tables) {
    if (table.kind !== 'iptables') continue
    const chains = [...table.chains.values()]
    lines.push(`*${table.name}`, ...chains.map(printChain))
    for (const { name, rules } of chains)
      for (const rule of rules)
        lines.push(`${options.counters ? `${counters(rule.counters)} ` : ''}${printRule(rule, name, table)}`)
    lines.push('COMMIT')
  }
  return lines.map((line) => `${line}\n`).join('')
}

function printChain({ name, policy, counters: counted }: Chain): string {
  return `:${name} ${policy?.toUpperCase() ?? '-'} ${counters(counted)}`
}

const counters = ({ packets, bytes }: Counters = { packets: 0, bytes: 0 }): string => `[${packets}:${bytes}]`

/** `-A CHAIN …`, without counters. */
function printRule(rule: Rule, chain: string, { family, name }: Pick<Table, 'family' | 'name'>): string {
  if (!rule.iptables || (family !== 'ip' && family !== 'ip6') || !isUnderstood(rule)) return rule.text
  return ruleText(chain, rule.iptables, family, name)
}

const isUnderstood = ({ conditions, statements }: Rule): boolean =>
  ![...conditions, ...statements].some((node) => node.kind === 'unknown' && node.reason === 'not understood')
