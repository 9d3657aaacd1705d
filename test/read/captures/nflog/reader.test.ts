/** NFLOG captures: what a kernel recorded, and every form of file. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Link } from '../../../../src/model/host.ts'
import type { Packet } from '../../../../src/model/packet.ts'
import { nflogPcap } from '../../../../src/read/captures/nflog/format.ts'
import { recognise } from '../../../../src/read/recognise.ts'
import { explainCapture, headOf, worldOf } from '../../../journey/journeys.ts'
import { pointText, readCapture } from '../read-capture.ts'
import { type Attribute, attributes, blocksOf, PREFIX, pcap, record, SYN, text, u16, u32 } from './files.ts'

const FOLDER = new URL('../../../../fixtures/read/captures/', import.meta.url)
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)))
const jsonOf = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))

const ETH = [{ index: 3, name: 'eth0' }]
const read = (bytes: Uint8Array, links: readonly Link[] = ETH, cuts: readonly number[] = []) =>
  readCapture(nflogPcap, bytes, { links, cuts })
const one = (list: readonly Attribute[]) => read(pcap([record(list)])).events[0]!

const PACKET: Packet = {
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
  mark: 0,
}

describe('packets as a kernel sends them', () => {
  /** What the record tells and the kernel log, for which these were written, does not. */
  const MORE: Readonly<Record<string, Partial<Packet>>> = {
    'tcp-incomplete': { sport: 51003, dport: 80, tcpSeq: 0, mark: 0 },
    'udp-incomplete': { sport: 1, dport: 2, mark: 0 },
    udplite: { tos: 255 },
    sctp: { sport: 2905, dport: 2906 },
    dccp: { sport: 5001, dport: 5002 },
    'ah-later-fragment': { protocol: 'ah' },
    'tcp6-incomplete': { sport: 12594, dport: 13108, mark: 0 },
    'icmp6-incomplete': { mark: 0 },
    sctp6: { sport: 0, dport: 0 },
    esp6: { mark: 0 },
  }
  const QUOTED: Readonly<Record<string, Packet>> = {
    'unreachable-short-tcp': { sport: 40000, dport: 443, tcpSeq: 7 },
    'parameter-problem': {
      src: '10.75.0.1',
      dst: '192.0.2.10',
      protocol: 'udp',
      sport: 40001,
      dport: 53,
      ipId: 112,
      ttl: 64,
      tos: 192,
      length: 48,
      dontFragment: false,
    },
  }
  const sent: { name: string; packet: Packet }[] = jsonOf('kernel-log/every-header.expected.json')
  const links = [{ index: 2, name: 'klw0' }]
  const { events, told, skipped } = read(bytesOf('nflog/every-header.pcap'), links)
  // the kernel itself sends some, too
  const ours = events.filter(
    ({ point, packet }) =>
      pointText(point).startsWith('raw:PREROUTING:policy') && ['10.75.0.2', 'fd4b::2'].includes(packet.src ?? ''),
  )

  it('are all told', () => {
    expect([told, skipped, ours.length]).toEqual([[], 0, sent.length])
  })

  it.each(sent.map((packet, i) => ({ ...packet, i })))('$name', ({ name, packet, i }) => {
    const expected: Packet = { ...packet, ...MORE[name] }
    if (QUOTED[name]) expected.inner = { ...packet.inner, ...QUOTED[name] }
    expect(ours[i]!.packet).toEqual(expected)
  })
})

describe('files', () => {
  const records = (little: boolean) => [
    record(attributes(), little),
    record(attributes('TRACE: nat:a-b:rule:12 '), little),
  ]
  const expected = (packet: Packet = PACKET) => [
    ['raw:PREROUTING:policy:3', packet, '2026-01-05T21:23:16.123456Z', 1],
    ['nat:a-b:rule:12', packet, '2026-01-05T21:23:16.123456Z', 2],
  ]
  const outline = ({ events }: ReturnType<typeof read>) =>
    events.map(({ point, packet, time, line }) => [pointText(point), packet, time, line])

  it.each([true, false])('pcap, little endian: %s', (little) => {
    for (const nanoseconds of [false, true]) {
      const file = pcap(records(little), { little, nanoseconds })
      expect(recognise(headOf(file))?.format.id).toBe('nflog-pcap')
      expect(outline(read(file))).toEqual(expected())
      expect(read(file).told).toEqual([])
    }
  })

  it.each([true, false])('pcapng, little endian: %s', (little) => {
    const b = blocksOf(little)
    const [first, second] = records(little)
    for (const [resolution, units] of [
      [undefined, 1e6],
      [9, 1e9],
      [0x80 | 30, 2 ** 30],
      [10, 1e10],
    ] as const) {
      const file = b.file(
        b.section(),
        b.interface(239, resolution),
        b.packet(first!, 0, units),
        b.packet(second!, 0, units),
      )
      expect(recognise(headOf(file))?.format.id).toBe('nflog-pcap')
      // a fraction of two's powers is not exact
      const near = ({ events }: ReturnType<typeof read>) => events.map(({ clock }) => Math.round((clock % 60e6) / 1000))
      expect(near(read(file))).toEqual([16_123, 16_123])
      if (units !== 2 ** 30) expect(outline(read(file))).toEqual(expected())
    }
  })

  it('pcapng with several sections, interfaces and blocks that hold no packets', () => {
    const [a, b] = [blocksOf(true), blocksOf(false)]
    const file = Uint8Array.from([
      ...a.file(a.section(), a.interface(1), a.interface(239, 9), { type: 0x80000bad, body: [1, 2, 3, 4] }),
      ...a.file(a.packet([1, 2, 3, 4], 0), a.packet(record(attributes()), 1, 1e9), a.statistics(5)),
      ...b.file(b.section(), b.interface(), b.simple(record(attributes(), false))),
    ])
    const { events, told, messages } = read(file)
    expect(events.map(({ point, line, time }) => [pointText(point), line, time])).toEqual([
      ['raw:PREROUTING:policy:3', 2, '2026-01-05T21:23:16.123456Z'],
      ['raw:PREROUTING:policy:3', 3, undefined],
    ])
    expect(told).toEqual(['1 other-link-type', '- records-lost'])
    expect(messages[0]).toContain('ETHERNET (1)')
    expect(messages[1]).toContain('5 packets')
  })

  it('of another link type say which', () => {
    const { events, told, messages } = read(pcap([[1, 2, 3]], { linkType: 113 }))
    expect([events, told]).toEqual([[], ['- other-link-type']])
    expect(messages[0]).toContain('LINUX_SLL (113)')
    expect(read(pcap([], { linkType: 147 })).messages[0]).toContain('number 147')
  })

  it('may stand behind each other', () => {
    const b = blocksOf(true)
    const parts = [
      pcap(records(true)),
      pcap(records(false), { little: false, nanoseconds: true }),
      b.file(b.section(), b.interface(), b.packet(record(attributes()))),
      pcap(records(true)),
    ]
    const { events, told } = read(Uint8Array.from(parts.flatMap((part) => [...part])))
    expect([events.length, told]).toEqual([7, []])
  })

  it('may end anywhere', () => {
    const file = pcap(records(true))
    const ends = [0, 24, 24 + 16 + records(true)[0]!.length, file.length]
    for (let length = 0; length <= file.length; length++) {
      const { events, told, skipped } = read(file.slice(0, length))
      const cut = !ends.includes(length)
      expect([skipped, told.map((one) => one.replace(/^\S+ /, ''))]).toEqual(cut ? [1, ['capture-cut']] : [0, []])
      expect(events.length).toBe(length < ends[2]! ? 0 : length < ends[3]! ? 1 : 2)
    }
  })

  it('in pieces give the same', () => {
    const file = bytesOf('nflog/every-header.pcap')
    const whole = read(file)
    for (const size of [1, 7, 1000])
      expect(
        read(
          file,
          ETH,
          Array.from({ length: Math.floor(file.length / size) }, (_, i) => (i + 1) * size),
        ),
      ).toEqual(whole)
  })

  it('with a length that cannot be say so', () => {
    const file = pcap(records(true))
    new DataView(file.buffer).setUint32(24 + 8, 0x7fffffff, true)
    const { events, told, skipped } = read(file)
    expect([events, told, skipped]).toEqual([[], ['1 capture-damaged'], 1])
  })

  it('of cut packets give what is there', () => {
    const all = record(attributes(PREFIX, SYN, [11, u32(1000)], [14, u32(100)], [2, u32(0x8000)]))
    for (let snaplen = 12; snaplen <= all.length; snaplen++) {
      const { events, skipped } = read(pcap([all], { snaplen }))
      expect([events.length, skipped]).toEqual([1, 0])
      const { packet } = events[0]!
      // what stands behind the cut is not known, and never 0
      expect(packet.mark).toBe(snaplen >= all.length - SYN.length - 4 ? 0x8000 : undefined)
      const shown = Object.entries(packet)
      for (const [key, value] of shown)
        expect([key, value]).toEqual([key, { ...PACKET, uid: 1000, gid: 100, mark: 0x8000 }[key]])
    }
  })
})

describe('attributes', () => {
  it('mark, owner, interfaces, Ethernet header, VLAN', () => {
    const mac = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
    const { packet } = one(
      attributes(PREFIX, SYN, [2, u32(0xdeadbeef)], [11, u32(33)], [14, u32(44)], [5, u32(3)], [16, mac], [6, u32(9)]),
    )
    expect(packet).toEqual({
      ...PACKET,
      out: 'eth0',
      physIn: '#9',
      mark: 0xdeadbeef,
      uid: 33,
      gid: 44,
      dstMac: '02:00:00:00:00:01',
      srcMac: '02:00:00:00:00:02',
    })
    const sender = [...u16(6), 0, 0, 2, 0, 0, 0, 0, 2, 0, 0]
    expect(one(attributes(PREFIX, SYN, [8, sender])).packet).toEqual({ ...PACKET, srcMac: '02:00:00:00:00:02' })
    const vlan = [...[8, 0, 1, 0, ...u16(0x8100), 0, 0], ...[8, 0, 2, 0, ...u16(0x2064), 0, 0]]
    expect(one(attributes(PREFIX, SYN, [20, vlan])).packet.vlan).toBe(100)
  })

  const SIX = [
    ...[0x6b, 0x81, 2, 3, ...u16(8), 17, 1, 0xfe, 0x80, ...Array<number>(13).fill(0), 1],
    ...[0xff, 2, ...Array<number>(13).fill(0), 0xfb, ...u16(5353), ...u16(5353), ...u16(8), 0, 0],
  ]
  const REPORT = [
    ...[0x46, 0xc0, ...u16(32), ...u16(7), 0x40, 0, 1, 2, 0, 0, 192, 0, 2, 1, 224, 0, 0, 22, 0x94, 4, 0, 0],
    ...[0x16, 0, 0, 0, 224, 0, 0, 22],
  ]
  it.each([
    ['IPv4', SYN, 0x0800],
    ['IPv4 with options', REPORT, 0x0800],
    ['IPv6', SIX, 0x86dd],
  ])('no Ethernet header where the kernel shows the IP header in its place: its own copy (%s)', (_, payload, type) => {
    const list: Attribute[] = [
      [1, [...u16(type), 1, 0]],
      [10, text(PREFIX)],
      [4, u32(3)],
    ]
    const shown = (header: number[]) => one([...list, [16, header], [9, payload]]).packet
    expect(shown(payload.slice(0, 14))).not.toHaveProperty('dstMac')
    expect(shown(payload.slice(0, 14))).not.toHaveProperty('srcMac')
    const [first, ...rest] = payload.slice(0, 14)
    expect(shown([first! ^ 0x80, ...rest])).toHaveProperty('dstMac')
    expect(shown([first!, ...rest.slice(0, 4), rest[4]! ^ 1, ...rest.slice(5)])).toHaveProperty('srcMac')
  })

  it('in the bridge family: the ports are what the kernel log calls IN and OUT', () => {
    const list = attributes(PREFIX, SYN, [6, u32(4)])
    const { events } = read(pcap([record(list, true, { family: 7 })]), [...ETH, { index: 4, name: 'vnet0' }])
    expect(events[0]!.packet).toEqual({ ...PACKET, in: 'vnet0' })
  })

  it('an interface without a name is its index, and that is told', () => {
    const { events, told } = read(pcap([record(attributes()), record(attributes())]), [])
    expect(events.map(({ packet }) => packet.in)).toEqual(['#3', '#3'])
    expect(told).toEqual(['- nameless-interfaces'])
    // the loopback has the same index everywhere
    const loop = attributes().map(([type, value]): Attribute => [type, type === 4 ? u32(1) : value])
    expect(read(pcap([record(loop)]), [])).toMatchObject({ told: [], events: [{ packet: { in: 'lo' } }] })
  })

  it('prefixes of NFLOG rules are texts, with the hook', () => {
    const file = pcap([
      record(attributes('forward-drop')),
      record([
        [1, [...u16(0x0800), 2, 0]],
        [10, [...new TextEncoder().encode('größe: '), 0]],
        [9, SYN],
      ]),
      record([[9, SYN]]),
      record(attributes('TRACE: none of the kernel')),
    ])
    expect(read(file).events.map(({ point }) => pointText(point))).toEqual([
      '"forward-drop" prerouting',
      '"größe: " forward',
      '""',
      '"TRACE: none of the kernel" prerouting',
    ])
  })

  it('sequence numbers tell what is missing, group by group', () => {
    const numbered = (group: number, number: number) =>
      record(attributes(PREFIX, SYN, [12, u32(number)]), true, { group })
    const file = (...list: [number, number][]) => pcap(list.map(([group, number]) => numbered(group, number)))
    expect(read(file([0, 0xffffffff], [5, 7], [0, 0], [5, 8])).told).toEqual([])
    const { told, messages, lost } = read(file([0, 1], [5, 7], [0, 4], [5, 9]))
    expect(told).toEqual(['- records-lost'])
    // told in front of the records that came behind the gap
    expect(lost).toEqual([2, 3])
    expect(messages[0]).toContain('3 records')
    expect(explainCapture(nflogPcap, file([0, 1], [5, 7], [0, 4], [5, 9])).stats.lost).toBe(3)
  })

  it('what is no record is passed over, and counted', () => {
    const { events, told, skipped } = read(pcap([[2, 0], [2, 0, 0, 0, 0, 0, 0, 0], record(attributes())]))
    expect([events.length, told, skipped]).toEqual([1, ['1 not-a-packet'], 2])
  })
})

describe('a rule that logs to a group', () => {
  const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -j LOG --log-prefix "same "
-A INPUT -j NFLOG --nflog-prefix "same " --nflog-group 5
-A FORWARD -j NFLOG --nflog-prefix "same "
COMMIT
`
  it('is named by its prefix and the hook; one that logs to the kernel log is not', () => {
    const world = worldOf(RULES)
    const at = (hook: number, id: number) =>
      record([
        [1, [...u16(0x0800), hook, 0]],
        [10, [...new TextEncoder().encode('same ')]],
        [9, SYN.with(5, id)],
      ])
    const { journeys } = explainCapture(nflogPcap, pcap([at(1, 1), at(2, 2)]), world)
    expect(journeys.map(({ steps }) => steps.map(({ hook, chain, ruleNumber }) => [hook, chain, ruleNumber]))).toEqual([
      // and the policy behind each: it accepts, or drops
      [
        ['input', 'INPUT', 2],
        ['input', 'INPUT', 3],
      ],
      [
        ['forward', 'FORWARD', 1],
        ['forward', 'FORWARD', 2],
      ],
    ])
  })
})
