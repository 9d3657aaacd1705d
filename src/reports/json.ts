/** One JSON document (`nfwhy.explanation/1`), written as journeys come: one a line, so that it can be read by eye as well. */

import { printedJourney } from '../edits/fix.ts'
import { printableJson } from '../model/printable.ts'
import type { Form } from './form.ts'

export const json: Form = {
  describe: 'one JSON document',
  ending: '.json',
  folds: false,
  open() {
    let first = true
    const before = () => {
      const text = first ? '\n' : ',\n'
      first = false
      return text
    }
    return {
      begin: () => '{"schema":"nfwhy.explanation/1",\n"journeys":[',
      journey: ({ journey }) => before() + printableJson(printedJourney(journey)),
      line: { before, behind: '' },
      end: ({ inputs, warnings, stats, joined }) =>
        `\n],${joined ? `\n"joined":${printableJson(joined)},` : ''}\n"inputs":${printableJson(inputs)},\n"warnings":${printableJson(warnings)},\n"stats":${printableJson(stats)}}\n`,
    }
  },
}
