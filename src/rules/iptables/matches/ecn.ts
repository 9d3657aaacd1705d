import type { Condition } from '../../../model/condition.ts'
import { atLeastOne, compare, defineMatch, flag, needsProtocol, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

const ECE = 0x40
const CWR = 0x80

const options = {
  'ecn-tcp-ece': flag({ invert: true }),
  'ecn-tcp-cwr': flag({ invert: true }),
  'ecn-ip-ect': word((text) => readNumber(text, 3), String, { invert: true }),
}

/** `-m ecn`: explicit congestion notification in the TCP and IP headers (libxt_ecn.c, xt_ecn.c). */
export const ecn = defineMatch({
  name: 'ecn',
  options,
  check(values, context) {
    atLeastOne(values, ...Object.keys(options))
    if (values['ecn-tcp-ece'] || values['ecn-tcp-cwr']) needsProtocol(context, 'tcp')
  },
  conditions({ 'ecn-tcp-ece': ece, 'ecn-tcp-cwr': cwr, 'ecn-ip-ect': ect }, { family }) {
    const conditions: Condition[] = []
    if (ece) conditions.push(compare('tcp flags', ECE, { words: '--ecn-tcp-ece', not: ece.not, mask: ECE }))
    if (cwr) conditions.push(compare('tcp flags', CWR, { words: '--ecn-tcp-cwr', not: cwr.not, mask: CWR }))
    if (ect) conditions.push(compare(`${family} ecn`, ect.value, { words: `--ecn-ip-ect ${ect.value}`, not: ect.not }))
    return conditions
  },
})
