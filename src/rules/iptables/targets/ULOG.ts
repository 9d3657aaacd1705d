import { wordTable } from '../../../model/word-table.ts'
import { defineTarget, printOptions, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutText } from '../values/text.ts'

const options = {
  'ulog-prefix': cutText(31),
  'ulog-nlgroup': word((text) => readNumber(text, 32, 1), String),
  'ulog-cprange': word((text) => readNumber(text), String),
  'ulog-qthreshold': word((text) => readNumber(text, 50, 1), String),
}
const HIDDEN: Readonly<Record<string, number>> = wordTable({
  'ulog-nlgroup': 1,
  'ulog-cprange': 0,
  'ulog-qthreshold': 1,
})

/** `-j ULOG`: NFLOG's predecessor, a copy to programs; the packet goes on (libipt_ULOG.c; Linux 3.17 dropped it). */
export const ULOG = defineTarget({
  name: 'ULOG',
  family: 'ip',
  options,
  print(values, context) {
    const shown = Object.entries(values).filter(([name, { value }]) => HIDDEN[name] !== value)
    return printOptions(options, Object.fromEntries(shown), context)
  },
  statements: () => [{ kind: 'note', text: 'a copy goes to userspace (ULOG)' }],
})
