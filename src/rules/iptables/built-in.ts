/** Chains of iptables tables as the kernel makes them. */
import { IPTABLES_HOOKS, IPTABLES_TABLES, iptablesPriority } from '../../model/hook.ts'
import type { Chain, Table } from '../../model/ruleset.ts'

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
