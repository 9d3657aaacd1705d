/** What can be read, in words. */
import { FORMATS, type Recognised } from '../../read/recognise.ts'

export const knownFormats = () => `Formats: ${FORMATS.map(({ format }) => format.id).join(', ')}.`

const describe = (kind: Recognised['kind']) =>
  FORMATS.flatMap(({ kind: one, format }) => (one === kind ? [format.describe] : [])).join('; ')

/** For those who gave none. */
export const captureWords = () => `A capture is a ${describe('capture')}.`

export const whatIsRead = () =>
  [
    captureWords(),
    `A ruleset is the output of ${describe('ruleset')}.`,
    `--as FORMAT:FILE reads FILE as what it does not look like. ${knownFormats()}`,
  ].join('\n')
