/** JSON lines: a journey each, as soon as it is complete, and a summary last. */

import { printableJson } from '../model/printable.ts'
import type { ExplanationLine } from './documents.ts'
import type { Form } from './form.ts'
import { printedJourney } from './printed-journey.ts'

const line = (data: ExplanationLine): string => `${printableJson(data)}\n`

export const ndjson: Form = {
  describe: 'one JSON document a line',
  ending: '.ndjson',
  folds: false,
  open: () => ({
    begin: () => '',
    journey: ({ journey }) => line(printedJourney(journey)),
    end: ({ inputs, warnings, stats, joined }) =>
      line({ summary: { inputs, warnings, stats, ...(joined ? { joined } : {}) } }),
  }),
}
