/** How nft writes a rule and its parts; the one place that asks the printer. */
import type { Statement } from './ast.ts'

export const statementText = (statement: Statement): string => JSON.stringify(statement)

export function ruleText(statements: readonly Statement[], comment: string | undefined): string {
  const words = statements.map(statementText)
  return [...words, ...(comment === undefined ? [] : [`comment ${JSON.stringify(comment)}`])].join(' ')
}
