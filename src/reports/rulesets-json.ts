/** Two rulesets compared, as one JSON document. */

import type { Ending } from '../analysis/ending.ts'
import type { RulesetComparison } from '../analysis/rulesets.ts'
import { printableJson } from '../model/printable.ts'

type Inputs = Ending['inputs']

export const rulesetsJson = (
  comparison: RulesetComparison,
  inputs: { a: Inputs; b: Inputs },
  warnings: Ending['warnings'],
): string => `${printableJson({ schema: 'nfwhy.rulesets/1', ...comparison, inputs, warnings })}\n`
