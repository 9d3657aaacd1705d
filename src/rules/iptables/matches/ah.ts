import { defineMatch, needsProtocol, printOptions } from '../extension.ts'
import { meantSpi, spiConditions, spiOption } from '../values/spi.ts'

const options = { ahspi: spiOption() }

/** `-p ah -m ah --ahspi SPI[:SPI]` for IPv4 (libipt_ah.c). */
export const ah = defineMatch({
  name: 'ah',
  family: 'ip',
  options,
  check: (_, context) => needsProtocol(context, 'ah'),
  print: (values, context) => printOptions(options, meantSpi(values), context),
  conditions: spiConditions,
})
