/** Two rulesets compared, as one JSON document. */
import type { RulesetComparison } from '../analysis/rulesets.ts'
import { printableJson } from '../model/printable.ts'
import type { Tail } from './form.ts'

type Inputs = Tail['inputs']

export const rulesetsJson = (
  comparison: RulesetComparison,
  inputs: { a: Inputs; b: Inputs },
  warnings: Tail['warnings'],
): string => `${printableJson({ schema: 'nfwhy.rulesets/1', ...comparison, inputs, warnings })}\n`
