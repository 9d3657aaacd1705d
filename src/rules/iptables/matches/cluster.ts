import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, atMostOne, defineMatch, printOptions, type Values, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

const padded = (value: number) => `0x${value.toString(16).padStart(8, '0')}`
const nodeNumber = (text: string) => readNumber(text, 32, 1)

const options = {
  // iptables reads no mask above 32 although it prints them; what it saved has to be readable here
  'cluster-local-nodemask': word((text) => readNumber(text, 0xffffffff, 1), padded, { invert: true }),
  'cluster-local-node': word(nodeNumber, String, { invert: true }),
  'cluster-total-nodes': word(nodeNumber, String, { required: true }),
  'cluster-hash-seed': word((text) => readNumber(text), padded, { required: true }),
}

/** `-m cluster`: is this one of the nodes that take the packet's connection? (libxt_cluster.c) */
export const cluster = defineMatch({
  name: 'cluster',
  options,
  check(values) {
    atLeastOne(values, 'cluster-local-node', 'cluster-local-nodemask')
    atMostOne(values, 'cluster-local-node', 'cluster-local-nodemask')
    if (localNodes(values).value >= 2 ** values['cluster-total-nodes']!.value)
      throw new WordError('the local node is beyond --cluster-total-nodes')
  },
  print,
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: print(values, context).join(' '),
      reason: "depends on a hash of the connection's source address",
    },
  ],
})

function print(values: Values<typeof options>, context: Parameters<typeof printOptions>[2]): string[] {
  const { 'cluster-local-node': _, ...rest } = values
  return printOptions(options, { ...rest, 'cluster-local-nodemask': localNodes(values) }, context)
}

/** The node as a mask, which is all that the kernel keeps. */
function localNodes(values: Values<typeof options>): Negatable<number> {
  const node = values['cluster-local-node']
  return node ? { value: 2 ** (node.value - 1), not: node.not } : values['cluster-local-nodemask']!
}
