/** One JSON document (`nfwhy.explanation/1`), written as journeys come: one a line, so that it can be read by eye as well. */

import { printableJson } from '../model/printable.ts'
import type { ExplanationDocument } from './documents.ts'
import type { Form } from './form.ts'
import { exchangeDocument, journeyDocument } from './journey-document.ts'

const SCHEMA: ExplanationDocument['schema'] = 'nfwhy.explanation/1'

export const json: Form = {
  describe: 'one JSON document',
  ending: '.json',
  folds: false,
  open() {
    let first = true
    let exchanges = false
    const between = '\n],\n"exchanges":['
    const before = () => {
      const text = first ? '\n' : ',\n'
      first = false
      return text
    }
    return {
      begin: () => `{"schema":"${SCHEMA}",\n"journeys":[`,
      journey: ({ journey }) => before() + printableJson(journeyDocument(journey)),
      line: { before, behind: '' },
      exchange(exchange) {
        const begin = exchanges ? before() : `${between}\n`
        exchanges = true
        first = false
        return begin + printableJson(exchangeDocument(exchange))
      },
      end: ({ inputs, warnings, stats, joined }: Omit<ExplanationDocument, 'schema' | 'journeys' | 'exchanges'>) =>
        `${exchanges ? '' : between}\n],${joined ? `\n"joined":${printableJson(joined)},` : ''}\n"inputs":${printableJson(inputs)},\n"warnings":${printableJson(warnings)},\n"stats":${printableJson(stats)}}\n`,
    }
  },
}
