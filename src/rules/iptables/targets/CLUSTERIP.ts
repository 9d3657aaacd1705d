import { defineTarget, flag, printOptions, WordError, word } from '../extension.ts'
import { readNumber, u32 } from '../values/numbers.ts'

const MODES = ['sourceip', 'sourceip-sourceport', 'sourceip-sourceport-destport']
const NODES = 16

const options = {
  new: flag(),
  hashmode: word(
    (text) => {
      if (!MODES.includes(text)) throw new WordError(`"${text}" is none of ${MODES.join(', ')}`)
      return text
    },
    (mode) => mode,
  ),
  clustermac: word(
    (text) => {
      const parts = text.split(':')
      if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part)))
        throw new WordError(`"${text}" is not a MAC address`)
      if ((Number.parseInt(parts[0]!, 16) & 1) === 0) throw new WordError(`${text} is not a multicast address`)
      return parts.map((part) => part.padStart(2, '0').toUpperCase()).join(':')
    },
    (mac) => mac,
  ),
  'total-nodes': word((text) => readNumber(text, NODES), String),
  'local-node': word((text) => readNumber(text, NODES, 1), String),
  'hash-init': u32(),
}
const NEEDED = ['new', 'hashmode', 'clustermac', 'total-nodes', 'local-node'] as const

/**
 * `-j CLUSTERIP`: several machines share an address, and each drops what a hash gives to the others
 * (libipt_CLUSTERIP.c; recent kernels no longer have it).
 */
export const CLUSTERIP = defineTarget({
  name: 'CLUSTERIP',
  family: 'ip',
  tables: ['filter'],
  hooks: ['input'],
  options,
  check(values) {
    if (Object.keys(values).length > 0 && !NEEDED.every((name) => name in values))
      throw new WordError(`--${NEEDED.join(', --')} have to be given together`)
  },
  print: (values, context) =>
    values.new
      ? printOptions(options, { ...values, 'hash-init': values['hash-init'] ?? { value: 0, not: false } }, context)
      : [],
  statements: () => [
    {
      kind: 'unknown',
      text: '-j CLUSTERIP',
      reason: 'dropped if another node of the cluster is responsible for it',
      ends: true,
    },
  ],
})
