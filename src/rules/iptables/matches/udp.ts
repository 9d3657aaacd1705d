import { defineMatch, needsProtocol, printOptions } from '../extension.ts'
import { meantPorts, portConditions, portRange } from '../values/ports.ts'

const options = {
  sport: portRange({ invert: true, aliases: ['source-port'], decimal: true }),
  dport: portRange({ invert: true, aliases: ['destination-port'], decimal: true }),
}

/** `-p udp -m udp` with ports (libxt_udp.c); a range that ends before it begins, as 1.8.9 still takes it, is refused. */
export const udp = defineMatch({
  name: 'udp',
  options,
  check: (_, context) => needsProtocol(context, 'udp'),
  print: (values, context) => printOptions(options, meantPorts(values), context),
  conditions: (values) => portConditions('udp', values),
})
