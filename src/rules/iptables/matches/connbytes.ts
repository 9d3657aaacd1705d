import type { Scalar } from '../../../model/condition.ts'
import { compare, defineMatch, printOptions, WordError, word } from '../extension.ts'
import { readU64 } from '../values/numbers.ts'

/** Decimal text, as 64 bits do not fit in a JSON number. */
interface Count {
  from: string
  to: string
}

const MAX = '18446744073709551615'
const DIRECTIONS = ['original', 'reply', 'both']
const MODES = ['packets', 'bytes', 'avgpkt']

const options = {
  connbytes: word(readCount, printCount, { required: true, invert: true }),
  'connbytes-mode': word((text) => oneOf(MODES, text), String, { required: true }),
  'connbytes-dir': word((text) => oneOf(DIRECTIONS, text), String, { required: true }),
}

/** `-m connbytes`: how much the connection has carried so far (libxt_connbytes.c). */
export const connbytes = defineMatch({
  name: 'connbytes',
  options,
  print: ({ connbytes, ...values }, context) =>
    printOptions(options, { connbytes: { ...connbytes!, not: inverted(connbytes!) }, ...values }, context),
  conditions(values) {
    const [mode, direction] = [values['connbytes-mode']!.value, values['connbytes-dir']!.value]
    const count = values.connbytes!
    const words = `--connbytes ${printCount(count.value)} --connbytes-mode ${mode} --connbytes-dir ${direction}`
    const field = `ct ${direction} ${mode}`
    const { from, to } = count.value
    const not = inverted(count)
    if (to === MAX)
      return [{ kind: 'compare', field, op: not ? '<' : '>=', value: scalar(from), text: not ? `! ${words}` : words }]
    return [compare(field, from === to ? scalar(from) : { range: [scalar(from), scalar(to)] }, { words, not })]
  },
})

/** The two ends swapped are how the kernel knows an inverted count, so one with equal ends is not. */
const inverted = ({ value, not }: { value: Count; not: boolean }) => not && value.from !== value.to

/** `FROM[:[TO]]`; throws WordError. */
function readCount(text: string): Count {
  const [from = '', to = '', more] = text.split(':')
  if (more !== undefined) throw new WordError(`"${text}" has too many parts`)
  const count = { from: from === '' ? '0' : readU64(from), to: to === '' ? MAX : readU64(to) }
  if (BigInt(count.from) > BigInt(count.to)) throw new WordError(`the range ${text} ends before it begins`)
  return count
}

/** 1.8.9 prints `0:0` like `0:`, which is read as all there are; not so here. */
function printCount({ from, to }: Count): string {
  return to === MAX ? from : `${from}:${to}`
}

const scalar = (text: string): Scalar => (Number.isSafeInteger(Number(text)) ? Number(text) : text)

function oneOf(names: readonly string[], text: string): string {
  if (!names.includes(text)) throw new WordError(`"${text}" is none of ${names.join(', ')}`)
  return text
}
