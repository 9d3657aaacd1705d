/** What is not the same in two rulesets, a line for each change. */
import * as z from 'zod'
import type { RulesetComparison } from '../analysis/rulesets.ts'

export const CHANGE = z.object({
  change: z.enum(['added', 'removed', 'moved', 'set']),
  what: z.enum(['table', 'chain', 'policy', 'rule', 'element', 'set']),
  family: z.string().optional(),
  table: z.string().optional(),
  chain: z.string().optional(),
  set: z.string().optional(),
  rule: z.string().optional().describe('Its text: data of the machine.'),
  element: z.string().optional(),
  from: z.union([z.string(), z.number()]).optional().describe('A policy, or the number of the rule, as it was.'),
  to: z.union([z.string(), z.number()]).optional().describe('The same as it is then.'),
})
type Change = z.infer<typeof CHANGE>

export function tellChanges({ tables, chains, sets }: RulesetComparison): Change[] {
  const changes: Change[] = []
  for (const change of ['added', 'removed'] as const)
    for (const one of tables[change]) changes.push({ change, what: 'table', ...one })
  for (const { family, table, chain, change, policy, added, removed, moved } of chains) {
    const place = { family, table, chain }
    if (change) changes.push({ change, what: 'chain', ...place })
    if (policy) changes.push({ change: 'set', what: 'policy', ...place, ...policy })
    for (const { ruleNumber, rule } of removed)
      changes.push({ change: 'removed', what: 'rule', ...place, rule, from: ruleNumber })
    for (const { ruleNumber, rule } of added)
      changes.push({ change: 'added', what: 'rule', ...place, rule, to: ruleNumber })
    for (const one of moved) changes.push({ change: 'moved', what: 'rule', ...place, ...one })
  }
  for (const { name, family, table, change, added, removed } of sets) {
    const place = { ...(family === undefined ? {} : { family }), ...(table === undefined ? {} : { table }), set: name }
    if (change) changes.push({ change, what: 'set', ...place })
    for (const element of removed) changes.push({ change: 'removed', what: 'element', ...place, element })
    for (const element of added) changes.push({ change: 'added', what: 'element', ...place, element })
  }
  return changes
}
