import { defineMatch, needsProtocol, printOptions } from '../extension.ts'
import { decimalPortRange, meantPorts, portConditions } from '../values/ports.ts'

const options = {
  sport: decimalPortRange({ invert: true, aliases: ['source-port'] }),
  dport: decimalPortRange({ invert: true, aliases: ['destination-port'] }),
}

/** `-p udp -m udp` with ports (libxt_udp.c). */
export const udp = defineMatch({
  name: 'udp',
  options,
  check: (_, context) => needsProtocol(context, 'udp'),
  print: (values, context) => printOptions(options, meantPorts(values), context),
  conditions: (values) => portConditions('udp', values),
})
