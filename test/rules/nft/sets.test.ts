/** Named and anonymous sets, maps and verdict maps. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import { walk } from '../../../src/rules/walk.ts'
import { PACKET_STEPS, WalkBudget } from '../../../src/rules/walk-budget.ts'
import { matches, momentOf, rulesOf } from './ask.ts'

const TCP: Packet = { src: '192.0.2.7', dst: '198.51.100.9', protocol: 'tcp', sport: 40000, dport: 22, in: 'eth0' }
const SETS = `
set hosts { type ipv4_addr; elements = { 192.0.2.7, 192.0.2.9 } }
set nets { type ipv4_addr; flags interval; elements = { 192.0.2.0/29, 203.0.113.0/24 } }
set pairs { type ipv4_addr . inet_service; flags interval; elements = { 198.51.100.9 . 20-22, 198.51.100.0/25 . 80 } }
set names { type ifname; flags interval; elements = { "eth*", "lo" } }
set types { type icmp_type; elements = { echo-request, echo-reply } }
set protos { type inet_proto; elements = { tcp, 17 } }
set limited { type ipv4_addr; elements = { 192.0.2.7 limit rate 1/second } }
set empty { type ipv4_addr; }
set marks { type mark; elements = { 0x5, 0x7 } }
set spans { type mark; flags interval; elements = { 0x300-0x701 } }
set typed { typeof ip saddr . tcp dport; elements = { 192.0.2.7 . 22 } }
`

describe('sets', () => {
  it.each<[string, boolean | string, Partial<Packet>?]>([
    ['ip saddr @hosts', true],
    ['ip saddr != @hosts', false],
    ['ip saddr @hosts', false, { src: '192.0.2.8' }],
    ['ip saddr != @hosts', true, { src: '192.0.2.8' }],
    ['ip saddr @nets', true],
    ['ip saddr @nets', false, { src: '192.0.2.8' }],
    ['ip saddr @nets', true, { src: '203.0.113.255' }],
    ['ip daddr . tcp dport @pairs', true],
    ['ip daddr . tcp dport @pairs', false, { dport: 23 }],
    ['ip daddr . tcp dport @pairs', true, { dst: '198.51.100.1', dport: 80 }],
    ['ip daddr . tcp dport @pairs', 'a later fragment does not contain that header', { fragOffset: 8 }],
    ['ip daddr . tcp dport @pairs', false, { fragOffset: 8, dst: '203.0.113.1' }],
    ['ip daddr . udp dport != @pairs', false, { fragOffset: 8 }],
    ['ip saddr . tcp dport @typed', true],
    ['ip saddr . tcp dport { 192.0.2.0/24 . 1-100 }', true],
    ['ip saddr . meta iifname { 192.0.2.7 . "eth0" }', true],
    ['iifname @names', true],
    ['iifname @names', false, { in: 'wlan0' }],
    ['meta l4proto @protos', true],
    ['icmp type @types', true, { protocol: 'icmp', icmpType: 8, icmpCode: 0 }],
    ['icmp type @types', false, { protocol: 'icmp', icmpType: 3, icmpCode: 0 }],
    ['ip saddr @empty', false],
    ['ip saddr & 255.255.255.0 . tcp dport { 192.0.2.0 . 22 }', true],
    // what constants make of a mark is looked for
    ['meta mark >> 8 @marks', true, { mark: 0x5ff }],
    ['meta mark >> 8 @marks', false, { mark: 0x5 }],
    ['meta mark >> 4 & 0x7 != @marks', true, { mark: 0x68 }],
    ['meta mark >> 4 & 0x7 != @marks', false, { mark: 0xff5f }],
    ['meta mark & 0x6 | 0x1 @marks', true, { mark: 0xf6 }],
    ['meta mark & 0x6 | 0x1 @marks', false, { mark: 0xf2 }],
    ['meta mark << 8 @spans', true, { mark: 0x7 }],
    ['meta mark << 8 @spans', false, { mark: 0x8 }],
    ['meta mark & 0xff00 | 0x1 0x301-0x701', true, { mark: 0x4ff }],
    ['meta mark & 0xff00 | 0x1 0x301-0x701', false, { mark: 0x8ff }],
    ['meta mark & 0xff00 | 0x1 { 0x301, 0x501 }', true, { mark: 0x542 }],
    ['meta mark & 0xff00 | 0x1 != { 0x301, 0x501 }', false, { mark: 0x542 }],
    ['ip saddr @limited', 'the matching element of set limited has its own limit'],
  ])('%s: %s', (rule, expected, packet = {}) => {
    expect(matches(rule, { ...TCP, ...packet }, SETS)).toBe(expected)
  })

  it('say nothing of elements that are not known', () => {
    expect(matches('ip saddr @elsewhere', TCP)).toBe('the elements of set elsewhere are not known')
  })

  it('are told by what is known of the packet', () => {
    const { sport: _, dport: __, ...noPorts } = TCP
    expect(matches('ip daddr . tcp dport @pairs', noPorts, SETS)).toBe('tcp dport is not known')
    expect(matches('ip daddr . tcp dport @pairs', { ...noPorts, dst: '203.0.113.1' }, SETS)).toBe(false)
  })
})

/** Where a packet ends, in the rules of chain `c`. */
function ending(rules: string, packet: Packet, more = '') {
  const { world } = rulesOf(rules, more)
  const table = world.tables[0]!
  const walked = walk(
    table,
    [{ chain: table.chains.get('c')!, index: 0 }],
    momentOf(packet, world),
    new WalkBudget(PACKET_STEPS),
  )
  const { ending, matched, last } = walked
  return {
    ending,
    rules: matched.map(({ chain, rule }) => `${chain.name} ${rule.ruleNumber}`),
    last: last?.chain.name,
    packet: walked.packet,
  }
}

describe('verdict maps', () => {
  it.each<[string, string, Partial<Packet>?]>([
    ['tcp dport vmap { 22 : accept, 80 : drop }', 'accept'],
    ['tcp dport vmap { 22 : accept, 80 : drop }', 'drop', { dport: 80 }],
    ['tcp dport vmap { 22 : accept, 80 : drop }', 'policy', { dport: 81 }],
    ['tcp dport vmap { 22 : accept, * : drop }', 'drop', { dport: 81 }],
    ['tcp dport vmap { 1-1024 : jump web }', 'drop'],
    ['ip saddr vmap @verdicts', 'drop'],
    ['ip saddr vmap @verdicts; drop', 'drop', { src: '192.0.2.8' }],
    ['meta iifname . tcp dport vmap { "eth0" . 22 : goto web }', 'drop'],
    ['ct state vmap { established : accept, invalid : drop }', 'unknown'],
  ])('%s: %s', (rules, expected, packet = {}) => {
    const more = 'chain web { drop; }\nmap verdicts { type ipv4_addr : verdict; elements = { 192.0.2.7 : jump web } }'
    expect(ending(rules, { ...TCP, ...packet }, more).ending).toBe(expected)
  })

  it('tell the rules on the way', () => {
    const { rules, last } = ending('tcp dport vmap { 22 : jump web }', TCP, 'chain web { accept; }')
    expect(rules).toEqual(['c 1', 'web 1'])
    expect(last).toBe('web')
  })
})

describe('what a rule does in front of its conditions', () => {
  it('is done even where they fail', () => {
    const { packet, rules } = ending('meta mark set 0x5 tcp dport 80 accept; meta mark 0x5 accept', { ...TCP, mark: 0 })
    expect(packet.mark).toBe(5)
    expect(rules).toEqual(['c 2'])
  })

  it('counts for the conditions behind it', () => {
    expect(ending('meta mark set 0x5 meta mark 0x5 accept', { ...TCP, mark: 0 }).ending).toBe('accept')
    expect(ending('meta mark set 0x5 meta mark 0x0 accept', { ...TCP, mark: 0 }).ending).toBe('policy')
  })

  it('is not done where a condition in front of it fails', () => {
    expect(ending('tcp dport 80 meta mark set 0x5 tcp sport 1 accept', { ...TCP, mark: 0 }).packet.mark).toBe(0)
  })

  it('is not known where that is not known', () => {
    const { mark } = ending('limit rate 1/second meta mark set 0x5 tcp sport 1 accept', { ...TCP, mark: 0 }).packet
    expect(mark).toBeUndefined()
  })
})

describe('maps', () => {
  it('give a mark', () => {
    const { packet, rules } = ending('meta mark set tcp dport map { 22 : 0x7, 80 : 0x8 }', { ...TCP, mark: 1 })
    expect(packet.mark).toBe(7)
    expect(rules).toEqual(['c 1'])
  })

  it('leave the rule where they hold nothing', () => {
    const { packet, rules } = ending('meta mark set tcp dport map { 80 : 0x8 }', { ...TCP, mark: 1 })
    expect(packet.mark).toBe(1)
    expect(rules).toEqual([])
  })
})
