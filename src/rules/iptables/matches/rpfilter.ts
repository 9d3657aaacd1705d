import type { Condition } from '../../../model/condition.ts'
import { defineMatch, flag, printOptions } from '../extension.ts'

const options = {
  loose: flag(),
  validmark: flag(),
  'accept-local': flag(),
  invert: flag(),
}

/**
 * `-m rpfilter`: would a packet back to the source leave where this one came in? (libxt_rpfilter.c,
 * net/ipv4/netfilter/ipt_rpfilter.c) In the words of nft: `fib saddr . iif oif != 0`.
 */
export const rpfilter = defineMatch({
  name: 'rpfilter',
  options,
  tables: ['raw', 'mangle'],
  hooks: ['prerouting'],
  conditions(values, context) {
    const { invert, ...ways } = values
    const text = ['-m rpfilter', ...printOptions(options, ways, context)].join(' ')
    const key = `fib saddr${values.validmark ? ' . mark' : ''}${values.loose ? '' : ' . iif'}`
    const routed: Condition = { kind: 'compare', field: `${key} oif`, op: '!=', value: '', text }
    // IPv6 takes an own address on any interface
    const whose = context.family === 'ip' ? key : key.replace(' . iif', '')
    const local: Condition = { kind: 'compare', field: `${whose} type`, op: '==', value: 'local', text }
    const passed: Condition = values['accept-local'] ? { kind: 'any', of: [routed, local], text } : routed
    return [invert ? { kind: 'not', of: passed, text: `${text} --invert` } : passed]
  },
})
