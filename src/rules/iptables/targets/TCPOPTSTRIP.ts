import { wordTable } from '../../../model/word-table.ts'
import { defineTarget, needsProtocol, type Option, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

const OPTIONS: Readonly<Record<string, number>> = wordTable({
  wscale: 3,
  mss: 2,
  'sack-permitted': 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
})

const list: Option<number[]> = word(
  (text) => {
    const numbers = text.split(',').map((one) => OPTIONS[one] ?? readNumber(one, 0xff, 2))
    if (new Set(numbers).size < numbers.length) throw new WordError(`"${text}" names an option twice`)
    return numbers.sort((a, b) => a - b)
  },
  (numbers) => numbers.join(','),
)

/** `-j TCPOPTSTRIP --strip-options LIST`: overwrites TCP options with no-operations; the packet goes on (libxt_TCPOPTSTRIP.c). */
export const TCPOPTSTRIP = defineTarget({
  name: 'TCPOPTSTRIP',
  tables: ['mangle'],
  options: { 'strip-options': list },
  check: (_values, context) => needsProtocol(context, 'tcp'),
  statements({ 'strip-options': strip }) {
    if (!strip) return []
    const fields = strip.value.includes(OPTIONS.mss!) ? ['tcp options', 'tcp option maxseg size'] : ['tcp options']
    return [{ kind: 'unknown', text: `--strip-options ${strip.value}`, reason: 'TCP options are removed', fields }]
  },
})
