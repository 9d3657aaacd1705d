/** A rule that accepts a packet names its protocol, and says how much of it the rule opens. */
import { describe, expect, it } from 'vitest'
import { acceptBefore, acceptNeighbours, changesOf } from '../../../src/explain/changes/change.ts'
import { opensOf } from '../../../src/explain/findings/such-packets.ts'
import type { Packet } from '../../../src/index.ts'
import { said } from '../said.ts'

const iptables = { family: 'ip', table: 'filter', chain: 'FORWARD', rule: '-P FORWARD DROP' }
const nft = { family: 'inet', table: 'fw', chain: 'fwd', rule: 'policy drop' }
const ENDS = { src: '192.0.2.2', dst: '198.51.100.2' }

describe('a protocol without ports', () => {
  it.each([
    ['89', '-p ospf', 'meta l4proto 89'],
    ['ospf', '-p ospf', 'meta l4proto ospf'],
    ['gre', '-p gre', 'meta l4proto gre'],
    ['253', '-p 253', 'meta l4proto 253'],
    ['tcp', '-p tcp', 'meta l4proto tcp'],
  ])('%s is named', (protocol, word, selector) => {
    const packet = { ...ENDS, protocol }
    expect(said(acceptBefore(iptables, packet)).command).toBe(
      `iptables -A FORWARD -s 192.0.2.2 -d 198.51.100.2 ${word} -j ACCEPT`,
    )
    expect(said(acceptBefore(nft, packet)).command).toContain(
      `ip saddr 192.0.2.2 ip daddr 198.51.100.2 ${selector} accept`,
    )
    expect(opensOf({ kind: 'such', packet, hints: {} })).toBe(
      `opens all traffic of protocol ${protocol} from this source to this destination`,
    )
  })

  it('that is not known is not opened with all others', () => {
    expect([acceptBefore(iptables, ENDS), acceptBefore(nft, ENDS)]).toEqual([undefined, undefined])
  })

  it('of number 0 has no word in iptables, where 0 is any', () => {
    const packet = { ...ENDS, protocol: '0' }
    expect(acceptBefore(iptables, packet)).toBeUndefined()
    expect(said(acceptBefore(nft, packet)).command).toContain('meta l4proto 0 accept')
  })

  it('UDP-Lite has ports, which iptables matches by multiport alone', () => {
    const packet = { ...ENDS, protocol: 'udplite', sport: 9, dport: 2000 }
    expect(said(acceptBefore(iptables, packet)).command).toContain('-p udplite -m multiport --dports 2000 -j ACCEPT')
    expect(opensOf({ kind: 'such', packet, hints: {} })).toBe('opens only this source and service')
  })
})

describe('neighbour discovery', () => {
  const ASKS: Packet = { src: '2001:db8::2', dst: 'ff02::1:ff00:1', protocol: 'icmpv6', icmpType: 135, in: 'eth0' }
  const six = { ...iptables, family: 'ip6', chain: 'INPUT', rule: '-P INPUT DROP' }

  it.each([135, 136])('of type %i needs both directions', (icmpType) => {
    const both = said(acceptBefore(six, { ...ASKS, icmpType }, { hook: 'input' }))
    expect(both.command).toBe(
      'ip6tables -A INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT && ip6tables -A INPUT -p ipv6-icmp --icmpv6-type 136 -j ACCEPT',
    )
    expect(both.undo).toBe(
      'ip6tables -D INPUT -p ipv6-icmp --icmpv6-type 136 -j ACCEPT && ip6tables -D INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT',
    )
    expect(said(acceptBefore(nft, { ...ASKS, icmpType }, { hook: 'input' })).command).toContain(
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept comment nfwhy-neighbours-end',
    )
  })

  it('has words in ip6tables where a next hop is asked for', () => {
    expect(said(acceptNeighbours(six, 'ip6')).command).toContain('ip6tables -A INPUT -p ipv6-icmp --icmpv6-type 136')
    expect(acceptNeighbours(iptables, 'ip')).toBeUndefined()
  })

  it('is one change of two rules in front of a rule', () => {
    const before = { family: 'ip6', table: 'filter', chain: 'INPUT', ruleNumber: 3 }
    const change = changesOf(before).add(
      before,
      { chain: 'INPUT', before },
      { kind: 'neighbours', family: 'ip6' },
      { kind: 'accept' },
    )
    expect(said(change).command?.match(/-I INPUT 3/g)).toHaveLength(2)
  })
})

describe('who listens to which group', () => {
  const REPORT: Packet = { src: 'fe80::5', dst: 'ff02::1:ff00:1', protocol: 'icmpv6', icmpType: 131, out: 'eth0' }
  const six = { ...iptables, family: 'ip6', chain: 'OUTPUT', rule: '-P OUTPUT DROP' }

  it.each([130, 131, 132, 143])('a message of type %i needs the others, for all groups', (icmpType) => {
    const packet = { ...REPORT, icmpType }
    expect(said(acceptBefore(nft, packet, { hook: 'output' })).command).toBe(
      'nft add rule inet fw fwd oifname eth0 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept comment nfwhy-listeners-end',
    )
    const { command } = said(acceptBefore(six, packet, { hook: 'output' }))
    expect(command?.split(' && ')).toEqual(
      [130, 131, 132, 143].map((type) => `ip6tables -A OUTPUT -o eth0 -p ipv6-icmp --icmpv6-type ${type} -j ACCEPT`),
    )
    expect(opensOf({ kind: 'such', packet, hints: {} })).toBe(
      'opens only multicast listener discovery on this interface',
    )
  })

  it('IGMP is for all groups, too', () => {
    const packet = { src: '0.0.0.0', dst: '224.0.0.1', protocol: 'igmp', in: 'eth0' }
    expect(said(acceptBefore(iptables, packet, { hook: 'input' })).command).toBe(
      'iptables -A FORWARD -i eth0 -p igmp -j ACCEPT',
    )
    expect(said(acceptBefore(nft, packet, { hook: 'input' })).command).toContain(
      'iifname eth0 meta l4proto igmp accept',
    )
    expect(opensOf({ kind: 'such', packet, hints: {} })).toBe('opens only IGMP on this interface')
  })
})
