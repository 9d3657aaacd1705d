/**
 * Sets that say for whom rules are, such as the pods that a policy has chosen: some rule lets the same members have this or
 * that, and the one behind it drops the rest. Such a drop is against nobody in particular, and the set bans nobody.
 */
import type { Condition } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { isListed, isParticular } from './failed-condition.ts'

type Lookup = Condition & { kind: 'lookup' }

/** `rule`: what drops the packet, or rejects it. */
export function choosesSubjects(condition: Condition, rule: Rule, table: Table | undefined): boolean {
  const lookup = condition.kind === 'lookup' && !condition.differs ? condition : undefined
  if (!lookup || isListed({ condition }) || !table) return false
  return (granting(table).get(keyOf(lookup)) ?? []).some((one) => one !== rule)
}

/** Rules that give something certain to the members of a set, by the set and how it is asked. */
const granting = memo((table: Table): ReadonlyMap<string, Rule[]> => {
  const found = new Map<string, Rule[]>()
  for (const { rules } of table.chains.values())
    for (const rule of rules) {
      if (!grants(rule)) continue
      for (const condition of rule.conditions) {
        if (condition.kind !== 'lookup' || condition.differs) continue
        // who lets all members have everything has no rest to drop
        if (!rule.conditions.some((one) => one !== condition && isParticular(one))) continue
        found.set(keyOf(condition), [...(found.get(keyOf(condition)) ?? []), rule])
      }
    }
  return found
})

function grants(rule: Rule): boolean {
  const { ending } = verdictOf(rule)
  if (ending === 'accept' || ending === 'return') return true
  return ending === 'continue' && rule.statements.some(({ kind }) => kind === 'set')
}

const keyOf = ({ set, fields }: Lookup): string => `${set} ${fields.join()}`
