/** How nft writes a rule and its parts; the one place that asks the printer. */
import type { Statement } from './ast.ts'
import { printRule } from './print/rule.ts'

export { printStatement as statementText } from './print/statements.ts'

/** Without what its counters hold. */
export const ruleText = (statements: readonly Statement[], comment: string | undefined): string =>
  printRule({ expr: statements, comment }, { stateless: true })
