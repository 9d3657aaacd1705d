/** A comparison as one JSON document. */
import type { Comparison } from '../explain/compare.ts'
import type { Tail } from './form.ts'
import { printableJson } from './printable.ts'

export const comparisonJson = (comparison: Comparison, { inputs, warnings, stats }: Tail): string =>
  `${printableJson({ schema: 'nfwhy.comparison/1', ...comparison, inputs, warnings, stats })}\n`
