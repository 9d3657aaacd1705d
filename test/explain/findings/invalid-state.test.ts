/** Connection tracking could make nothing of it. */
import { describe, expect, it } from 'vitest'
import type { Host, Packet } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry } from '../../simulate/world.ts'
import { type Case, captured, findingsOf, REPLY, SYN, told } from './played.ts'

const INVALID = '-A FORWARD -m conntrack --ctstate INVALID -j DROP'
const stray: Packet = { ...REPLY, tcpFlags: ['syn', 'ack'] }

describe('invalid-state', () => {
  it('says of a SYN ACK that conntrack has no entry of its SYN', () => {
    const found = told({ rules: { filter: [INVALID] }, packet: stray }, 'invalid-state')
    expect(found?.rules).toEqual(['filter FORWARD rule 1'])
    expect(found?.message).toMatch(
      /dropped it as invalid: conntrack has no entry for its SYN: the SYN may have taken another route, past this host\.$/,
    )
  })

  const sysctls = (name: string, value: string) => ({
    sysctls: new Map([[`net.netfilter.nf_conntrack_${name}`, value]]),
  })
  const ack: Packet = { ...SYN, tcpFlags: ['ack'] }
  // the kernel counts it as invalid for its checksum; the capture cannot show that
  const seen = (packet: Packet, host: Host = {}): string => {
    const line = {
      in: 'eth0',
      out: 'eth1',
      src: packet.src!,
      dst: packet.dst!,
      flags: packet.tcpFlags!.join(' ').toUpperCase(),
    }
    const journey = captured({ filter: [INVALID] }, [trace('filter:FORWARD:rule:1', line)], { conntrack: [], ...host })
    return findingsOf(journey, 'invalid-state')[0]!.message
  }

  it('does not say that the beginning is missing of what conntrack picks up in the middle', () => {
    expect(seen(ack)).not.toContain('has not seen how')
    expect(seen(ack)).toContain('or its checksum is wrong')
    expect(seen(ack, sysctls('tcp_loose', '0'))).toContain(
      "filter FORWARD rule 1 dropped it as invalid: conntrack could not assign it to a connection. Perhaps this host did not see the connection's first packet, or its replies take another route, or its checksum is wrong.",
    )
  })

  it('says of what follows a SYN that conntrack saw no SYN ACK', () => {
    const original = { src: SYN.src!, dst: SYN.dst!, sport: 1024, dport: 80 }
    const reply = { src: SYN.dst!, dst: SYN.src!, sport: 80, dport: 1024 }
    const opened = entry({ original, reply, state: 'SYN_SENT', status: ['unreplied'] })
    expect(seen(ack, { conntrack: [opened] })).toBe(
      'filter FORWARD rule 1 dropped it as invalid: conntrack saw no SYN ACK of this connection (its entry is SYN_SENT): the SYN ACK may have taken another route, past this host.',
    )
    const answered = entry({ original, reply, state: 'ESTABLISHED', status: ['assured'] })
    expect(seen(ack, { conntrack: [answered] })).toContain("do not match conntrack's entry")
  })

  it('does not say of what this host replies that it has not seen the request', () => {
    const reply = {
      out: 'eth0',
      src: '10.0.0.1',
      dst: '10.0.0.2',
      protocol: 'icmp',
      icmpType: 0,
      icmpId: 7,
      icmpSeq: 1,
    } as const
    const rules = { filter: ['-A OUTPUT -m conntrack --ctstate INVALID -j DROP'] }
    const journey = captured(rules, [trace('filter:OUTPUT:rule:1', reply)], { conntrack: [] })
    const [found] = findingsOf(journey, 'invalid-state')
    expect(found!.message).toMatch(
      'filter OUTPUT rule 1 dropped it as invalid: conntrack could not assign it to a connection. Perhaps no connection has these two addresses: the request went to a multicast or broadcast address, or it was untracked.',
    )
    expect(found!.message).not.toContain('has not seen how')
  })

  it('suspects the checksum only where it is looked at', () => {
    expect(seen(ack, sysctls('checksum', '0'))).not.toContain('checksum')
  })

  it('knows flags that never go together', () => {
    expect(seen({ ...SYN, tcpFlags: ['syn', 'fin'] })).toContain('no TCP packet has these flags together (fin syn)')
    expect(seen({ ...SYN, tcpFlags: ['ack', 'psh'] })).not.toContain('flags together')
  })

  it.each([
    ['a rule without a state dropped it', { rules: { filter: ['-A FORWARD -p tcp -j DROP'] }, packet: stray }],
    ['it is a new connection', { rules: { filter: [INVALID, '-A FORWARD -j DROP'] } }],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(told(one, 'invalid-state')).toBeUndefined()
  })
})
