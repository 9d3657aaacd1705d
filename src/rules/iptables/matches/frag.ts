import { atMostOne, compare, defineMatch, flag, printOptions, type Values } from '../extension.ts'
import { hasHeader, headerLength, notShown } from '../values/exthdr.ts'
import { printRange, rangeOption, rangeValue, saysNothing } from '../values/numbers.ts'

const MAX_ID = 0xffffffff

const options = {
  fragid: rangeOption(MAX_ID, { invert: true }),
  fraglen: headerLength(),
  fragres: flag(),
  fragfirst: flag(),
  fragmore: flag(),
  fraglast: flag(),
}

/** `-m frag`: IPv6's fragment header (libip6t_frag.c); the kernel never looks at --fraglen (net/ipv6/netfilter/ip6t_frag.c). */
export const frag = defineMatch({
  name: 'frag',
  family: 'ip6',
  options,
  check: (values) => atMostOne(values, 'fragmore', 'fraglast'),
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const conditions = [hasHeader('frag', '-m frag')]
    const { fragid, fragres, fragfirst, fragmore, fraglast } = meant(values)
    if (fragid) {
      const words = `--fragid ${printRange(fragid.value)}`
      conditions.push(compare('frag id', rangeValue(fragid.value), { words, not: fragid.not }))
    }
    conditions.push(...notShown('fragres', fragres))
    if (fragfirst) conditions.push(compare('frag frag-off', 0, { words: '--fragfirst' }))
    if (fragmore) conditions.push(compare('frag more-fragments', 1, { words: '--fragmore' }))
    if (fraglast) conditions.push(compare('frag more-fragments', 0, { words: '--fraglast' }))
    return conditions
  },
})

/** Without a range of all; inverted it is kept, though 1.8.9 forgets it. */
function meant(values: Values<typeof options>): Values<typeof options> {
  const { fragid, ...rest } = values
  return fragid && saysNothing(fragid, MAX_ID) ? rest : values
}
