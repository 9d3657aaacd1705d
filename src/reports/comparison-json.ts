/** A comparison as one JSON document. */
import type { Comparison } from '../analysis/compare.ts'
import { printableJson } from '../model/printable.ts'
import type { Tail } from './form.ts'

export const comparisonJson = (comparison: Comparison, { inputs, warnings, stats }: Tail): string =>
  `${printableJson({ schema: 'nfwhy.comparison/1', ...comparison, inputs, warnings, stats })}\n`
