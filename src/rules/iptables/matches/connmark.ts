import { compare, defineMatch } from '../extension.ts'
import { maskedOption, printMasked } from '../values/numbers.ts'

/** `-m connmark --mark VALUE[/MASK]`: the connection's mark (libxt_connmark.c). */
export const connmark = defineMatch({
  name: 'connmark',
  options: { mark: maskedOption({ invert: true, required: true }) },
  conditions({ mark }) {
    const { value, not } = mark!
    return [compare('ct mark', value.value, { words: `--mark ${printMasked(value)}`, not, mask: value.mask })]
  },
})
