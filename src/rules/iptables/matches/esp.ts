import { compare, defineMatch, needsProtocol, printOptions, type Values } from '../extension.ts'
import { printRange, rangeOption, rangeValue, saysNothing } from '../values/numbers.ts'

const MAX = 0xffffffff

const options = { espspi: rangeOption(MAX, { invert: true }) }

/**
 * `-p esp -m esp --espspi SPI[:SPI]` (libxt_esp.c). 1.8.9 forgets `! --espspi 0:4294967295`, which never holds,
 * when it prints; later ones print it, and so is it here.
 */
export const esp = defineMatch({
  name: 'esp',
  options,
  check: (_, context) => needsProtocol(context, 'esp'),
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const { espspi } = meant(values)
    if (!espspi) return []
    const words = `--espspi ${printRange(espspi.value)}`
    return [compare('esp spi', rangeValue(espspi.value), { words, not: espspi.not })]
  },
})

/** All there are says nothing. */
function meant(values: Values<typeof options>): Values<typeof options> {
  const { espspi } = values
  return espspi && saysNothing(espspi, MAX) ? {} : values
}
