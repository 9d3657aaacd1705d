/** What nft's statements become; iptables' targets become the same (test/corpus/translations.test.ts). */
import { describe, expect, it } from 'vitest'
import type { Statement } from '../../../src/model/statement.ts'
import { rulesOf } from './ask.ts'

const MORE = 'chain web { }\nset s { type ipv4_addr; flags dynamic; }\nmap m { type inet_service : ipv4_addr; }'

const statements = (rule: string, family = 'inet'): Statement[] => rulesOf(rule, MORE, family).rules[0]!.statements
const conditions = (rule: string, family = 'inet') =>
  rulesOf(rule, MORE, family).rules[0]!.conditions.map((one) => (one.kind === 'compare' ? one.field : one.kind))

describe('a statement', () => {
  it.each<[string, ...Statement[]]>([
    ['accept', { kind: 'accept' }],
    ['jump web', { kind: 'jump', chain: 'web' }],
    ['goto web', { kind: 'goto', chain: 'web' }],
    ['return', { kind: 'return' }],
    ['reject', { kind: 'reject', with: 'icmpx-port-unreachable' }],
    ['reject with icmp host-prohibited', { kind: 'reject', with: 'icmp-host-prohibited' }],
    ['reject with icmpv6 no-route', { kind: 'reject', with: 'icmp6-no-route' }],
    ['tcp dport 1 reject with tcp reset', { kind: 'reject', with: 'tcp-reset' }],
    ['counter packets 1 bytes 2'],
    ['log prefix "new: " level info', { kind: 'log', prefix: 'new: ' }],
    ['log group 2', { kind: 'log', group: 2 }],
    ['queue num 1-3 bypass', { kind: 'queue', from: 1, to: 3, bypass: true }],
    ['notrack', { kind: 'notrack' }],
    ['meta nftrace set 1', { kind: 'trace' }],
    ['meta mark set 0x5', { kind: 'set', field: 'meta mark', value: 5 }],
    ['meta mark set meta mark | 0x5', { kind: 'set', field: 'meta mark', value: 5, mask: 5 }],
    ['meta mark set meta mark & 0xffff00ff | 0x1200', { kind: 'set', field: 'meta mark', value: 0x1200, mask: 0xff00 }],
    ['meta mark set meta mark ^ 0x5', { kind: 'set', field: 'meta mark', value: 5, mask: 0 }],
    ['ct mark set meta mark', { kind: 'set', field: 'ct mark', value: { field: 'meta mark' } }],
    ['meta mark set ct mark & 0xff', { kind: 'set', field: 'meta mark', value: { field: 'ct mark', mask: 0xff } }],
    [
      'meta mark set ct mark << 8',
      { kind: 'set', field: 'meta mark', value: { field: 'ct mark', shift: 8, mask: 0xffffff } },
    ],
    [
      'ct mark set ct mark & 0xffff0000 | meta mark & 0xffff',
      { kind: 'set', field: 'ct mark', value: { field: 'meta mark', mask: 0xffff }, mask: 0xffff },
    ],
    ['ip ttl set 5', { kind: 'set', field: 'ip ttl', value: 5 }],
    ['ip6 dscp set ef', { kind: 'set', field: 'ip6 dscp', value: 0x2e }],
    ['tcp option maxseg size set 1400', { kind: 'set', field: 'tcp option maxseg size', value: 1400, op: 'min' }],
    [
      'tcp dport 1 tproxy ip to 192.0.2.1:50080',
      { kind: 'tproxy', address: '192.0.2.1', port: 50080, otherwise: 'next-rule' },
    ],
    ['masquerade random', { kind: 'masquerade', flags: ['random'] }],
    ['tcp dport 1 redirect to :8080', { kind: 'redirect', ports: [8080, 8080] }],
    ['dnat ip to 192.0.2.1-192.0.2.9', { kind: 'dnat', family: 'ip', addresses: ['192.0.2.1', '192.0.2.9'] }],
    [
      'tcp dport 1 dnat ip6 to [2001:db8::1]:80',
      { kind: 'dnat', family: 'ip6', addresses: ['2001:db8::1', '2001:db8::1'], ports: [80, 80] },
    ],
    ['snat ip prefix to 192.0.2.0/24', { kind: 'netmap', family: 'ip', network: { prefix: '192.0.2.0', length: 24 } }],
    [
      'dnat ip to tcp dport map @m',
      {
        kind: 'dnat',
        family: 'ip',
        map: {
          fields: ['tcp dport'],
          set: 'm',
          nft: { table: { family: 'inet', name: 't' } },
          gives: ['address', 'port'],
        },
      },
    ],
    [
      'update @s { ip saddr timeout 30s }',
      {
        ...{ kind: 'update-set', op: 'add', set: 's', fields: ['ip saddr'], timeout: 30 },
        nft: { table: { family: 'inet', name: 't' } },
      },
    ],
  ])('%s', (rule, ...expected) => {
    expect(statements(rule)).toEqual(expected)
  })

  it('of a netdev chain may send the packet elsewhere', () => {
    expect(statements('fwd to "lo"', 'netdev')).toEqual([{ kind: 'stolen', by: 'fwd' }])
  })
})

describe('what a statement asks first', () => {
  it.each([
    ['ip ttl set 5', ['meta nfproto']],
    ['dnat ip to tcp dport map @m', ['meta l4proto', 'lookup']],
    ['reject with icmp host-prohibited', ['meta nfproto']],
    ['update @s { ip saddr limit rate 1/second }', ['meta nfproto', 'room', 'unknown']],
    ['ct mark set 5', []],
  ])('%s', (rule, expected) => expect(conditions(rule)).toEqual(expected))
})

it.each(['tcp dport 80 redirect to :Infinity', 'tcp dport 80 redirect to :99999', 'queue num 1-Infinity'])(
  '%s: a word that is no such number is none',
  (rule) => {
    expect(JSON.stringify(statements(rule, 'ip'))).not.toMatch(/null|Infinity\b(?!")|99999[,\]]/)
  },
)
