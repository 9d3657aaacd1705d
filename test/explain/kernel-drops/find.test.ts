import { describe, expect, it } from 'vitest'
import { addDrops, findDrop } from '../../../src/explain/kernel-drops/find.ts'
import type { Drop, Packet } from '../../../src/index.ts'
import { cpu } from '../../cpu.ts'

const BASE = Date.parse('2026-11-20T12:00:00Z')
const span = (second: number, last = second) => ({ first: BASE + second * 1000, last: BASE + last * 1000 })
const UDP: Packet = { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'udp', sport: 1000, dport: 53, ipId: 7, length: 40 }
const IPV6: Packet = { src: '2001:db8::1', dst: '2001:db8::2', protocol: 'udp', sport: 1000, dport: 53, length: 60 }

const drop = (second: number, packet: Packet, reason = 'NO_SOCKET'): Drop => ({
  time: new Date(BASE + second * 1000).toISOString().replace('Z', '000Z'),
  reason,
  packet,
})

describe('the drop of a packet', () => {
  it.each<[string, Packet, Packet[]]>([
    ['as it came', UDP, [UDP]],
    [
      'with another TTL, mark and interface',
      { ...UDP, ttl: 63, mark: 4, in: '#3', out: 'eth1' },
      [{ ...UDP, ttl: 64, in: 'eth0' }],
    ],
    ['with its destination rewritten in the last rule', { ...UDP, dst: '198.51.100.9', dport: 5353 }, [UDP]],
    ['with its source rewritten', { ...UDP, src: '203.0.113.9', sport: 40_000 }, [UDP]],
    ['as a later step shows it', { ...UDP, dst: '198.51.100.9' }, [UDP, { ...UDP, dst: '198.51.100.9' }]],
    ['of IPv6, which has no id', IPV6, [IPV6]],
    ['whose id is 0', { ...UDP, ipId: 0 }, [{ ...UDP, ipId: 0 }]],
    [
      'of TCP by its number',
      { ...UDP, protocol: 'tcp', ipId: 0, tcpSeq: 9, dst: '198.51.100.9' },
      [{ ...UDP, protocol: 'tcp', ipId: 0, tcpSeq: 9 }],
    ],
    ['that the capture shows in part', { ...UDP, protocol: 'tcp', tcpSeq: 9 }, [{ ...UDP, protocol: 'tcp' }]],
  ])('is found %s', (_, dropped, states) => {
    const one = drop(1, dropped)
    expect(findDrop([drop(1, { ...UDP, ipId: 8 }), one, drop(1, { ...UDP, ipId: 9 })], states, span(1))).toBe(one)
    expect(findDrop([one], states, undefined)).toBe(one)
  })

  it.each<[string, Packet, Packet]>([
    ['another id', { ...UDP, ipId: 8 }, UDP],
    ['another protocol', { ...UDP, protocol: 'tcp' }, UDP],
    ['another length', { ...UDP, length: 41 }, UDP],
    ['another sequence number', { ...UDP, protocol: 'tcp', tcpSeq: 1 }, { ...UDP, protocol: 'tcp', tcpSeq: 2 }],
    ['both ends others', { ...UDP, src: '203.0.113.9', dst: '198.51.100.9' }, UDP],
    ['another end, and no id that tells', { ...UDP, ipId: 0, dst: '198.51.100.9' }, { ...UDP, ipId: 0 }],
    ['another end, of IPv6', { ...IPV6, dport: 54 }, IPV6],
    ['another flow label', { ...IPV6, flowLabel: 1 }, { ...IPV6, flowLabel: 2 }],
    ['another part of it', { ...UDP, fragOffset: 1480 }, { ...UDP, fragOffset: 0 }],
  ])('is not one with %s', (_, dropped, seen) => {
    expect(findDrop([drop(1, dropped)], [seen], span(1))).toBeUndefined()
    expect(findDrop([drop(1, dropped)], [seen], undefined)).toBeUndefined()
  })

  it('is near in time, the nearest of several', () => {
    const drops = [1, 20, 21, 40].map((second) => drop(second, UDP))
    const at = (second: number, last?: number) => drops.indexOf(findDrop(drops, [UDP], span(second, last))!)
    // a neighbour may be waited for after the last line; times of lines may be a little late
    expect([at(1), at(20.2), at(20.8), at(36), at(41.5), at(39, 43)]).toEqual([0, 1, 2, 3, 3, 3])
    expect([at(4), at(10), at(34), at(43)]).toEqual([-1, -1, -1, -1])
  })

  it('is the one that is a loss, where copies and used ones were put away as well', () => {
    const copy = drop(1, UDP, 'PACKET_SOCK_ERROR')
    const used = drop(1, UDP, 'TCP_OLD_DATA')
    const loss = drop(2, UDP, 'IP_RPFILTER')
    for (const drops of [
      [copy, used, loss],
      [loss, copy],
      [copy, loss],
    ])
      for (const when of [span(1), undefined]) expect(findDrop(drops, [UDP], when)).toBe(loss)
    expect(findDrop([used], [UDP], span(1))).toBe(used)
  })

  it('is none of several where clocks cannot be compared', () => {
    expect(findDrop([drop(1, UDP), drop(20, UDP)], [UDP], undefined)).toBeUndefined()
  })

  it('is found as the list grows, and not when it has gone', () => {
    const drops: Drop[] = []
    const found = (id: number) => findDrop(drops, [{ ...UDP, ipId: id }], span(0))?.packet.ipId
    expect(found(1)).toBeUndefined()
    for (let id = 1; id <= 1000; id++) {
      addDrops(drops, [drop(0, { ...UDP, ipId: id })], 100)
      expect(drops.length).toBeLessThanOrEqual(125)
      expect(found(id)).toBe(id)
      if (id > 125) expect(found(id - 125)).toBeUndefined()
    }
    // many at once, so that all others go
    addDrops(
      drops,
      Array.from({ length: 200 }, (_, i) => drop(0, { ...UDP, ipId: 2000 + i })),
      100,
    )
    expect([found(1000), found(2099), found(2100), found(2199)]).toEqual([undefined, undefined, 2100, 2199])
  })

  it('takes no time in a flood of the same packet', () => {
    const drops = Array.from({ length: 50_000 }, (_, i) => drop(i / 50_000, UDP))
    findDrop(drops, [UDP], span(0))
    const begun = cpu()
    for (let i = 0; i < 2000; i++) findDrop(drops, [{ ...UDP, length: 41 }], span(0.5))
    expect(cpu() - begun).toBeLessThan(2000)
  })
})
