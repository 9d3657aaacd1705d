/** Two rulesets compared, as one JSON document. */
import type { RulesetComparison } from '../analysis/rulesets.ts'
import { printableJson } from '../model/printable.ts'
import type { RulesetsDocument } from './documents.ts'

export function rulesetsJson(
  comparison: RulesetComparison,
  inputs: RulesetsDocument['inputs'],
  warnings: RulesetsDocument['warnings'],
): string {
  const document: RulesetsDocument = { schema: 'nfwhy.rulesets/1', ...comparison, inputs, warnings }
  return `${printableJson(document)}\n`
}
