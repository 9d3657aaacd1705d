import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import {
  atLeastOne,
  atMostOne,
  compare,
  defineMatch,
  flag,
  HOOKS_IN,
  HOOKS_OUT,
  negateIf,
  type Option,
  type RuleContext,
  WordError,
  word,
} from '../extension.ts'
import { readNames } from '../values/names.ts'

/** In the order of the kernel's RTN_ numbers, which is the order iptables-save prints. */
const TYPES = ['UNSPEC', 'UNICAST', 'LOCAL', 'BROADCAST', 'ANYCAST', 'MULTICAST', 'BLACKHOLE', 'UNREACHABLE'].concat([
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
])
/** What xt_addrtype takes for IPv6; it refuses the rest. */
const TYPES_IPV6 = ['UNSPEC', 'UNICAST', 'LOCAL', 'ANYCAST', 'MULTICAST', 'UNREACHABLE']

const types = (): Option<string[]> =>
  word(
    (text, { family }) => {
      const names = readNames(text, TYPES)
      const refused = family === 'ip6' && names.find((name) => !TYPES_IPV6.includes(name))
      if (refused) throw new WordError(`${refused} is not a type of IPv6 addresses`)
      return names
    },
    (names) => names.join(','),
    { invert: true },
  )

/** `-m addrtype`: what the routing table says of the addresses (libxt_addrtype.c, xt_addrtype.c). */
export const addrtype = defineMatch({
  name: 'addrtype',
  hooks: (values) => (values['limit-iface-in'] ? HOOKS_IN : values['limit-iface-out'] ? HOOKS_OUT : undefined),
  options: {
    'src-type': types(),
    'dst-type': types(),
    'limit-iface-in': flag(),
    'limit-iface-out': flag(),
  },
  check(values) {
    atLeastOne(values, 'src-type', 'dst-type')
    atMostOne(values, 'limit-iface-in', 'limit-iface-out')
  },
  conditions(values, context) {
    const on = values['limit-iface-in'] ? ' . iif' : values['limit-iface-out'] ? ' . oif' : ''
    const lower = context.family === 'ip' ? byRoute : byAddressAndRoute
    const conditions: Condition[] = []
    if (values['src-type']) conditions.push(lower('saddr', '--src-type', on, values['src-type'], context))
    if (values['dst-type']) conditions.push(lower('daddr', '--dst-type', on, values['dst-type'], context))
    return conditions
  },
})

type Lower = (
  address: string,
  option: string,
  on: string,
  types: Negatable<string[]>,
  context: RuleContext,
) => Condition

/** Of one interface alone an address may be no local one that is one all the same. */
const wordsOf = (option: string, names: string[], on: string): string =>
  `${option} ${names.join(',')}${on === '' ? '' : on === ' . iif' ? ' --limit-iface-in' : ' --limit-iface-out'}`

/** IPv4: the route's type is one of them. */
const byRoute: Lower = (address, option, on, { value: names, not }) =>
  compare(`fib ${address}${on} type`, oneOf(names), { words: wordsOf(option, names, on), not })

/** IPv6: UNSPEC, UNICAST and MULTICAST are kinds of address and all asked for; the route is asked only for the others. */
const byAddressAndRoute: Lower = (address, option, on, { value: names, not }) => {
  const text = wordsOf(option, names, on)
  const field = `ip6 ${address}`
  const all: Condition[] = []
  const multicast = { prefix: 'ff00::', length: 8 }
  if (names.includes('MULTICAST')) all.push({ kind: 'compare', field, op: '==', value: multicast, text })
  if (names.includes('UNICAST')) {
    const others = { set: [multicast, '::', { prefix: '::ffff:0.0.0.0', length: 96 }] }
    all.push({ kind: 'compare', field, op: '!=', value: others, text })
  }
  if (names.includes('UNSPEC')) all.push({ kind: 'compare', field, op: '==', value: '::', text })
  const routed = names.filter((name) => ['LOCAL', 'ANYCAST', 'UNREACHABLE'].includes(name))
  if (routed.length > 0)
    all.push({ kind: 'compare', field: `fib ${address}${on} type`, op: '==', value: oneOf(routed), text })
  return negateIf(not, all.length === 1 ? all[0]! : { kind: 'all', of: all, text })
}

const oneOf = (names: string[]) => {
  const lower = names.map((name) => name.toLowerCase())
  return lower.length === 1 ? lower[0]! : { set: lower }
}
