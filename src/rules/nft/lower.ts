/** An nft rule → conditions and statements: from here on nobody needs to know that nft wrote it. */
import type { Condition } from '../../model/condition.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'
import type { Statement as NftStatement } from './ast.ts'
import { Lowering } from './lower/context.ts'
import { hasEffect } from './lower/effect.ts'
import { doubtMerged } from './lower/merged.ts'
import { lowerStatement } from './lower/statements.ts'

export interface LoweredRule {
  conditions: Condition[]
  statements: Statement[]
  /** As in Rule. */
  order?: number[]
}

/** `statements`: in normal form (normal.ts). */
export function lowerRule(statements: readonly NftStatement[], family: RuleFamily, table: string): LoweredRule {
  const lowering = new Lowering(family, table)
  for (const statement of statements) lowerStatement(statement, lowering)
  const { statements: lowered, order } = lowering
  const conditions = doubtMerged(lowering.conditions)
  const early = order.some((before, i) => before < conditions.length && hasEffect(lowered[i]!))
  return { conditions, statements: lowered, ...(early ? { order } : {}) }
}
