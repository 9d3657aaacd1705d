/** Where rules stand in the files that were read. */
import { findRule } from '../../model/find-rule.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { fileOf } from '../../read/world.ts'

export interface Place {
  /** Name of the input. */
  file: string
  /** From 1. */
  line?: number
}

/** Undefined where no file has it: a rule that a trace alone tells of. */
export function placeOf(ref: RuleRef, { tables }: World): Place | undefined {
  for (const table of tables) {
    const rule = isTable(table, ref) ? ruleIn(table, ref) : undefined
    const file = fileOf(table)
    if (rule === undefined || file === undefined) continue
    return { file, ...(rule?.line === undefined ? {} : { line: rule.line }) }
  }
  return undefined
}

const isTable = ({ family, name }: Table, ref: RuleRef): boolean => family === ref.family && name === ref.table

/** `null`: a policy, or a chain as such, which have no line. */
function ruleIn({ chains }: Table, { chain, ruleNumber, handle, rule }: RuleRef): Rule | null | undefined {
  const rules = chains.get(chain)?.rules
  if (!rules) return undefined
  if (ruleNumber === undefined && handle === undefined) return null
  const found = findRule(rules, { handle, ruleNumber })
  if (found) return rule === undefined || rule === found.text || rule === found.nftText ? found : undefined
  return handle === undefined && ruleNumber === rules.length + 1 ? null : undefined
}
