import { compare, defineMatch } from '../extension.ts'
import { printRange, rangeOption, rangeValue } from '../values/numbers.ts'

/** `-m length --length MIN[:MAX]`: the whole IP packet in bytes (libxt_length.c). */
export const length = defineMatch({
  name: 'length',
  options: { length: rangeOption(0xffff, { required: true, invert: true }) },
  conditions({ length }) {
    const { value, not } = length!
    return [compare('meta length', rangeValue(value), { words: `--length ${printRange(value)}`, not })]
  },
})
