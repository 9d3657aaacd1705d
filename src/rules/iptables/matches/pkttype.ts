import { wordTable } from '../../../model/word-table.ts'
import { compare, defineMatch, WordError, word } from '../extension.ts'

/** Names that are taken → the one that is printed. */
const TYPES: Readonly<Record<string, string>> = wordTable({
  unicast: 'unicast',
  host: 'unicast',
  broadcast: 'broadcast',
  bcast: 'broadcast',
  multicast: 'multicast',
  mcast: 'multicast',
  otherhost: 'otherhost',
})

const pktType = word(
  (text) => {
    const type = TYPES[text.toLowerCase()]
    if (type === undefined) throw new WordError(`"${text}" is none of ${Object.keys(TYPES).join(', ')}`)
    return type
  },
  String,
  { invert: true, required: true },
)

/** `-m pkttype`: whom the link layer's destination address means (libxt_pkttype.c). */
export const pkttype = defineMatch({
  name: 'pkttype',
  options: { 'pkt-type': pktType },
  conditions(values) {
    const { value, not } = values['pkt-type']!
    return [compare('meta pkttype', value === 'otherhost' ? 'other' : value, { words: `--pkt-type ${value}`, not })]
  },
})
