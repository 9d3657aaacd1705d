/** Rules and chains of iptables tables as the model has them, however they came. */
import { IPTABLES_HOOKS, IPTABLES_TABLES, iptablesPriority } from '../../model/hook.ts'
import type { Chain, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import type { IpFamily } from './extension.ts'
import { lowerSpec } from './lower.ts'
import { printSpec } from './print.ts'

/** The chains the kernel gives a table; undefined for a table that iptables does not have. */
export function builtInChains(table: string): readonly string[] | undefined {
  return Object.hasOwn(IPTABLES_TABLES, table) ? IPTABLES_TABLES[table] : undefined
}

/** A chain without rules; on its hook and without a policy yet, if it is built-in. */
export function emptyChain(name: string, table: string, backend?: Table['backend']): Chain {
  const chain: Chain = { name, rules: [] }
  const hook = builtInChains(table)?.includes(name) ? IPTABLES_HOOKS[name] : undefined
  if (hook === undefined) return chain
  const type = table === 'nat' ? 'nat' : table === 'mangle' && hook === 'output' ? 'route' : 'filter'
  return { ...chain, hook, priority: iptablesPriority(table, hook, backend), type }
}

/** As iptables-save prints it, without counters: `-A INPUT -p tcp -j DROP`. */
export const ruleText = (chain: string, spec: IptablesSpec, family: IpFamily, table?: string): string =>
  `-A ${quoteChain(chain)} ${printSpec(spec, family, table)}`.trimEnd()

/** Names with blanks come only from `-A "my chain"` and `-E`, which the tools take. */
const quoteChain = (name: string): string => (/\s/.test(name) ? `"${name}"` : name)

export function ruleOf(spec: IptablesSpec, text: string, ruleNumber: number, family: IpFamily, table: string): Rule {
  const { conditions, statements } = lowerSpec(spec, family, table)
  const comment = commentOf(spec)
  return { text, ruleNumber, conditions, statements, iptables: spec, ...(comment === undefined ? {} : { comment }) }
}

function commentOf(spec: IptablesSpec): string | undefined {
  const clause = spec.matches.find(({ name }) => name === 'comment')
  return (clause?.values as { comment?: { value: string } } | undefined)?.comment?.value
}
