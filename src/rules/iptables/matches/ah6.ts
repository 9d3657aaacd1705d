import type { Negatable } from '../../../model/ruleset.ts'
import { defineMatch, flag, printOptions, type Values } from '../extension.ts'
import { hasHeader, headerLength, notShown } from '../values/exthdr.ts'
import { meantSpi, spiConditions, spiOption } from '../values/spi.ts'

const options = { ahspi: spiOption(), ahlen: headerLength(), ahres: flag() }

/** `-m ah` for IPv6, where the authentication header may stand among others (libip6t_ah.c). */
export const ah6 = defineMatch({
  name: 'ah',
  family: 'ip6',
  options,
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const { ahlen, ahres } = meant(values)
    return [
      hasHeader('ah', '-m ah'),
      ...spiConditions(values),
      ...notShown('ahlen', ahlen, String(ahlen?.value)),
      ...notShown('ahres', ahres),
    ]
  },
})

/** A length of 0 stands for any. */
function meant(values: Values<typeof options>): Values<typeof options> {
  const { ahlen, ...rest } = meantSpi(values)
  const saysSomething = (given: Negatable<number>) => given.not || given.value !== 0
  return ahlen && saysSomething(ahlen) ? { ...rest, ahlen } : rest
}
