import { wordTable } from '../../../model/word-table.ts'
import { defineTarget, flag, type Option, printOptions, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutText } from '../values/text.ts'

const LEVELS: Readonly<Record<string, number>> = wordTable({
  emerg: 0,
  panic: 0,
  alert: 1,
  crit: 2,
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
})
const DEFAULT_LEVEL = 4

const level: Option<number> = word((text) => {
  const number = LEVELS[text] ?? readNumber(text)
  if (number > 7) throw new WordError(`${text} is not a syslog level`)
  return number
}, String)

const options = {
  // longer ones are cut off
  'log-prefix': cutText(29),
  'log-level': level,
  'log-tcp-sequence': flag(),
  'log-tcp-options': flag(),
  'log-ip-options': flag(),
  'log-uid': flag(),
  'log-macdecode': flag(),
}

/** `-j LOG`: a line in the kernel log; the packet goes on (libxt_LOG.c). */
export const LOG = defineTarget({
  name: 'LOG',
  options,
  print({ 'log-level': level, ...values }, context) {
    const shown = level && level.value !== DEFAULT_LEVEL ? { ...values, 'log-level': level } : values
    return printOptions(options, shown, context)
  },
  statements: ({ 'log-prefix': prefix }) => [{ kind: 'log', ...(prefix ? { prefix: prefix.value } : {}) }],
})
