/** A comparison as one JSON document. */
import type { Comparison } from '../analysis/compare.ts'
import type { Ending } from '../analysis/ending.ts'
import { printableJson } from '../model/printable.ts'
import type { ComparisonDocument } from './documents.ts'
import { journeyDocument } from './journey-document.ts'

export function comparisonJson({ journeys, ...comparison }: Comparison, { inputs, warnings, stats }: Ending): string {
  const document: ComparisonDocument = {
    schema: 'nfwhy.comparison/1',
    journeys: { a: journeyDocument(journeys.a), b: journeyDocument(journeys.b) },
    ...comparison,
    inputs,
    warnings,
    stats,
  }
  return `${printableJson(document)}\n`
}
