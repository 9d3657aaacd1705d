/** What a filter tells of where a packet can be traced. */
import { expect, test } from 'vitest'
import { waysOf } from '../../../src/live/doctor/wish.ts'
import { readFacts } from '../../../src/live/survey/facts.ts'
import { wishFor } from './wishes.ts'

test.each<[string, object]>([
  ['', { families: ['ip', 'ip6'], packet: {} }],
  ['tcp dst port 52000', { families: ['ip', 'ip6'], packet: { protocol: 'tcp', dport: 52000 } }],
  ['port 53', { families: ['ip', 'ip6'], packet: {} }],
  ['ip6', { families: ['ip6'], packet: {} }],
  ['icmp6', { families: ['ip6'], packet: { protocol: 'icmpv6' } }],
  ['src host 192.0.2.1', { families: ['ip'], packet: { src: '192.0.2.1' } }],
  ['host 192.0.2.1', { families: ['ip'], packet: {} }],
  ['host 192.0.2.1 or host 2001:db8::1', { families: ['ip', 'ip6'], packet: {} }],
  ['not src host 192.0.2.1', { families: ['ip', 'ip6'], packet: {} }],
  ['in eth0 and out eth1', { families: ['ip', 'ip6'], packet: { in: 'eth0', out: 'eth1' } }],
  ['src net 192.0.2.0/24', { families: ['ip'], packet: {} }],
])('%s', (filter, wish) => {
  expect(wishFor(filter)).toEqual({ filter, ...wish, condition: expect.anything() })
})

const facts = readFacts(
  'text addr 2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever\n' +
    'text addr 2: eth0    inet6 2001:db8::1/64 scope global \\       valid_lft forever',
)

test.each([
  ['', true, true, true],
  ['in eth0', true, false, false],
  ['in lo', false, false, true],
  ['out eth0', true, true, true],
  ['src host 192.0.2.1', false, true, true],
  ['src host 2001:db8::1', false, true, true],
  ['dst host 192.0.2.1', true, false, true],
  ['dst host 192.0.2.9', true, true, false],
  ['src host 192.0.2.9', true, false, false],
  ['src host 192.0.2.9 and dst host 192.0.2.1', true, false, false],
  ['src host 192.0.2.1 and dst host 2001:db8::1', false, false, true],
  ['src host 127.0.0.1 and dst host 127.0.0.1', false, false, true],
])('%s: comes in %s, is sent %s, to itself %s', (filter, incoming, sent, looped) => {
  expect(waysOf(wishFor(filter), facts)).toEqual({ incoming, sent, looped })
})

test('which addresses are its own is not known without `ip`', () => {
  const unknown = readFacts('')
  expect(waysOf(wishFor('src host 192.0.2.9'), unknown)).toEqual({ incoming: true, sent: true, looped: true })
})
