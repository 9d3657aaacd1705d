import { compare, defineMatch, flag, needsProtocol, printOptions, type Values } from '../extension.ts'
import { printRange, rangeOption, rangeValue } from '../values/numbers.ts'

const MAX = 0xffffffff

const options = {
  ipcompspi: rangeOption(MAX, { invert: true }),
  compres: flag(),
}

/**
 * `-p ipcomp -m ipcomp --ipcompspi SPI[:SPI]` (libxt_ipcomp.c); the kernel never looks at `--compres`. Without the
 * option it is 0; so `0:4294967295`, which 1.8.9 does not print, is printed here.
 */
export const ipcomp = defineMatch({
  name: 'ipcomp',
  options,
  check: (_, context) => needsProtocol(context, 'ipcomp'),
  print: (values, context) => printOptions(options, { ...values, ipcompspi: spi(values) }, context),
  conditions(values) {
    const { value, not } = spi(values)
    return [compare('comp cpi', rangeValue(value), { words: `--ipcompspi ${printRange(value)}`, not })]
  },
})

const spi = (values: Values<typeof options>) => values.ipcompspi ?? { value: { from: 0, to: 0 }, not: false }
