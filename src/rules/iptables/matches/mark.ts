import { defineMatch, negateIf } from '../extension.ts'
import { maskedOption, printMasked } from '../values/numbers.ts'

/** `-m mark --mark VALUE[/MASK]`: the packet's mark (libxt_mark.c). */
export const mark = defineMatch({
  name: 'mark',
  options: { mark: maskedOption({ invert: true, required: true }) },
  conditions({ mark }) {
    const { value, not } = mark!
    return [
      negateIf(not, {
        kind: 'compare',
        field: 'meta mark',
        op: '==',
        mask: value.mask,
        value: value.value,
        text: `--mark ${printMasked(value)}`,
      }),
    ]
  },
})
