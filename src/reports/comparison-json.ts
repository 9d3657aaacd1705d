/** A comparison as one JSON document. */
import type { Comparison } from '../analysis/compare.ts'
import type { Ending } from '../analysis/ending.ts'
import { printedJourney } from '../edits/fix.ts'
import { printableJson } from '../model/printable.ts'

export const comparisonJson = (
  { journeys: { a, b }, ...comparison }: Comparison,
  { inputs, warnings, stats }: Ending,
): string =>
  `${printableJson({ schema: 'nfwhy.comparison/1', journeys: { a: printedJourney(a), b: printedJourney(b) }, ...comparison, inputs, warnings, stats })}\n`
