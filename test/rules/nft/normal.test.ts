/** Ways to say one thing that have one form, and so one text and one meaning. */
import { describe, expect, it } from 'vitest'
import { rulesOf } from './ask.ts'

const SETS = 'set s { type ipv4_addr; }\nchain web { }'
const nft = (rule: string, family = 'inet') => rulesOf(rule, SETS, family).rules[0]!

describe('the same', () => {
  it.each([
    ['tcp dport ssh', 'tcp dport 22'],
    ['tcp dport { 22 }', 'tcp dport 22'],
    ['tcp dport { 443, 80, http }', 'tcp dport { 80, 443 }'],
    ['tcp dport 80-80', 'tcp dport 80'],
    ['meta l4proto 6', 'meta l4proto tcp'],
    ['ip protocol comp', 'ip protocol 108'],
    ['ip saddr 192.0.2.9/24', 'ip saddr 192.0.2.0/24'],
    ['ip saddr 192.0.2.9/32', 'ip saddr 192.0.2.9'],
    ['ip saddr & 255.255.255.0 == 192.0.2.0', 'ip saddr 192.0.2.0/24'],
    ['ip6 saddr 2001:DB8:0:0::1', 'ip6 saddr 2001:db8::1'],
    ['icmp type 8', 'icmp type echo-request'],
    ['icmpv6 type { 136, 135 }', 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }'],
    ['ct state related,established', 'ct state established,related'],
    ['ct state new,new', 'ct state new'],
    ['ip dscp 10', 'ip dscp af11'],
    ['meta mark 16', 'meta mark 0x00000010'],
    ['meta mark set 0x1 | 0x10', 'meta mark set 0x11'],
    ['meta priority 0x10002', 'meta priority 1:2'],
    ['ether saddr 2:0:0:0:0:A', 'ether saddr 02:00:00:00:00:0a'],
    ['ether type 0x800', 'ether type ip'],
    ['meta pkttype host', 'meta pkttype unicast'],
    ['ct expiration 1m30s', 'ct expiration 90s'],
    ['meta skuid root', 'meta skuid 0'],
    ['limit rate 10/second', 'limit rate 10/second burst 5 packets'],
    ['add @s { ip saddr limit rate 10/second }', 'add @s { ip saddr limit rate 10/second burst 5 packets }'],
    ['limit rate 2048 bytes/second', 'limit rate 2 kbytes/second'],
    ['quota 1024 kbytes', 'quota 1 mbytes'],
    ['log level warn', 'log'],
    ['reject with icmpx port-unreachable', 'reject'],
    ['snat ip to 192.0.2.1 random,persistent', 'snat ip to 192.0.2.1 persistent,random'],
    ['queue', 'queue num 0'],
    ['fib iif . saddr oif missing', 'fib saddr . iif oif missing'],
  ])('%s and %s', (one, other) => {
    expect(nft(one).nft).toEqual(nft(other).nft)
    expect(nft(one).text).toBe(nft(other).text)
    expect(nft(one).conditions).toEqual(nft(other).conditions)
  })

  it('in tables of one family', () => {
    expect(nft('reject with icmp port-unreachable', 'ip').nft).toEqual(nft('reject', 'ip').nft)
    expect(nft('reject with icmp port-unreachable').nft).not.toEqual(nft('reject').nft)
    expect(nft('dnat ip to 192.0.2.1', 'ip').nft).toEqual(nft('dnat to 192.0.2.1', 'ip').nft)
  })
})

describe('not the same', () => {
  it.each([
    // the one asks for any of the bits, the other for just these
    ['ct status dnat', 'ct status == dnat'],
    ['tcp flags syn', 'tcp flags == syn'],
    ['tcp flags & (syn | ack) == syn', 'tcp flags & (syn | ack) == ack'],
    ['limit rate 10/second', 'limit rate over 10/second'],
    ['ip saddr @s', 'ip daddr @s'],
    ['jump web', 'goto web'],
  ])('%s and %s', (one, other) => {
    expect(nft(one).nft).not.toEqual(nft(other).nft)
  })
})
