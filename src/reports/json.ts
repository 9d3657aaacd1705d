/** One JSON document (`nfwhy.explanation/1`), written as journeys come: one a line, so that it can be read by eye as well. */

import { printableJson } from '../model/printable.ts'
import type { ExplanationDocument } from './documents.ts'
import type { Form } from './form.ts'
import { printedJourney } from './printed-journey.ts'

const SCHEMA: ExplanationDocument['schema'] = 'nfwhy.explanation/1'

export const json: Form = {
  describe: 'one JSON document',
  ending: '.json',
  folds: false,
  open() {
    let first = true
    return {
      begin: () => `{"schema":"${SCHEMA}",\n"journeys":[`,
      journey({ journey }) {
        const before = first ? '\n' : ',\n'
        first = false
        return before + printableJson(printedJourney(journey))
      },
      end({ inputs, warnings, stats, joined }) {
        const fields: Omit<ExplanationDocument, 'schema' | 'journeys'> = {
          ...(joined ? { joined } : {}),
          ...{ inputs, warnings, stats },
        }
        return `\n],${fieldLines(fields)}}\n`
      },
    }
  },
}

/** A line each. */
export const fieldLines = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => `\n${printableJson(name)}:${printableJson(value)}`)
    .join(',')
