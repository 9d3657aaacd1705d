/** ulogd2's rows, as the JSON plugin writes them and as people hand them on. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../../src/model/packet.ts'
import { ulogdJson } from '../../../../src/read/captures/ulogd/format.ts'
import { recognise } from '../../../../src/read/recognise.ts'
import { explainCapture } from '../../../journey/journeys.ts'
import { pointText, type Read, readCapture } from '../read-capture.ts'

const FILE = new URL('../../../../fixtures/incidents/nodeport-clash/ulogd.json', import.meta.url)
const incident = readFileSync(FILE, 'utf8')
const read = (text: string) => readCapture(ulogdJson, text)
const outline = ({ events }: Read) => events.map(({ point, packet, time }) => [pointText(point), packet, time])
const named = (text: string) => recognise(text)?.format.id

const ROW: Record<string, string | number> = {
  timestamp: '2026-01-05T22:23:16.123456+0100',
  dvc: 'router',
  'oob.prefix': 'TRACE: filter:INPUT:rule:4 ',
  'oob.time.sec': 1_767_648_196,
  'oob.time.usec': 123_456,
  'oob.mark': 0,
  'oob.ifindex_in': 2,
  'oob.hook': 1,
  'oob.family': 2,
  action: 'blocked',
  'oob.in': 'eth0',
  'oob.out': '',
  src_ip: '192.0.2.1',
  dest_ip: '198.51.100.2',
  'ip.protocol': 17,
  'ip.tos': 8,
  'ip.ttl': 63,
  'ip.totlen': 60,
  'ip.id': 37733,
  'ip.fragoff': 0,
  src_port: 43936,
  dest_port: 53,
  'mac.str': '02:00:00:00:00:01:02:00:00:00:00:02:08:00',
}
const row = (changes: object = {}) => JSON.stringify({ ...ROW, ...changes })
const PACKET: Packet = {
  in: 'eth0',
  src: '192.0.2.1',
  dst: '198.51.100.2',
  protocol: 'udp',
  sport: 43936,
  dport: 53,
  ipId: 37733,
  ttl: 63,
  tos: 8,
  length: 60,
  dontFragment: false,
  mark: 0,
  srcMac: '02:00:00:00:00:02',
  dstMac: '02:00:00:00:00:01',
}
const packet = (changes: object): Packet | undefined => read(row(changes)).events[0]?.packet

describe('a row', () => {
  it('is one event', () => {
    const { events, told, skipped } = read(`${row()}\n`)
    expect([told, skipped, events.length]).toEqual([[], 0, 1])
    expect(events[0]).toMatchObject({ host: 'router', time: '2026-01-05T21:23:16.123456Z', line: 1 })
    expect(pointText(events[0]!.point)).toBe('filter:INPUT:rule:4')
    expect(events[0]!.packet).toEqual(PACKET)
  })

  it('without a name of its own has no host', () => {
    expect(read(row({ dvc: 'Netfilter' })).events[0]!.host).toBe('')
  })

  it.each([
    ['eventv1', { timestamp: undefined, '@version': 1, '@timestamp': '2026-01-05T22:23:16.123456+0100' }],
    ['without the seconds', { 'oob.time.sec': undefined, 'oob.time.usec': undefined }],
  ])('%s has its time', (_, changes) => {
    expect(read(row(changes)).events[0]!.time).toBe('2026-01-05T21:23:16.123456Z')
  })

  it('of an NFLOG rule has its prefix and hook', () => {
    expect(pointText(read(row({ 'oob.prefix': 'forward-drop', 'oob.hook': 2 })).events[0]!.point)).toBe(
      '"forward-drop" forward',
    )
  })

  it.each<[string, object, Packet]>([
    ['the ports under their own names', { src_port: undefined, 'udp.sport': 43936 }, PACKET],
    ['an interface by its index', { 'oob.in': undefined, 'oob.ifindex_in': 7 }, { ...PACKET, in: '#7' }],
    [
      'MAC addresses alone',
      { 'mac.str': undefined, 'mac.saddr.str': '02:00:00:00:00:0A' },
      { ...PACKET, srcMac: '02:00:00:00:00:0a' },
    ],
    ['a fragment', { 'ip.fragoff': 0x20b9 }, { ...PACKET, fragOffset: 1480, moreFragments: true }],
    ['DF', { 'ip.fragoff': 0x4000 }, { ...PACKET, dontFragment: true }],
    ['an owner', { 'oob.uid': 33, 'oob.gid': 44 }, { ...PACKET, uid: 33, gid: 44 }],
  ])('%s', (name, changes, expected) => {
    const { dstMac: _, ...without } = expected
    expect(packet(changes)).toEqual(name.startsWith('MAC') ? without : expected)
  })

  it('IPv6 and its ICMP: what ulogd2 cannot tell is unknown', () => {
    const changes = { 'oob.family': 10, src_ip: 'fe80::1', dest_ip: 'ff02::1', 'ip.protocol': 58, 'ip.tos': undefined }
    const more = { 'ip.ttl': undefined, 'ip.totlen': undefined, 'ip.id': undefined, 'ip.fragoff': undefined }
    const icmp = { src_port: undefined, dest_port: undefined, 'icmpv6.type': 134, 'icmpv6.code': 0, 'icmpv6.echoid': 1 }
    const six = { 'ip6.payloadlen': 24, 'ip6.hoplimit': 255, 'ip6.flowlabel': 0, 'ip6.priority': 0, 'ip6.nexthdr': 58 }
    const { srcMac, dstMac, in: from, mark } = PACKET
    expect(packet({ ...changes, ...more, ...icmp, ...six })).toEqual({
      ...{ in: from, mark, srcMac, dstMac, src: 'fe80::1', dst: 'ff02::1', protocol: 'icmpv6' },
      ...{ icmpType: 134, icmpCode: 0, ttl: 255, length: 64 },
    })
  })

  it('TCP flags are known when all of them are there', () => {
    const flags = { 'tcp.urg': 0, 'tcp.ack': 1, 'tcp.psh': 0, 'tcp.rst': 0, 'tcp.syn': 1, 'tcp.fin': 0 }
    const tcp = { 'ip.protocol': 6, 'tcp.seq': 4294967295, 'tcp.ackseq': 5, 'tcp.window': 6 }
    expect(packet({ ...tcp, ...flags })).toMatchObject({
      tcpFlags: ['syn', 'ack'],
      tcpSeq: 4294967295,
      tcpAck: 5,
      tcpWindow: 6,
    })
    expect(packet({ ...tcp, ...flags, 'tcp.fin': undefined })?.tcpFlags).toBeUndefined()
  })

  it.each([
    ['src_ip', 'nowhere', 'src'],
    ['src_port', 70000, 'sport'],
    ['ip.ttl', -1, 'ttl'],
    ['ip.ttl', 'x', 'ttl'],
    ['oob.mark', 1e20, 'mark'],
    ['ip.id', 1.5, 'ipId'],
    ['mac.str', 'x'.repeat(9999), 'srcMac'],
    ['oob.in', 'x'.repeat(9999), 'in'],
  ])('with %s=%s leaves it unknown', (key, value, field) => {
    expect(packet({ 'oob.ifindex_in': undefined, [key]: value })?.[field as keyof Packet]).toBeUndefined()
  })
})

describe('rows come', () => {
  const expected = outline(read(incident))

  it('a line each, as an array, indented, or all in one line', () => {
    const rows = incident
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(expected.length).toBe(rows.length)
    const forms = [
      JSON.stringify(rows),
      JSON.stringify(rows, undefined, 2),
      rows.map((one) => JSON.stringify(one, undefined, 4)).join('\n'),
      rows.map((one) => JSON.stringify(one)).join(''),
      incident.replaceAll('\n', '\r\n'),
    ]
    for (const text of forms) {
      expect(named(text)).toBe('ulogd-json')
      expect([outline(read(text)), read(text).told]).toEqual([expected, []])
    }
  })

  it('broken over lines, wherever', () => {
    const [first = '', second = ''] = incident.split('\n')
    const both = outline(read(`${first}\n${second}`))
    for (let at = 1; at < first.length; at++) {
      const { events, told } = read(`${first.slice(0, at)}\n${first.slice(at)}\n${second}`)
      expect(told).toEqual([])
      // a line that begins with a brace begins a row; here none does
      expect(events.map(({ point, packet, time }) => [pointText(point), packet, time])).toEqual(both)
    }
  })

  it('cut: what stands there whole is used, and the next row is whole', () => {
    const [first = '', second = ''] = incident.split('\n')
    for (let at = 1; at < first.length - 1; at++) {
      const { events, told, skipped } = read(`${first.slice(0, at)}\n${second}`)
      const hasPrefix = at > first.indexOf(':policy:3 "') + 11
      expect(outline({ events: events.slice(-1) } as Read)).toEqual(outline(read(second)))
      expect([events.length, skipped]).toEqual(hasPrefix ? [2, 0] : [1, 1])
      expect(told[0]).toBe(hasPrefix ? '1 row-cut' : '1 not-a-packet')
      // no number that may have been longer; and the interface's index, as long as its name is not there
      const whole = { ...(expected[0]![1] as Packet) }
      const { packet } = events[0]!
      if (packet.in === '#2') whole.in = '#2'
      if (hasPrefix) expect(whole).toMatchObject(packet)
    }
  })

  it('made short with jq', () => {
    const lines = [
      '"time:2026-01-05T22:23:16.123456+0100 source_ip:192.0.2.1 dest_ip:198.51.100.2 src_port:55768 dest_port52000 prefix:TRACE: raw:PREROUTING:policy:3  mark:0 OPT (38576192.0.2.1198.51.100.21889216384557685200065878990447472)"',
      'prefix:TRACE: mangle:a-PREROUTING:rule:1  mark:32768 src_ip:192.0.2.1 dest_ip:198.51.100.2',
      '"source_ip:2001:db8::1 dest_ip:2001:db8::2 prefix:drop: in"',
    ]
    expect(named(lines.join('\n'))).toBe('ulogd-json')
    const both = { src: '192.0.2.1', dst: '198.51.100.2' }
    expect(outline(read(lines.join('\n')))).toEqual([
      [
        'raw:PREROUTING:policy:3',
        { ...both, sport: 55768, dport: 52000, ipId: 38576, mark: 0 },
        '2026-01-05T21:23:16.123456Z',
      ],
      ['mangle:a-PREROUTING:rule:1', { ...both, mark: 32768 }, undefined],
      ['"drop: in"', { src: '2001:db8::1', dst: '2001:db8::2' }, undefined],
    ])
  })

  it('with rows of other plugins, and text, between', () => {
    const { events, told, skipped } = read(
      `{"orig.ip.saddr.str": "192.0.2.1"}\nsome text\n${row()}\n{"oob.family": 2}\n`,
    )
    expect([events.length, told, skipped]).toEqual([1, ['4 not-a-packet'], 1])
  })
})

describe('without TCP options', () => {
  const flags = { 'tcp.urg': 0, 'tcp.ack': 1, 'tcp.psh': 0, 'tcp.rst': 0, 'tcp.syn': 0, 'tcp.fin': 0 }
  const tcp = { ...flags, 'ip.protocol': 6, 'tcp.seq': 5, 'tcp.ackseq': 5, 'tcp.window': 6, 'ip.fragoff': 16384 }
  const twice = (length: number) =>
    [0, 10].map((seconds) =>
      row({ ...tcp, 'ip.totlen': length, 'ip.id': seconds, 'oob.time.sec': Number(ROW['oob.time.sec']) + seconds }),
    )
  const repeats = (length: number) => {
    const { journeys } = explainCapture(ulogdJson, new TextEncoder().encode(twice(length).join('\n')))
    return journeys.map(({ findings }) => findings.some(({ code }) => code === 'retransmission'))
  }

  it('a bare ACK is no retransmission: what is behind the headers may be options', () => {
    expect([repeats(52), repeats(80), repeats(100)]).toEqual([
      [false, false],
      [false, false],
      [false, true],
    ])
  })
})
