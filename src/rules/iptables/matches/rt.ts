import {
  compare,
  defineMatch,
  flag,
  type Option,
  type OptionTable,
  printOptions,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { readAddress } from '../values/addresses.ts'
import { hasHeader, headerLength, notShown } from '../values/exthdr.ts'
import { printRange, rangeOption, rangeValue, saysNothing, u32 } from '../values/numbers.ts'

const MAX_SEGMENTS = 0xffffffff
/** IP6T_RT_HOPS. */
const MAX_ADDRESSES = 16

const addresses: Option<string[]> = word(
  (text) => {
    const list = text.split(',').map((one) => readAddress(one, 'ip6'))
    if (list.length > MAX_ADDRESSES) throw new WordError(`at most ${MAX_ADDRESSES} addresses can be listed`)
    return list
  },
  (list) => list.join(','),
)

const options = {
  'rt-type': u32({ invert: true }),
  'rt-segsleft': rangeOption(MAX_SEGMENTS, { invert: true }),
  'rt-len': headerLength(),
  'rt-0-res': flag(),
  'rt-0-addrs': addresses,
  'rt-0-not-strict': flag(),
} satisfies OptionTable

/** `-m rt`: IPv6's routing header (libip6t_rt.c). */
export const rt = defineMatch({
  name: 'rt',
  family: 'ip6',
  options,
  check(values) {
    const type = values['rt-type']
    const typeZero = type && !type.not && type.value === 0
    if ((values['rt-0-res'] || values['rt-0-addrs']) && !typeZero)
      throw new WordError('--rt-0-res and --rt-0-addrs need --rt-type 0')
    if (values['rt-0-not-strict'] && !values['rt-0-addrs']) throw new WordError('--rt-0-not-strict needs --rt-0-addrs')
  },
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const conditions = [hasHeader('rt', '-m rt')]
    const { 'rt-type': type, 'rt-segsleft': segments, 'rt-len': length, 'rt-0-addrs': list } = meant(values)
    if (type) conditions.push(compare('rt type', type.value, { words: `--rt-type ${type.value}`, not: type.not }))
    if (segments) {
      const words = `--rt-segsleft ${printRange(segments.value)}`
      conditions.push(compare('rt seg-left', rangeValue(segments.value), { words, not: segments.not }))
    }
    conditions.push(
      ...notShown('rt-len', length, String(length?.value)),
      ...notShown('rt-0-res', values['rt-0-res']),
      ...notShown('rt-0-addrs', list, list?.value.join(',')),
    )
    return conditions
  },
})

/** Without a range of all; inverted it is kept, though 1.8.9 forgets it. */
function meant(values: Values<typeof options>): Values<typeof options> {
  const { 'rt-segsleft': segments, ...rest } = values
  return segments && saysNothing(segments, MAX_SEGMENTS) ? rest : values
}
