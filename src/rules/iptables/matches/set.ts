import type { Condition } from '../../../model/condition.ts'
import { atMostOne, defineMatch, flag, negateIf, printOptions, type Values } from '../extension.ts'
import { setReference } from '../values/ipset.ts'
import { u64 } from '../values/numbers.ts'

const options = {
  'match-set': setReference({ aliases: ['set'], invert: true, required: true }),
  'return-nomatch': flag(),
  'update-counters': flag({ invert: true }),
  'update-subcounters': flag({ invert: true }),
  'packets-eq': u64({ invert: true }),
  'packets-lt': u64(),
  'packets-gt': u64(),
  'bytes-eq': u64({ invert: true }),
  'bytes-lt': u64(),
  'bytes-gt': u64(),
}

const COUNTERS = ['packets-eq', 'packets-lt', 'packets-gt', 'bytes-eq', 'bytes-lt', 'bytes-gt'] as const

/** `-m set --match-set NAME src,dst`: is the packet in this ipset? (libxt_set.c revision 4, net/netfilter/xt_set.c) */
export const set = defineMatch({
  name: 'set',
  options,
  check(values) {
    atMostOne(values, 'packets-eq', 'packets-lt', 'packets-gt')
    atMostOne(values, 'bytes-eq', 'bytes-lt', 'bytes-gt')
  },
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const { value, not } = values['match-set']!
    const text = `--match-set ${value.name} ${value.directions.join(',')}`
    const parts: Condition[] = [{ kind: 'lookup', fields: value.directions, set: value.name, text }]
    if (values['return-nomatch'])
      parts.push({ kind: 'unknown', text: '--return-nomatch', reason: 'it matches elements flagged nomatch' })
    for (const option of COUNTERS) {
      const given = values[option]
      if (given)
        parts.push({
          kind: 'unknown',
          text: `${given.not ? '! ' : ''}--${option} ${given.value}`,
          reason: "the counters of the set's elements change with every packet",
        })
    }
    const whole = parts.map((part) => part.text).join(' ')
    return [negateIf(not, parts.length === 1 ? parts[0]! : { kind: 'all', of: parts, text: whole })]
  },
})

/** Counters are updated unless that is inverted, so only then does it say something. */
function meant(values: Values<typeof options>): Values<typeof options> {
  const left = { ...values }
  if (left['update-counters']?.not === false) delete left['update-counters']
  if (left['update-subcounters']?.not === false) delete left['update-subcounters']
  return left
}
