/** A comparison as one JSON document. */
import type { Comparison } from '../analysis/compare.ts'
import { printedJourney } from '../edits/fix.ts'
import { printableJson } from '../model/printable.ts'
import type { Tail } from './form.ts'

export const comparisonJson = (
  { journeys: { a, b }, ...comparison }: Comparison,
  { inputs, warnings, stats }: Tail,
): string =>
  `${printableJson({ schema: 'nfwhy.comparison/1', journeys: { a: printedJourney(a), b: printedJourney(b) }, ...comparison, inputs, warnings, stats })}\n`
