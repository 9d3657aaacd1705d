/** What nft's matches say of packets; test/kernel/nft-conditions.test.ts asks the kernel the same at random. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import { match } from '../../../src/rules/match.ts'
import { matches, momentOf, rulesOf, told } from './ask.ts'

const TCP: Packet = {
  ...{ src: '192.0.2.7', dst: '198.51.100.9', protocol: 'tcp', sport: 40000, dport: 22, tcpFlags: ['syn'] },
  ...{ in: 'eth0', out: 'eth1', mark: 0x10, ttl: 63, length: 60, tos: 0x28, ctState: 'new', ctStatus: ['confirmed'] },
}
const UDP: Packet = { ...TCP, protocol: 'udp', dport: 53 }
const ICMP: Packet = { src: '192.0.2.7', dst: '198.51.100.9', protocol: 'icmp', icmpType: 8, icmpCode: 0, icmpId: 5 }
const V6: Packet = { ...TCP, src: '2001:db8::7', dst: '2001:db8:1::9' }
/** A report of multicast listener discovery: in front of it stands a hop-by-hop header. */
const REPORT: Packet = { src: 'fe80::1', dst: 'ff02::16', protocol: 'icmpv6', icmpType: 143, icmpCode: 0, ttl: 1 }
const FRAGMENT: Packet = { ...TCP, fragOffset: 1480 }

const rows = (name: string, list: [rule: string, packet: Packet, expected: boolean | string][]) =>
  describe(name, () => {
    it.each(list)('%s', (rule, packet, expected) => expect(matches(rule, packet)).toBe(expected))
  })

rows('headers', [
  ['ip saddr 192.0.2.7', TCP, true],
  ['ip saddr 192.0.2.0/24', TCP, true],
  ['ip saddr != 192.0.2.0/24', TCP, false],
  ['ip saddr 192.0.2.1-192.0.2.9', TCP, true],
  ['ip saddr { 192.0.2.1, 192.0.2.4-192.0.2.8 }', TCP, true],
  ['ip saddr & 255.255.0.255 == 192.0.0.7', TCP, true],
  // of the other version there is no such field
  ['ip saddr != 192.0.2.7', V6, false],
  ['ip6 saddr 2001:db8::/32', V6, true],
  ['ip ttl 63', TCP, true],
  ['ip ttl < 63', TCP, false],
  ['ip dscp af11', TCP, true],
  ['ip dscp { cs1, af11 }', TCP, true],
  ['ip protocol tcp', TCP, true],
  ['ip protocol { udp, icmp }', TCP, false],
  ['ip6 nexthdr udp', V6, false],
  ['ip6 nexthdr tcp', V6, 'ip6 nexthdr is not known'],
  ['ip6 nexthdr ipv6-icmp', REPORT, false],
  ['ip6 nexthdr { tcp, ipv6-icmp }', REPORT, false],
  ['ip6 nexthdr hopopt', REPORT, true],
  ['ip6 nexthdr hopopt hbh nexthdr ipv6-icmp', REPORT, true],
  ['exthdr hbh exists', REPORT, true],
  ['exthdr frag exists', REPORT, false],
  ['meta l4proto ipv6-icmp', REPORT, true],
  ['ip6 nexthdr ipv6-icmp', { ...REPORT, icmpType: 135 }, 'ip6 nexthdr is not known'],
  ['meta length 40-80', TCP, true],
])

rows('transport', [
  ['tcp dport 22', TCP, true],
  ['tcp dport ssh', TCP, true],
  ['tcp dport 22', UDP, false],
  ['tcp dport != 22', UDP, false],
  // kernels differ in what they compare there
  ['tcp dport 22', FRAGMENT, 'a later fragment does not contain that header'],
  ['udp dport 22', FRAGMENT, false],
  ['th dport 22', { ...ICMP, protocol: 'gre' }, 'the protocol has no ports; the bytes at their position are not known'],
  ['tcp option maxseg missing', UDP, true],
  ['tcp option maxseg exists', UDP, false],
  ['tcp option maxseg exists', { ...TCP, tcpOptions: '020405B4' }, true],
  ['tcp option maxseg size 1460', { ...TCP, tcpOptions: '020405B4' }, true],
  // longer than the header, and beginning with its last byte
  ['tcp option sack-perm exists', { ...TCP, tcpOptions: '010104FF' }, false],
  ['tcp option sack-perm exists', { ...TCP, tcpOptions: '01010104' }, false],
  ['th dport { 22, 53 }', UDP, true],
  ['meta l4proto { tcp, udp } th dport 53', UDP, true],
  ['meta l4proto != tcp', UDP, true],
  ['tcp flags syn', TCP, true],
  ['tcp flags & (syn | ack) == syn', TCP, true],
  ['tcp flags & (fin | syn | rst | ack) == ack', TCP, false],
  ['tcp flags ! ack', TCP, true],
  ['tcp flags == syn', { ...TCP, tcpFlags: ['syn', 'ack'] }, false],
  ['tcp flags != syn', { ...TCP, tcpFlags: ['syn', 'ack'] }, true],
  ['icmp type echo-request', ICMP, true],
  ['icmp type { echo-reply, 8 }', ICMP, true],
  ['icmp id 5', ICMP, true],
  ['icmp id != 4', { ...ICMP, icmpType: 3 }, false],
  ['icmpv6 type echo-request', ICMP, false],
  ['icmp type echo-request', TCP, false],
])

rows('the way and the mark', [
  ['iifname "eth0"', TCP, true],
  ['iifname "eth*" oifname { "eth1", "lo" }', TCP, true],
  ['iif != lo', TCP, true],
  ['meta mark 0x10', TCP, true],
  ['meta mark & 0x30 == 0x10', TCP, true],
  ['meta mark & 0x30 != 0', TCP, true],
  ['meta mark 0x00-0x0f', TCP, false],
  ['meta nfproto ipv4', TCP, true],
  ['meta nfproto ipv6', TCP, false],
  ['meta skuid 0', TCP, false],
])

rows('connections', [
  ['ct state established,related', TCP, false],
  ['ct state { new, untracked }', TCP, true],
  ['ct state != { new, untracked }', TCP, false],
  // the word says two bits at once, and no packet has them both
  ['ct state != established | related', TCP, true],
  ['ct state ! established,related', TCP, true],
  ['ct status dnat', { ...TCP, ctStatus: ['confirmed', 'dnat'] }, true],
  ['ct status ! dnat', { ...TCP, ctStatus: ['confirmed', 'dnat'] }, false],
  // != compares all bits of the status
  ['ct status != dnat', { ...TCP, ctStatus: ['confirmed', 'dnat'] }, true],
  ['ct status == dnat', { ...TCP, ctStatus: ['dnat', 'assured'] }, false],
  [
    'ct status == dnat',
    { ...TCP, ctStatus: ['dnat'] },
    "some of the connection's status bits have no name in nft, and these bits are unknown",
  ],
  ['ct status & (snat | dnat) == dnat', { ...TCP, ctStatus: ['dnat', 'assured'] }, true],
  ['ct status & (snat | dnat) == assured', { ...TCP, ctStatus: ['dnat', 'assured'] }, false],
  ['ct status & (snat | dnat) != 0', { ...TCP, ctStatus: ['dnat', 'assured'] }, true],
])

rows('what cannot be told', [
  ['limit rate 5/second', TCP, 'depends on how many packets came before'],
  ['quota over 25 mbytes', TCP, 'depends on how many bytes came before'],
  ['ct count over 10', TCP, 'depends on the number of connections open at that moment'],
  ['numgen random mod 2 == 0', TCP, 'is random'],
  ['meta hour "08:00"-"18:00"', TCP, 'depends on when the packet came'],
  ['tcp dport 80 limit rate 5/second', TCP, false],
  ['@th,160,16 22', TCP, '@th,160,16 is not known'],
  ['socket transparent 1', TCP, 'the sockets open at that moment are not known'],
])

it('asks for a header only where the rule has not', () => {
  expect(matches('meta l4proto tcp th dport 22', TCP, '', 'ip')).toBe(true)
  expect(matches('tcp dport 22 tcp sport 40000', TCP, '', 'ip')).toBe(true)
})

// nft 1.0.6 prints `meta load protocol => reg 1, cmp eq reg 1 0x00000008` in front of each of them
it.each(['bridge', 'netdev'])('asks for the type of the frame in a table of family %s', (family) => {
  const frame = (rule: string, packet: Packet) => {
    const { world, rules } = rulesOf(rule, '', family)
    return told(match(rules[0]!, { ...momentOf(packet, world), family: family as 'bridge' | 'netdev' }).truth)
  }
  expect(frame('ip protocol icmp', ICMP)).toBe(true)
  expect(frame('icmp type echo-request', ICMP)).toBe(true)
  expect(frame('ip saddr 192.0.2.7', TCP)).toBe(true)
  expect(frame('ip saddr 192.0.2.8', TCP)).toBe(false)
  expect(frame('ip6 saddr 2001:db8::7', V6)).toBe(true)
  expect(frame('ip6 saddr != 2001:db8::7', TCP)).toBe(false)
})
