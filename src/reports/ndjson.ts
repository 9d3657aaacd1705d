/** JSON lines: a journey each, as soon as it is complete, and a summary last. */

import { printedJourney } from '../edits/fix.ts'
import { printableJson } from '../model/printable.ts'
import type { Form } from './form.ts'

export const ndjson: Form = {
  describe: 'one JSON document a line',
  ending: '.ndjson',
  folds: false,
  open: () => ({
    begin: () => '',
    journey: ({ journey }) => `${printableJson(printedJourney(journey))}\n`,
    line: { before: () => '', behind: '\n' },
    end: ({ inputs, warnings, stats, joined }) =>
      `${printableJson({ summary: { inputs, warnings, stats, ...(joined ? { joined } : {}) } })}\n`,
  }),
}
