import { CONNECTIONS_OPEN } from '../../by-turns.ts'
import { atLeastOne, atMostOne, defineMatch, flag, type RuleContext, type Values, word } from '../extension.ts'
import { leadingOnes, readMask } from '../values/addresses.ts'
import { u32 } from '../values/numbers.ts'

const options = {
  'connlimit-upto': u32({ invert: true }),
  'connlimit-above': u32({ invert: true }),
  'connlimit-mask': word((text, { family }: RuleContext) => readMask(text, family), String),
  'connlimit-saddr': flag(),
  'connlimit-daddr': flag(),
}

/** `-m connlimit`: how many connections the host at one end has at the moment (libxt_connlimit.c revision 1). */
export const connlimit = defineMatch({
  name: 'connlimit',
  options,
  check(values) {
    atLeastOne(values, 'connlimit-upto', 'connlimit-above')
    atMostOne(values, 'connlimit-upto', 'connlimit-above')
    atMostOne(values, 'connlimit-saddr', 'connlimit-daddr')
  },
  print,
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: print(values, context).join(' '),
      reason: CONNECTIONS_OPEN,
    },
  ],
})

function print(values: Values<typeof options>, { family }: RuleContext): string[] {
  const limit = (values['connlimit-upto'] ?? values['connlimit-above'])!
  const upto = 'connlimit-upto' in values !== limit.not
  const mask = values['connlimit-mask']?.value ?? (family === 'ip' ? 32 : 128)
  return [
    upto ? '--connlimit-upto' : '--connlimit-above',
    String(limit.value),
    '--connlimit-mask',
    String(leadingOnes(mask)),
    values['connlimit-daddr'] ? '--connlimit-daddr' : '--connlimit-saddr',
  ]
}
