/** What iptables rules mean: as Linux 6.18 counted them for these very packets in an otherwise empty namespace. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import { emptyWorld } from '../../../src/model/world.ts'
import { evaluateAll } from '../../../src/rules/evaluate.ts'
import { lowerSpec } from '../../../src/rules/iptables/lower.ts'
import { readRule } from '../../../src/rules/iptables/read.ts'
import { splitWords } from '../../../src/rules/iptables/words.ts'

function holds(rule: string, packet: Packet, family: 'ip' | 'ip6') {
  const { specs, problems } = readRule(splitWords(rule), family)
  expect(problems).toEqual([])
  return evaluateAll(lowerSpec(specs[0]!, family).conditions, { packet, family, hook: 'output', world: emptyWorld() })
}

describe('connection tracking', () => {
  const packet: Packet = { src: '127.0.0.1', dst: '127.0.0.1', protocol: 'udp', sport: 40000, dport: 5000, out: 'lo' }
  const fresh: Packet = { ...packet, ctState: 'new', ctStatus: [], ctMark: 0, ctDir: 'original' }
  const untracked: Packet = { ...packet, ctState: 'untracked' }
  const invalid: Packet = { ...packet, protocol: 'tcp', tcpFlags: ['ack'], ctState: 'invalid' }

  it.each([
    // rule, new, untracked, invalid
    ['-m conntrack --ctstate INVALID', false, false, true],
    // what has no entry matches as soon as its state does
    ['-m conntrack --ctstate INVALID --ctproto 17', false, false, true],
    ['-m conntrack --ctstate INVALID --ctorigdst 9.9.9.9', false, false, true],
    ['-m conntrack ! --ctstate ESTABLISHED --ctdir REPLY', false, true, true],
    ['-m conntrack ! --ctstate INVALID --ctdir REPLY', false, true, false],
    ['-m conntrack --ctdir ORIGINAL', true, false, false],
    // NONE is no bit that could be set
    ['-m conntrack --ctstatus NONE', false, false, false],
    ['-m conntrack ! --ctstatus NONE', true, false, false],
    ['-m conntrack ! --ctstatus ASSURED', true, false, false],
    ['-m conntrack --ctstate DNAT', false, false, false],
    ['-m conntrack ! --ctstate DNAT', true, true, true],
    ['-m connmark --mark 0', true, false, false],
    ['-m connmark ! --mark 5', true, false, false],
    ['-m connlabel --label 4 --set', true, false, false],
    ['-m connlabel ! --label 5 --set', false, true, true],
  ] as const)('%s', (rule, ...expected) => {
    expect([fresh, untracked, invalid].map((one) => holds(rule, one, 'ip'))).toEqual(expected)
  })

  it('asks nothing of an entry that is not there', () => {
    expect(holds('-m connlabel ! --label 3', untracked, 'ip')).toBe(true)
    expect(holds('-m connlabel --label 3', untracked, 'ip')).toBe(false)
    expect(holds('-m helper ! --helper ftp', invalid, 'ip')).toBe(true)
    expect(holds('-m helper --helper ""', invalid, 'ip')).toBe(false)
    expect(
      holds('-m connbytes ! --connbytes 10:11 --connbytes-mode packets --connbytes-dir both', untracked, 'ip'),
    ).toBe(false)
    expect(holds('-m conntrack --ctproto 17', untracked, 'ip')).toBe(false)
    expect(holds('-m conntrack ! --ctproto 17', untracked, 'ip')).toBe(false)
  })
})

describe('IPv6 address types', () => {
  const to = (dst: string): Packet => ({ src: 'fd00::1', dst, protocol: 'udp', sport: 40000, dport: 5000 })

  it.each([
    // rule, ::1, a multicast group
    // an own address is a unicast address, too, where only the kind of address is asked
    ['-m addrtype --dst-type UNICAST', true, false],
    ['-m addrtype ! --dst-type UNICAST', false, true],
    ['-m addrtype --dst-type LOCAL', true, false],
    ['-m addrtype --dst-type UNICAST,LOCAL', true, false],
    ['-m addrtype --dst-type MULTICAST', false, true],
    // several types must all be true
    ['-m addrtype --dst-type MULTICAST,LOCAL', false, false],
    ['-m addrtype --src-type UNSPEC', false, false],
  ] as const)('%s', (rule, ...expected) => {
    expect(['::1', 'ff02::1234'].map((dst) => holds(rule, to(dst), 'ip6'))).toEqual(expected)
  })
})

it('nothing is in a range whose ends are the wrong way round', () => {
  const packet: Packet = { src: '127.0.0.1', dst: '127.0.0.1', protocol: 'udp', length: 33 }
  expect(holds('-m length --length 4:3', packet, 'ip')).toBe(false)
  expect(holds('-m length ! --length 4:3', packet, 'ip')).toBe(true)
  expect(holds('-m iprange --dst-range 127.0.0.9-127.0.0.1', packet, 'ip')).toBe(false)
  expect(holds('-m iprange ! --dst-range 127.0.0.9-127.0.0.1', packet, 'ip')).toBe(true)
})
