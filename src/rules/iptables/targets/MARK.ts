import { atLeastOne, atMostOne, defineTarget } from '../extension.ts'
import { printXmark, xmark, xmarkOptions } from '../values/marks.ts'

const OPERATIONS = Object.keys(xmarkOptions)

/** `-j MARK --set-xmark VALUE/MASK` and its other forms: the packet's mark; the packet goes on (libxt_MARK.c). */
export const MARK = defineTarget({
  name: 'MARK',
  options: xmarkOptions,
  check(values) {
    atLeastOne(values, ...OPERATIONS)
    atMostOne(values, ...OPERATIONS)
  },
  print: (values) => printXmark(xmark(values)!),
  statements: (values) => [{ kind: 'set', field: 'meta mark', ...xmark(values)! }],
})
