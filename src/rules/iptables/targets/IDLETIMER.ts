import { defineTarget, flag, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

/** `-j IDLETIMER`: starts a timer anew that tells when nothing came for so long; the packet goes on (libxt_IDLETIMER.c). */
export const IDLETIMER = defineTarget({
  name: 'IDLETIMER',
  options: {
    timeout: word((text) => readNumber(text, 0xffffffff, 1), String, { required: true }),
    label: cutName(27, { required: true }),
    alarm: flag(),
  },
  check({ label }) {
    if (label!.value === '') throw new WordError('--label is empty')
  },
  statements: ({ label }) => [{ kind: 'note', text: `the timer ${label!.value} restarts` }],
})
