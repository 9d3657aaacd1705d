import { compare, defineMatch, needsProtocol, negateIf, WordError } from '../extension.ts'
import { printRange, rangeOption, rangeValue } from '../values/numbers.ts'

/**
 * `-p tcp -m tcpmss --mss MIN[:MAX]`: the maximum segment size a SYN offers (libxt_tcpmss.c). Inverted, it holds
 * without that option, too (net/netfilter/xt_tcpmss.c).
 */
export const tcpmss = defineMatch({
  name: 'tcpmss',
  options: { mss: rangeOption(0xffff, { invert: true, required: true }) },
  check({ mss }, context) {
    needsProtocol(context, 'tcp')
    if (mss!.value.from > mss!.value.to) throw new WordError('the range ends before it begins')
  },
  conditions({ mss }) {
    const { value, not } = mss!
    const size = compare('tcp option maxseg size', rangeValue(value), { words: `--mss ${printRange(value)}` })
    return [negateIf(not, size)]
  },
})
