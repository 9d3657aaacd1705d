/** JSON lines: a journey each, as soon as it is complete, then what they come to, and a summary last. */

import { printableJson } from '../model/printable.ts'
import type { ExplanationLine } from './documents.ts'
import type { Form } from './form.ts'
import { exchangeDocument, journeyDocument } from './journey-document.ts'

export const ndjson: Form = {
  describe: 'one JSON document per line',
  ending: '.ndjson',
  folds: false,
  open: () => ({
    begin: () => '',
    journey: ({ journey }) => `${printableJson(journeyDocument(journey) satisfies ExplanationLine)}\n`,
    exchange: (exchange) => `${printableJson({ exchange: exchangeDocument(exchange) } satisfies ExplanationLine)}\n`,
    line: { before: () => '', behind: '\n' },
    end: ({ inputs, warnings, stats, joined }) =>
      `${printableJson({ summary: { inputs, warnings, stats, ...(joined ? { joined } : {}) } } satisfies ExplanationLine)}\n`,
  }),
}
