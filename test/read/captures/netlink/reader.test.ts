/** Netlink messages of nft's tracing: every attribute, every form of file, and what is damaged. */
import { describe, expect, it } from 'vitest'
import { nftNetlink } from '../../../../src/read/captures/netlink/format.ts'
import { nflogPcap } from '../../../../src/read/captures/nflog/format.ts'
import { FORMATS } from '../../../../src/read/recognise.ts'
import { headOf } from '../../../journey/journeys.ts'
import { blocksOf, pcap, SYN, text, u16, u32 } from '../nflog/files.ts'
import { readCapture } from '../read-capture.ts'
import * as N from './files.ts'

const LINKS = [{ index: 3, name: 'eth0' }]
const file = (...packets: number[][]) => pcap(packets, { linkType: 253 })
const read = (bytes: Uint8Array, cuts: readonly number[] = []) => readCapture(nftNetlink, bytes, { links: LINKS, cuts })
const pointsOf = (...packets: number[][]) =>
  read(file(...packets)).events.map(({ point: { type, family, table, chain, handle, verdict } }) =>
    [type, family, table, chain, handle, verdict].filter((one) => one !== undefined).join(' '),
  )
const said = (code: number, chain?: string) => pointsOf(N.trace(N.rule('c', 5, N.verdict(code, chain))))[0]

const SHOWN: N.Attribute[] = [
  [N.IIF, u32(3)],
  [N.IIFTYPE, u16(1)],
  [N.LINK, N.ETHERNET],
  [N.NETWORK, SYN.slice(0, 20)],
  [N.TRANSPORT, SYN.slice(20, 40)],
]
const packetOf = (...more: N.Attribute[]) => read(file(N.trace([...N.policy('c', 1), ...more]))).events[0]!.packet

describe('events', () => {
  it('are rules, with their handle and what they said', () => {
    expect(said(-1)).toBe('rule inet t c 5 continue')
    expect(said(-2)).toBe('rule inet t c 5 break')
    expect(said(-3, 'other')).toBe('rule inet t c 5 jump other')
    expect(said(-4, 'other')).toBe('rule inet t c 5 goto other')
    expect(said(-5)).toBe('rule inet t c 5 return')
    expect(said(0)).toBe('rule inet t c 5 drop')
    expect(said(1)).toBe('rule inet t c 5 accept')
    expect(said(2)).toBe('rule inet t c 5 stolen')
    // in the upper half a queue's number, or the error that a drop gives
    expect(said(0x00070003)).toBe('rule inet t c 5 queue')
    expect(said(0x00010000)).toBe('rule inet t c 5 drop')
  })

  it('are policies and ends of chains', () => {
    expect(pointsOf(N.trace(N.policy('c', 0)), N.trace(N.policy('c', 1), true, 7))).toEqual([
      'policy inet t c drop',
      'policy bridge t c accept',
    ])
    const end: N.Attribute[] = [[N.TYPE, u32(2)], ...N.rule('c', 5, N.verdict(-1, undefined)).slice(1)]
    expect(pointsOf(N.trace(end.filter(([type]) => type !== N.HANDLE)))).toEqual(['return inet t c continue'])
  })

  it('are none where a chain has no rule left, but for the packet that they show', () => {
    const behind = N.rule('c', 5, N.verdict(-1, undefined)).filter(([type]) => type !== N.HANDLE)
    expect(pointsOf(N.trace(behind))).toEqual([])
    expect(pointsOf(N.trace([...behind, ...SHOWN]))).toEqual(['begin inet t c'])
  })

  it('have handles beyond 32 bits, names of any length, trace ids and marks without a sign', () => {
    const long = 'x'.repeat(255)
    const list: N.Attribute[] = [
      [N.TYPE, u32(3)],
      [N.ID, u32(0xfffffffe)],
      [N.TABLE, text(long)],
      [N.CHAIN, text('ü')],
      [N.HANDLE, [...u32(1), ...u32(2)]],
      N.verdict(-3, long),
      [N.MARK, u32(0xffffffff)],
    ]
    const [event] = read(file(N.trace(list))).events
    expect(event).toMatchObject({ traceId: 0xfffffffe, mark: 0xffffffff })
    expect(event!.point).toEqual({
      type: 'rule',
      family: 'inet',
      table: long,
      chain: 'ü',
      handle: 2 ** 32 + 2,
      verdict: `jump ${long}`,
    })
    const tooLong = list.map((one): N.Attribute => (one[0] === N.TABLE ? [N.TABLE, text(`${long}x`)] : one))
    expect(read(file(N.trace(tooLong))).told).toEqual(['1 cut-message'])
  })

  it('show a mark of 0 by showing none, but where the packet is gone', () => {
    const marks = [N.verdict(-1, undefined), N.verdict(2, undefined)].map(
      (one) => read(file(N.trace(N.rule('c', 5, one)))).events[0]!.mark,
    )
    expect(marks).toEqual([0, undefined])
  })

  it('know rules apart that differ in one thing', () => {
    const one = N.rule('c', 5, N.verdict(-3, 'd'))
    const changed: N.Attribute[][] = [
      N.rule('c', 6, N.verdict(-3, 'd')),
      N.rule('c', 5, N.verdict(-4, 'd')),
      N.rule('c', 5, N.verdict(-3, 'e')),
      N.rule('cd', 5, N.verdict(-3, '')),
      N.policy('c', 1),
    ]
    const found = pointsOf(...[one, ...changed, one].map((list) => N.trace(list)))
    expect(new Set(found).size).toBe(6)
    expect(found.at(-1)).toBe(found[0])
  })
})

describe('a message that was met before', () => {
  it('is told with its own trace id, and its own mark', () => {
    const at = (id: number, ...more: N.Attribute[]) => N.trace([...N.policy('c', 1, id), ...more])
    const marked: N.Attribute = [N.MARK, u32(5)]
    const { events } = read(
      file(at(1), at(2), at(1), at(3, marked), at(4, marked), at(0xffffffff), at(5, [N.MARK, u32(6)])),
    )
    expect(events.map(({ traceId, mark, line }) => [traceId, mark, line])).toEqual([
      [1, 0, 1],
      [2, 0, 2],
      [1, 0, 3],
      [3, 5, 4],
      [4, 5, 5],
      [0xffffffff, 0, 6],
      [5, 6, 7],
    ])
  })

  it('is another in the other byte order, and in another family', () => {
    const one = N.policy('c', 1)
    const bytes = Uint8Array.from([
      ...file(N.trace(one), N.trace(one, true, 7), N.trace(one)),
      ...pcap([N.trace(one, false), N.trace(one, false, 10)], { linkType: 253, little: false }),
    ])
    const { events, told } = read(bytes)
    expect(events.map(({ point }) => point.family)).toEqual(['inet', 'bridge', 'inet', 'inet', 'ip6'])
    expect(told).toEqual([])
  })
})

describe('packets', () => {
  it('are shown in front of the event that shows them', () => {
    const { events } = read(file(N.trace([...N.policy('c', 1), ...SHOWN, [N.MARK, u32(9)]])))
    expect(events.map(({ point, mark, line }) => [point.type, mark, line])).toEqual([
      ['begin', undefined, 1],
      ['policy', 9, 1],
    ])
    expect(events[0]!.packet).toEqual({
      in: 'eth0',
      src: '192.0.2.1',
      dst: '198.51.100.2',
      protocol: 'tcp',
      sport: 40000,
      dport: 80,
      tcpFlags: ['syn'],
      tcpSeq: 1000,
      tcpAck: 0,
      tcpWindow: 1024,
      ipId: 7,
      ttl: 64,
      tos: 0,
      length: 40,
      dontFragment: true,
      srcMac: '02:00:00:00:00:02',
      dstMac: '02:00:00:00:00:01',
    })
    expect(events[1]!.packet).toEqual({})
  })

  it('have interfaces by name, or by index', () => {
    const { events, told } = read(file(N.trace([...N.policy('c', 1), [N.IIF, u32(1)], [N.OIF, u32(77)]])))
    expect(events[0]!.packet).toEqual({ in: 'lo', out: '#77' })
    expect(told).toEqual(['- nameless-interfaces'])
  })

  it('have what connection tracking says', () => {
    const ct = (state: number, direction: number, status: number) =>
      packetOf([N.CT_STATE, u32(state)], [N.CT_DIRECTION, [direction]], [N.CT_STATUS, u32(status)])
    expect(ct(8, 0, 0)).toEqual({ ctState: 'new', ctDir: 'original' })
    expect(ct(2, 1, 0x0e)).toEqual({
      ctState: 'established',
      ctDir: 'reply',
      ctStatus: ['seen-reply', 'assured', 'confirmed'],
    })
    expect(ct(4, 0, 0x20)).toEqual({ ctState: 'related', ctDir: 'original', ctStatus: ['dnat'] })
    expect(packetOf([N.CT_STATE, u32(1)])).toEqual({ ctState: 'invalid' })
    expect(packetOf([N.CT_STATE, u32(64)])).toEqual({ ctState: 'untracked' })
  })

  it('of IPv6 have no transport behind extension headers, as nothing tells which it is', () => {
    const header = (next: number) => [
      ...[0x60, 0, 0, 5, 0, 8, next, 64, ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
      ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    ]
    const ports: N.Attribute = [N.TRANSPORT, [...u16(1000), ...u16(53), 0, 8, 0, 0]]
    const common = { src: '2001:db8::1', dst: '2001:db8::2', tos: 0, ttl: 64, length: 48, flowLabel: 5 }
    const shown = (next: number) => packetOf([N.NFPROTO, u32(10)], [N.NETWORK, header(next)], ports)
    expect(shown(17)).toEqual({ ...common, protocol: 'udp', sport: 1000, dport: 53 })
    expect(shown(44)).toEqual(common)
  })

  it('of multicast listener discovery are known by their form, behind the hop-by-hop header that they have', () => {
    const header = (next: number, hops: number, group: number) => [
      ...[0x60, 0, 0, 0, 0, 32, next, hops, ...[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
      ...[group, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16],
    ]
    const shown = (network: number[], ...transport: number[]) =>
      packetOf([N.NFPROTO, u32(10)], [N.NETWORK, network], [N.TRANSPORT, transport]).protocol
    const [version1, version2] = [
      [131, 0, 0x12, 0x34, 0, 0, 0, 0, 0xff, 2, 0, 0],
      [143, 0, 9, 9, 0, 0, 0, 1, 4, 0],
    ]
    expect(shown(header(0, 1, 0xff), ...version1)).toBe('icmpv6')
    expect(shown(header(0, 1, 0xff), ...version2)).toBe('icmpv6')
    expect(shown(header(0, 1, 0xff), 130, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0)).toBe('icmpv6')
    // another header in front, a router's hop limit, one host, another form, too little
    expect(shown(header(43, 1, 0xff), ...version1)).toBe(undefined)
    expect(shown(header(0, 64, 0xff), ...version1)).toBe(undefined)
    expect(shown(header(0, 1, 0x20), ...version1)).toBe(undefined)
    expect(shown(header(0, 1, 0xff), 131, 0, 0x12, 0x34, 0, 0, 0, 9, 0xff, 2)).toBe(undefined)
    expect(shown(header(0, 1, 0xff), 131, 0, 0x12, 0x34, 0, 0, 0, 0, 0x20, 1)).toBe(undefined)
    expect(shown(header(0, 1, 0xff), 143, 0, 9, 9, 0, 0, 0, 1, 9, 0)).toBe(undefined)
    expect(shown(header(0, 1, 0xff), 131, 0, 0x12, 0x34)).toBe(undefined)
  })

  it('that are later fragments have no ports, whatever stands there', () => {
    const later = SYN.slice(0, 20)
    later[7] = 5
    const shown = packetOf([N.NETWORK, later], [N.TRANSPORT, SYN.slice(20, 40)])
    expect(shown).toMatchObject({ protocol: 'tcp', fragOffset: 40 })
    expect(shown).not.toHaveProperty('sport')
  })

  it('of bridges are told by their frame, also behind a VLAN tag', () => {
    const bridged = (frame: number[], ...more: N.Attribute[]) =>
      packetOf([N.NFPROTO, u32(7)], [N.IIFTYPE, u16(1)], [N.LINK, frame], ...more)
    const tagged = [...N.ETHERNET.slice(0, 12), 0x81, 0, 0x20, 42, 8, 0]
    const arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]
    expect(bridged(tagged, [N.NETWORK, SYN.slice(0, 20)])).toMatchObject({
      vlan: 42,
      src: '192.0.2.1',
      protocol: 'tcp',
    })
    expect(bridged([...N.ETHERNET.slice(0, 12), 8, 6], [N.NETWORK, arp])).toEqual({
      src: '192.0.2.2',
      dst: '192.0.2.1',
      srcMac: '02:00:00:00:00:02',
      dstMac: '02:00:00:00:00:01',
    })
    // of a tunnel's device the version tells, and there is no address of the link
    expect(packetOf([N.NFPROTO, u32(5)], [N.IIFTYPE, u16(0xfffe)], [N.NETWORK, SYN.slice(0, 20)])).toMatchObject({
      dst: '198.51.100.2',
    })
  })
})

describe('files', () => {
  const list = [...N.policy('c', 1), ...SHOWN]

  it.each([true, false])('are pcap and pcapng, little endian: %s', (little) => {
    const b = blocksOf(little)
    const packet = N.trace(list, little)
    const files = [
      pcap([packet, packet], { linkType: 253, little }),
      pcap([packet, packet], { linkType: 253, little, nanoseconds: true }),
      b.file(b.section(), b.interface(253), b.packet(packet), b.packet(packet)),
    ]
    for (const one of files) {
      const ids = FORMATS.filter(({ format }) => format.sniff(headOf(one))).map(({ format }) => format.id)
      expect(ids).toEqual(['nft-netlink'])
      const { events, told, skipped } = read(one)
      expect([told, skipped]).toEqual([[], 0])
      expect(events.map(({ point, time, line }) => [point.type, time, line])).toEqual(
        [1, 1, 2, 2].map((line, i) => [['begin', 'policy'][i % 2], '2026-01-05T21:23:16.123456Z', line]),
      )
      expect(events[0]!.packet).toMatchObject({ in: 'eth0', sport: 40000 })
    }
  })

  it('of another link type are none', () => {
    const other = pcap([], { linkType: 1 })
    expect(nftNetlink.sniff(headOf(other))).toBe(false)
    expect(nflogPcap.sniff(headOf(other))).toBe(true)
    expect(read(other).messages[0]).toContain('ETHERNET (1)')
  })

  it('may have several messages in a packet, and others between', () => {
    const other = N.netlink(0x0a06, N.nfgenmsg(1, [[1, text('t')]]))
    const messages = [...N.traceMessage(N.policy('c', 1)), ...other, ...N.traceMessage(N.policy('d', 0))]
    // rtnetlink's messages have numbers of their own
    const { events, told } = read(file(N.cooked(messages), N.cooked(N.traceMessage(N.policy('e', 1)), 0)))
    expect(events.map(({ point }) => point.chain)).toEqual(['c', 'd'])
    expect(told).toEqual([])
  })

  it('tell of changes and losses in their place', () => {
    const changed = N.cooked(N.netlink(0x0a0f, N.nfgenmsg(0, [[1, u32(7)]])))
    const overrun = (count: number[]) => N.cooked(N.netlink(4, count))
    const one = N.trace(N.policy('c', 1))
    const bytes = file(one, changed, one, overrun([...u32(500)].reverse()), one, overrun([]))
    const { events, lost, told, skipped } = read(bytes)
    expect([events.length, lost, told, skipped]).toEqual([3, [2, 3], ['3 ruleset-change', '4 events-lost'], 0])
    const reader = nftNetlink.open({
      points: { nftNumber: () => 0 } as never,
      states: { names: { number: () => 0 } } as never,
      sink: { event: () => {} },
      report: () => {},
    })
    reader.push(bytes)
    reader.end()
    // one of which the number is not known is at least one
    expect(reader.stats.lost).toBe(501)
  })

  it('may end anywhere, and messages too', () => {
    const packet = N.trace(list)
    const bytes = file(packet)
    for (let length = 24; length < bytes.length; length++) {
      const { events, told } = read(bytes.slice(0, length))
      expect([events.length, told]).toEqual([0, length === 24 ? [] : ['1 capture-cut']])
    }
    for (let length = 1; length < packet.length; length++) {
      const { events, told, skipped } = read(file(packet.slice(0, length)))
      expect([events.length, told, skipped], String(length)).toEqual(
        length === 16 ? [0, [], 0] : [0, ['1 cut-message'], 1],
      )
    }
  })
})
