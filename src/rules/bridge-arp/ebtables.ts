/** One rule of ebtables → conditions and statements (iptables/extensions/libebt_*.c, ebtables.8). */
import type { Condition } from '../../model/condition.ts'
import type { Statement } from '../../model/statement.ts'
import { WordError } from '../iptables/extension.ts'
import { ICMP_TYPES, ICMPV6_TYPES, icmpCondition, readIcmpType } from '../iptables/values/icmp.ts'
import { readNumber } from '../iptables/values/numbers.ts'
import { beyond, type Given, type Option, type Options } from './options.ts'
import { type LinkRule, readLinkRule } from './rule.ts'
import {
  address,
  compare,
  device,
  etherType,
  mac,
  mark,
  number,
  protocol,
  range,
  readMac,
  typeNumber,
} from './values.ts'

/** What libebt_arp.c names; the numbers of ARP (RFC 826) and its relatives. */
export const ARP_OPERATIONS: Readonly<Record<string, number>> = {
  ...{ request: 1, reply: 2, request_reverse: 3, reply_reverse: 4, drarp_request: 5, drarp_reply: 6, drarp_error: 7 },
  ...{ inarp_request: 8, inarp_reply: 8, arp_nak: 9 },
}
const HARDWARE: Readonly<Record<string, number>> = { ethernet: 1 }

const is = (condition: NonNullable<Option['condition']>): Option => ({ words: 1, condition })
const flag = (condition?: NonNullable<Option['condition']>): Option =>
  condition ? { words: 0, condition } : { words: 0 }
const told: Option = { words: 1 }

const icmp =
  (field: 'icmp' | 'icmpv6', names: typeof ICMP_TYPES) =>
  ({ value, not, text }: Given): Condition =>
    icmpCondition(field, text.replace(/^! | !/g, ''), { value: readIcmpType(value, names), not })

/** Only addresses without an IP address beside them: of which frames those are compared hangs on the frame. */
const among =
  (field: string) =>
  (given: Given): Condition => {
    const entries = given.value.split(',').filter((one) => one !== '')
    if (entries.some((one) => one.includes('='))) return beyond('pairs of MAC and IP addresses are not modelled')(given)
    return compare(field, { set: entries.map(readMac) }, given)
  }

const CONTENT = beyond('depends on the content of the frame')
const PAST = beyond('depends on how many frames came before')

const OPTIONS: Readonly<Record<string, Option>> = {
  '-p': is(etherType),
  '-i': is(device('meta iifname')),
  '-o': is(device('meta oifname')),
  '--logical-in': is(device('meta ibrname')),
  '--logical-out': is(device('meta obrname')),
  '-s': is(mac('ether saddr')),
  '-d': is(mac('ether daddr')),
  '--among-src': is(among('ether saddr')),
  '--among-dst': is(among('ether daddr')),
  '--arp-op': is(number('arp operation', 0xffff, ARP_OPERATIONS)),
  '--arp-htype': is(number('arp htype', 0xffff, HARDWARE)),
  '--arp-ptype': is(typeNumber('arp ptype')),
  '--arp-ip-src': is(address('arp saddr ip', 'ip')),
  '--arp-ip-dst': is(address('arp daddr ip', 'ip')),
  '--arp-mac-src': is(mac('arp saddr ether')),
  '--arp-mac-dst': is(mac('arp daddr ether')),
  '--arp-gratuitous': flag(beyond('gratuitous ARP is not modelled')),
  '--ip-src': is(address('ip saddr', 'ip')),
  '--ip-dst': is(address('ip daddr', 'ip')),
  '--ip-tos': is(number('ip tos', 0xff)),
  '--ip-proto': is(protocol),
  '--ip-sport': is(range('th sport', 0xffff)),
  '--ip-dport': is(range('th dport', 0xffff)),
  '--ip-icmp-type': is(icmp('icmp', ICMP_TYPES)),
  '--ip-igmp-type': is(CONTENT),
  '--ip6-src': is(address('ip6 saddr', 'ip6')),
  '--ip6-dst': is(address('ip6 daddr', 'ip6')),
  '--ip6-tclass': is(number('ip6 tos', 0xff)),
  '--ip6-proto': is(protocol),
  '--ip6-sport': is(range('th sport', 0xffff)),
  '--ip6-dport': is(range('th dport', 0xffff)),
  '--ip6-icmp-type': is(icmp('icmpv6', ICMPV6_TYPES)),
  '--mark': is(mark),
  '--pkttype-type': is((given) => compare('meta pkttype', given.value === 'otherhost' ? 'other' : given.value, given)),
  '--vlan-id': is(number('vlan id', 0xfff)),
  '--vlan-prio': is(number('vlan pcp', 7)),
  '--vlan-encap': is(typeNumber('vlan type')),
  '--limit': is(PAST),
  '--limit-burst': told,
  ...Object.fromEntries(
    ['type', 'flags', 'root-prio', 'root-addr', 'root-cost', 'sender-prio', 'sender-addr', 'port', 'msg-age']
      .concat(['max-age', 'hello-time', 'forward-delay'])
      .map((name) => [`--stp-${name}`, is(CONTENT)]),
  ),
  ...{ '--802_3-sap': is(CONTENT), '--802_3-type': is(CONTENT) },
  ...{ '--string': is(CONTENT), '--string-hex': is(CONTENT), '--string-icase': flag() },
  ...{ '--string-from': told, '--string-to': told, '--string-algo': told },
  // watchers and targets
  ...{
    '-j': told,
    '--log': flag(),
    '--log-level': told,
    '--log-prefix': told,
    '--log-ip': flag(),
    '--log-ip6': flag(),
  },
  ...{ '--log-arp': flag(), '--nflog': flag(), '--nflog-group': told, '--nflog-prefix': told, '--nflog-range': told },
  ...{ '--nflog-threshold': told, '--ulog': flag(), '--ulog-nlgroup': told, '--ulog-prefix': told },
  ...{ '--ulog-cprange': told, '--ulog-qthreshold': told },
  ...{ '--mark-set': told, '--mark-or': told, '--mark-and': told, '--mark-xor': told, '--mark-target': told },
  ...{ '--to-dst': told, '--dnat-target': told, '--to-src': told, '--snat-target': told, '--snat-arp': flag() },
  ...{ '--redirect-target': told, '--arpreply-mac': told, '--arpreply-target': told },
}

const ALIASES: Readonly<Record<string, string>> = {
  ...{ '--protocol': '-p', '--proto': '-p', '--in-interface': '-i', '--in-if': '-i', '--out-interface': '-o' },
  ...{ '--out-if': '-o', '--source': '-s', '--src': '-s', '--destination': '-d', '--dst': '-d', '--jump': '-j' },
  ...{ '--arp-opcode': '--arp-op', '--ip-source': '--ip-src', '--ip-destination': '--ip-dst' },
  ...{ '--ip-protocol': '--ip-proto', '--ip-source-port': '--ip-sport', '--ip-destination-port': '--ip-dport' },
  ...{ '--ip6-source': '--ip6-src', '--ip6-destination': '--ip6-dst', '--ip6-protocol': '--ip6-proto' },
  ...{ '--ip6-source-port': '--ip6-sport', '--ip6-destination-port': '--ip6-dport' },
  ...{ '--set-mark': '--mark-set', '--to-destination': '--to-dst', '--to-source': '--to-src' },
}

/** The words behind the chain's name; `isChain` tells chains from targets. */
export function readEbtablesRule(
  words: readonly string[],
  table: string,
  isChain: (name: string) => boolean,
): LinkRule {
  return readLinkRule(words, { options: OPTIONS, aliases: ALIASES }, (options) => [
    ...watchers(options),
    ...targetOf(options, table, isChain),
  ])
}

/** They see the frame before the target does, and change nothing. */
function watchers({ given }: Options): Statement[] {
  const value = (name: string) => given.find((one) => one.name === name)?.value
  const has = (prefix: string) => given.some(({ name }) => name.startsWith(prefix))
  const statements: Statement[] = []
  const log = (prefix: string | undefined, group?: number) =>
    statements.push({
      ...{ kind: 'log' as const },
      ...(prefix === undefined || prefix === '' ? {} : { prefix }),
      ...(group === undefined ? {} : { group }),
    })
  if (has('--log')) log(value('--log-prefix'))
  if (has('--nflog')) log(value('--nflog-prefix'), readNumber(value('--nflog-group') ?? '0', 0xffff))
  if (has('--ulog')) log(value('--ulog-prefix'), readNumber(value('--ulog-nlgroup') ?? '1', 32))
  return statements
}

/** Throws WordError. */
function targetOf({ given }: Options, table: string, isChain: (name: string) => boolean): Statement[] {
  const value = (name: string) => given.find((one) => one.name === name)?.value
  const target = value('-j')
  if (target === undefined) return []
  if (isChain(target)) return [{ kind: 'jump', chain: target }]
  const then = (name: string, usual: string) => verdict(value(name) ?? usual, table)
  switch (target) {
    case 'mark':
      return [markStatement(value), ...then('--mark-target', 'ACCEPT')]
    case 'dnat':
      return [
        { kind: 'set', field: 'ether daddr', value: readMac(value('--to-dst') ?? '') },
        ...then('--dnat-target', 'ACCEPT'),
      ]
    case 'snat':
      return [
        { kind: 'set', field: 'ether saddr', value: readMac(value('--to-src') ?? '') },
        ...then('--snat-target', 'ACCEPT'),
      ]
    case 'redirect':
      return [
        {
          kind: 'note',
          text: 'this host receives the frame: the bridge replaces the destination MAC address',
        },
        ...then('--redirect-target', 'ACCEPT'),
      ]
    case 'arpreply':
      return [{ kind: 'note', text: 'an ARP request is answered' }, ...then('--arpreply-target', 'DROP')]
    default:
      return verdict(target, table)
  }
}

function markStatement(value: (name: string) => string | undefined): Statement {
  const [set, or, and, xor] = ['set', 'or', 'and', 'xor'].map((how) => value(`--mark-${how}`))
  const field = 'meta mark'
  if (set !== undefined) return { kind: 'set', field, value: readNumber(set) }
  if (or !== undefined) return { kind: 'set', field, value: readNumber(or), mask: readNumber(or) }
  if (and !== undefined) return { kind: 'set', field, value: 0, mask: ~readNumber(and) >>> 0 }
  if (xor !== undefined) return { kind: 'set', field, value: readNumber(xor), mask: 0 }
  throw new WordError('mark: --mark-set, --mark-or, --mark-and or --mark-xor is missing')
}

/** In table broute, what is "dropped" is handed to routing (ebtables.8). */
function verdict(name: string, table: string): Statement[] {
  switch (name) {
    case 'ACCEPT':
      return [{ kind: 'accept' }]
    case 'DROP':
      if (table === 'broute')
        return [{ kind: 'unknown', text: '-j DROP', reason: 'the frame is routed, not bridged', ends: true }]
      return [{ kind: 'drop' }]
    case 'RETURN':
      return [{ kind: 'return' }]
    case 'CONTINUE':
      return []
    default:
      throw new WordError(`-j ${name}: neither a chain of table ${table} nor a known target`)
  }
}
