/** The same filters and packets given to the real tcpdump. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../src/filter/parse.ts'
import type { Packet } from '../../src/model/packet.ts'
import { share } from '../share.ts'
import { anyFilter } from './any-filter.ts'
import { PACKETS, readRows } from './rows.ts'
import { taken } from './take.ts'
import { HAS_TCPDUMP, tcpdumpOf } from './tcpdump.ts'

const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.2.3', '192.168.1.5')
const address6 = fc.constantFrom('2001:db8::1', '2001:db8:1::2', '::1', 'fe80::1')
const port = fc.constantFrom(22, 53, 80, 81, 443, 5000, 40000)
const endpoints = fc.oneof(
  fc.record({ src: address, dst: address, ipId: fc.nat(0xffff) }),
  fc.record({ src: address6, dst: address6 }),
)
const transport = fc.oneof(
  fc.record({
    protocol: fc.constant('tcp'),
    sport: port,
    dport: port,
    tcpFlags: fc.subarray(['fin', 'syn', 'rst', 'psh', 'ack']),
    tcpSeq: fc.nat(0xffffffff),
  }),
  fc.record({ protocol: fc.constantFrom('udp', 'sctp'), sport: port, dport: port }),
  fc.record({ protocol: fc.constantFrom('igmp', 'esp', 'ah', 'pim', 'vrrp', '99') }),
  fc.record({ protocol: fc.constantFrom('icmp', 'icmpv6'), icmpType: fc.constant(8), icmpId: fc.nat(0xffff) }),
)
const anyPacket: fc.Arbitrary<Packet> = fc
  .tuple(endpoints, transport, fc.constantFrom(0, 0, 0, 8, 1480))
  .map(([ends, rest, fragOffset]) =>
    fragOffset > 0 && !ends.src.includes(':') ? { ...ends, protocol: rest.protocol, fragOffset } : { ...ends, ...rest },
  )

describe.runIf(HAS_TCPDUMP)('the real tcpdump', () => {
  const ask = HAS_TCPDUMP ? tcpdumpOf(PACKETS) : () => undefined

  it('takes what the table says', () => {
    for (const [filter, places] of readRows('accepted.txt'))
      expect([filter, ask(filter!)?.join(' ') || 'none']).toEqual([filter, places])
  })

  it('refuses what the table says', () => {
    for (const [filter] of readRows('refused.txt').filter(([filter]) => !filter!.includes('[')))
      expect([filter, ask(filter!)]).toEqual([filter, undefined])
  })

  it.each([
    ['ip and syn', 'tcp[13] & 0x17 = 2'],
    ['ip6 and syn', 'ip6[6] = 6 and ip6[53] & 0x17 = 2'],
    ['ipid 10', 'ip[4:2] = 10'],
    ['ip and seq 4294967295', 'tcp[4:4] = 0xffffffff'],
    ['ip and (seq 1000 or 7)', 'tcp[4:4] = 1000 or tcp[4:4] = 7'],
    ['ip and icmpid 77', 'icmp[4:2] = 77'],
    ['icmp6 and icmpid 77', 'icmp6[4:2] = 77'],
    ['ip and opt 020405B4', 'tcp[12] = 0x60 and tcp[20:4] = 0x020405b4'],
  ])('%s is its %s', (filter, bytes) => {
    expect(taken(filter, PACKETS)).toEqual(ask(bytes))
    expect(taken(filter, PACKETS)).not.toEqual([])
  })

  it('agrees on generated filters and packets', () => {
    const packets = fc.sample(anyPacket, { numRuns: share(400), seed: 7 })
    const askThem = tcpdumpOf(packets)
    let some = 0
    fc.assert(
      fc.property(anyFilter(), (filter) => {
        const theirs = askThem(filter)
        if (theirs === undefined) return
        if (theirs.length > 0 && theirs.length < packets.length) some++
        expect([filter, parseFilter(filter)]).not.toEqual([filter, { error: expect.anything() }])
        expect([filter, taken(filter, packets)]).toEqual([filter, theirs])
      }),
      { numRuns: share(250) },
    )
    // most of them tell packets apart
    expect(some).toBeGreaterThan(0.4 * share(250))
  })
})
