/** A comparison as one JSON document. */
import type { Comparison } from '../analysis/compare.ts'
import type { Ending } from '../analysis/ending.ts'
import { printableJson } from '../model/printable.ts'

export const comparisonJson = (comparison: Comparison, { inputs, warnings, stats }: Ending): string =>
  `${printableJson({ schema: 'nfwhy.comparison/1', ...comparison, inputs, warnings, stats })}\n`
