/** A rule asks the packet's destination for what its source has, or the other way round. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { isOtherEnd } from '../../../src/explain/counterfactual/other-end.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { type Case, findingsOf, played, told } from './played.ts'

const ANSWER = {
  ...{ in: 'eth0', protocol: 'udp', src: '10.0.1.53', dst: '10.0.1.1', sport: 53, dport: 40_003, ipId: 1 },
}
const input = (rule: string): Case => ({ rules: { filter: ['-P INPUT DROP', rule] }, packet: ANSWER })
const RULE = '[0:0] -A INPUT -s 10.0.1.53/32 -p udp -m udp --dport 53 -j ACCEPT'

describe('the other end', () => {
  it('is where the port is, and the rule that nothing has met is turned', () => {
    const [one] = findingsOf(played(input(RULE)), 'near-miss')
    expect(one?.message).toBe(
      'filter INPUT rule 1 would have accepted it, but only matches --dport 53; 53 is its source port, not its destination port.',
    )
    expect(told(input(RULE), 'near-miss')?.fix).toBe(
      'iptables -R INPUT 1 -s 10.0.1.53 -p udp --sport 53 -j ACCEPT → delivered',
    )
  })

  it('is where the address is', () => {
    const rule = '[0:0] -A INPUT -d 10.0.1.53/32 -p udp -m udp --sport 53 -j ACCEPT'
    expect(findingsOf(played(input(rule)), 'near-miss')[0]?.message).toContain(
      'only matches -d 10.0.1.53/32; 10.0.1.53 is its source, not its destination.',
    )
    expect(told(input(rule), 'near-miss')?.fix).toBe(
      'iptables -R INPUT 1 -s 10.0.1.53 -p udp --sport 53 -j ACCEPT → delivered',
    )
  })

  it('is not taken from a rule that others meet, or may', () => {
    for (const counters of ['[7:420]', ''])
      expect(told(input(RULE.replace('[0:0]', counters).trim()), 'near-miss')?.fix).toBeUndefined()
  })

  it('is not meant where who begins a connection has that port by chance', () => {
    const condition = { kind: 'compare', field: 'tcp dport', op: '==', value: 25_279, text: '' } as const
    const packet = { ...ANSWER, protocol: 'tcp', sport: 25_279, dport: 80 }
    expect(isOtherEnd({ condition }, { ...packet, tcpFlags: ['syn'] })).toBe(false)
    expect(isOtherEnd({ condition }, { ...packet, tcpFlags: ['syn', 'ack'] })).toBe(true)
    expect(isOtherEnd({ condition }, { ...packet, tcpFlags: ['syn'], sport: 53 })).toBe(false)
    expect(isOtherEnd({ condition: { ...condition, value: 53 } }, { ...packet, tcpFlags: ['syn'], sport: 53 })).toBe(
      true,
    )
  })

  it('is not meant by a rule for the way back of what has a port of its own on both sides', () => {
    const lease = { in: 'eth0', protocol: 'udp', src: '0.0.0.0', dst: '255.255.255.255', sport: 68, dport: 67, ipId: 1 }
    const one = { ...input('[0:0] -A INPUT -p udp -m udp --dport 68 -j ACCEPT'), packet: lease }
    for (const { message, fix } of findingsOf(played(one), 'near-miss')) {
      expect(message).toMatch(/only matches --dport 68; the packet is for port 67\.$/)
      expect(fix).toEqual([])
    }
    const condition = { kind: 'compare', field: 'udp dport', op: '==', value: 68, text: '' } as const
    expect(isOtherEnd({ condition }, lease)).toBe(false)
    // whoever asked has a port by chance: this is a reply
    expect(isOtherEnd({ condition: { ...condition, value: 53 } }, ANSWER)).toBe(true)
  })

  it("is turned in nft's words as well", () => {
    const ruleset = `table inet fw { # handle 1
	chain input { # handle 1
		type filter hook input priority filter; policy drop;
		ip saddr 10.0.1.53 udp dport 53 counter packets 0 bytes 0 accept # handle 4
	}
}
`
    const trace = `trace id 7 inet fw input packet: iif "eth0" ip saddr 10.0.1.53 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol udp ip length 60 udp sport 53 udp dport 40003 udp length 40 udp checksum 0
trace id 7 inet fw input policy drop
`
    const [one] = explainFile(trace, worldOf(ruleset)).journeys[0]!.findings.filter(({ code }) => code === 'near-miss')
    expect(`${fixCommands(one!.fix[0]!).command}`).toBe(
      'nft replace rule inet fw input handle 4 ip saddr 10.0.1.53 udp sport 53 counter accept',
    )
  })
})
