/** Which hooks lead to which chains of a table, over any number of jumps. */
import type { Hook } from '../model/hook.ts'
import type { NamedSet, Table } from '../model/ruleset.ts'
import { chainsOf } from '../rules/nft/map.ts'

/** `sets`: where verdict maps are looked for. */
export function hooksOfChains(table: Table, sets: readonly NamedSet[]): Map<string, Set<Hook>> {
  const reach = new Map<string, Set<Hook>>()
  for (const base of table.chains.values()) {
    if (!base.hook) continue
    const open = [base.name]
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const hooks = reach.get(name) ?? new Set()
      if (hooks.has(base.hook)) continue
      reach.set(name, hooks.add(base.hook))
      for (const rule of table.chains.get(name)?.rules ?? [])
        for (const chain of chainsOf(rule.statements, sets)) open.push(chain)
    }
  }
  return reach
}
