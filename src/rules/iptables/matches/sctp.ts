import { defineMatch, needsProtocol, printOptions } from '../extension.ts'
import { portConditions, portRange } from '../values/ports.ts'
import { chunkTypes } from '../values/sctp.ts'

const options = {
  sport: portRange({ invert: true, aliases: ['source-port'] }),
  dport: portRange({ invert: true, aliases: ['destination-port'] }),
  'chunk-types': chunkTypes(),
}

/** `-p sctp -m sctp` with ports and chunks (libxt_sctp.c). */
export const sctp = defineMatch({
  name: 'sctp',
  options,
  check: (_, context) => needsProtocol(context, 'sctp'),
  conditions(values, context) {
    const { 'chunk-types': chunks } = values
    const conditions = portConditions('sctp', values)
    if (chunks) {
      const text = printOptions(options, { 'chunk-types': chunks }, context).join(' ')
      conditions.push({ kind: 'unknown', text, reason: "the packet's chunks are not shown" })
    }
    return conditions
  },
})
