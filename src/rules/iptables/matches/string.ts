import {
  atLeastOne,
  atMostOne,
  defineMatch,
  flag,
  type RuleContext,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { u16 } from '../values/numbers.ts'
import { printPattern, readHexPattern, readPattern } from '../values/pattern.ts'

/** The end of the search where none is given. */
const END = 0xffff

const options = {
  string: word(readPattern, (bytes) => printPattern(bytes).join(' '), { invert: true }),
  'hex-string': word(readHexPattern, (bytes) => printPattern(bytes).join(' '), { invert: true }),
  algo: word(
    (text) => {
      if (text !== 'bm' && text !== 'kmp')
        throw new WordError(`"${text}" is not a search algorithm of the kernel: use "bm" or "kmp"`)
      return text
    },
    String,
    { required: true },
  ),
  from: u16(),
  to: u16(),
  icase: flag(),
}

/** `-m string`: a text or bytes anywhere in the packet (libxt_string.c). */
export const string = defineMatch({
  name: 'string',
  options,
  check(values) {
    atLeastOne(values, 'string', 'hex-string')
    atMostOne(values, 'string', 'hex-string')
    if ((values.from?.value ?? 0) > (values.to?.value ?? END)) throw new WordError('--from is behind --to')
  },
  print,
  conditions: (values, context) => [
    { kind: 'unknown', text: print(values, context).join(' '), reason: "the packet's content is not shown" },
  ],
})

/** A pattern is printed as text or in hex, however it was given; limits that limit nothing are not. */
function print(values: Values<typeof options>, _: RuleContext): string[] {
  const pattern = (values.string ?? values['hex-string'])!
  const words = [...(pattern.not ? ['!'] : []), ...printPattern(pattern.value), '--algo', values.algo!.value]
  if (values.from && values.from.value !== 0) words.push('--from', String(values.from.value))
  if (values.to && values.to.value !== END) words.push('--to', String(values.to.value))
  if (values.icase) words.push('--icase')
  return words
}
