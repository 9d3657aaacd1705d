/** Wireshark's tables and tshark's JSON. What tshark wrote is in fixtures/incidents; these are its other forms. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../../src/model/packet.ts'
import { nflogPcap } from '../../../../src/read/captures/nflog/format.ts'
import { tsharkJson, wiresharkTable } from '../../../../src/read/captures/wireshark/format.ts'
import { recognise } from '../../../../src/read/recognise.ts'
import { headOf } from '../../../journey/journeys.ts'
import { pointText, type Read, readCapture } from '../read-capture.ts'

const FOLDER = new URL('../../../../fixtures/incidents/nodeport-clash/', import.meta.url)
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)))
const outline = ({ events }: Read) => events.map(({ point, packet, time }) => [pointText(point), packet, time])
const captured = readCapture(nflogPcap, bytesOf('nflog.pcap'))
const named = (text: string) => recognise(headOf(new TextEncoder().encode(text)))?.format.id

interface Layers {
  frame: Record<string, string>
  nflog: Record<string, string>
}

/** JSON.parse keeps only the last of several keys with one name. */
const layersOf = (json: string): { tlvs: string[]; layers: Layers }[] =>
  JSON.parse(json.replace(/"nflog\.tlv":/g, (_, at: number) => `"nflog.tlv ${at}":`)).map(
    ({ _source }: { _source: { layers: Layers } }) => ({
      layers: _source.layers,
      tlvs: Object.entries(_source.layers.nflog).flatMap(([key, value]) =>
        key.startsWith('nflog.tlv ') ? [value] : [],
      ),
    }),
  )

describe('tshark -T json', () => {
  const json = new TextDecoder().decode(bytesOf('tshark.json'))
  const packets = layersOf(json)
  const read = (text: string) => readCapture(tsharkJson, text)

  it('has what the capture has', () => {
    expect(outline(read(json))).toEqual(outline(captured))
    expect(named(json)).toBe('tshark-json')
  })

  it('-T ek, and without equal keys (--no-duplicate-keys)', () => {
    const ek = packets.map(({ layers, tlvs }) => {
      const frame = Object.fromEntries(
        Object.entries(layers.frame).map(([key, value]) => [`frame_${key.replaceAll('.', '_')}`, value]),
      )
      const nflog = { nflog_nflog_family: '2', nflog_nflog_tlv: tlvs }
      return `{"index":{"_index":"packets-2026-11-20","_type":"doc"}}\n${JSON.stringify({ timestamp: '1795154542140', layers: { frame, nflog } })}\n`
    })
    expect(named(ek.join(''))).toBe('tshark-json')
    expect(outline(read(ek.join('')))).toEqual(outline(captured))
    const arrays = packets.map(({ layers: { frame }, tlvs }) => ({
      _source: { layers: { frame, nflog: { 'nflog.family': '2', 'nflog.tlv': tlvs } } },
    }))
    expect(outline(read(JSON.stringify(arrays, undefined, 2)))).toEqual(outline(captured))
  })

  it('-T json -e …: the fields that were asked for', () => {
    const layers = {
      'frame.time_epoch': ['1767648196.123456000'],
      'nflog.prefix': ['TRACE: nat:OUTPUT:rule:2 '],
      'nflog.ifindex_outdev': ['5'],
      'ipv6.src': ['2001:db8::1'],
      'ipv6.dst': ['2001:db8::2'],
      'ipv6.nxt': ['0', '58'],
      'ipv6.plen': ['64'],
      'icmpv6.type': ['128'],
      'icmpv6.echo.identifier': ['0x0011'],
    }
    const text = JSON.stringify([{ _index: 'packets', _source: { layers } }])
    expect(named(text)).toBe('tshark-json')
    expect(outline(read(text))).toEqual([
      [
        'nat:OUTPUT:rule:2',
        {
          ...{ out: '#5', src: '2001:db8::1', dst: '2001:db8::2', length: 104 },
          ...{ protocol: 'icmpv6', icmpType: 128, icmpId: 17 },
        },
        '2026-01-05T21:23:16.123456Z',
      ],
    ])
  })

  it('of other packets says what they are', () => {
    const text = JSON.stringify([{ _source: { layers: { frame: { 'frame.protocols': 'eth:ethertype:ip:tcp' } } } }])
    const { events, told, messages } = read(text)
    expect([events, told]).toEqual([[], ['1 other-link-type']])
    expect(messages[0]).toContain('link type eth;')
  })

  it('cut: the packets before are whole', () => {
    const text = json.slice(0, Math.floor(json.length / 2))
    const { events, told } = read(text)
    expect(outline({ events: events.slice(0, 20) } as Read)).toEqual(outline(captured).slice(0, 20))
    expect(told.map((one) => one.replace(/^\d+ /, ''))).toEqual(['row-cut', '- nameless-interfaces'])
  })
})

describe('a table', () => {
  const read = (text: string) => readCapture(wiresharkTable, text)
  const TITLES = [
    'frame.time_epoch',
    'nflog.prefix',
    'ip.src',
    'ip.dst',
    'udp.srcport',
    'ip.id',
    'ip.flags.df',
    'ip.len',
  ]
  const VALUES = [
    '1767648196.123456789',
    'TRACE: raw:PREROUTING:rule:1 ',
    '192.0.2.1',
    '198.51.100.2',
    '53',
    '0x0007',
    '1',
    '60',
  ]
  const PACKET: Packet = {
    src: '192.0.2.1',
    dst: '198.51.100.2',
    protocol: 'udp',
    sport: 53,
    ipId: 7,
    dontFragment: true,
    length: 60,
  }
  const EVENT = ['raw:PREROUTING:rule:1', PACKET, '2026-01-05T21:23:16.123456Z']

  it.each([',', ';', '\t', '|', ' ', '/'])('-E header=y -E separator=%j', (separator) => {
    for (const quote of ['"', "'", '']) {
      if (quote === '' && separator === ' ') continue
      const line = VALUES.map((value) => `${quote}${value}${quote}`).join(separator)
      const text = `${TITLES.join(separator)}\n${line}\n${line}\n`
      expect(named(text)).toBe('wireshark-table')
      expect([outline(read(text)), read(text).told]).toEqual([[EVENT, EVENT], []])
    }
  })

  it('with all of nflog.tlv has what the capture has', () => {
    const packets = layersOf(new TextDecoder().decode(bytesOf('tshark.json')))
    const lines = packets.map(({ layers, tlvs }) => {
      const bytes = tlvs.map((tlv) => tlv.replaceAll(':', '')).join(',')
      return `"${layers.frame['frame.time_epoch']}","${bytes}"`
    })
    const text = `frame.time_epoch,nflog.tlv\n${lines.join('\n')}\n`
    expect(named(text)).toBe('wireshark-table')
    expect(outline(read(text))).toEqual(outline(captured))
  })

  it('as Wireshark exports the columns of its window', () => {
    const text = `"No.","Time","Source","Destination","Protocol","Length","Prefix","TCP Options","Info"
"1","0.000000","192.0.2.1","198.51.100.2","TCP","192","TRACE: raw:PREROUTING:policy:3 ","020405b4","40000  >  80 [SYN, ECE] Seq=0 Win=29200 Len=0 MSS=1460"
"2","1.500000","192.0.2.1","198.51.100.2","TCP","192","TRACE: nat:A:rule:1 ","020405b4","[TCP Retransmission] 40000 → 80 [SYN] Seq=0 Win=29200 Len=0"
"3","1.600000","192.0.2.1","198.51.100.2","ICMP","192","a ""quoted"", prefix","","Echo (ping) request  id=0x7130, seq=1/256, ttl=64 (no response found!)"
"4","1.700000","2001:db8::1","2001:db8::2","DNS","192","drop","","Standard query 0x1234 A example.com"
`.replace('  >  ', ' > ')
    expect(named(text)).toBe('wireshark-table')
    const both = { src: '192.0.2.1', dst: '198.51.100.2' }
    const tcp = { ...both, protocol: 'tcp', sport: 40000, dport: 80, tcpOptions: '020405B4' }
    const { events, told } = read(text)
    expect(told).toEqual([])
    expect(events.map(({ point, packet, clock }) => [pointText(point), packet, clock])).toEqual([
      ['raw:PREROUTING:policy:3', { ...tcp, tcpFlags: ['syn', 'ece'] }, 0],
      ['nat:A:rule:1', { ...tcp, tcpFlags: ['syn'] }, 1_500_000],
      [
        '"a "quoted", prefix"',
        { ...both, protocol: 'icmp', icmpType: 8, icmpCode: 0, icmpId: 0x7130, icmpSeq: 1 },
        1_600_000,
      ],
      ['"drop"', { src: '2001:db8::1', dst: '2001:db8::2' }, 1_700_000],
    ])
  })

  it('of an ICMP error has the packet, not what it quotes', () => {
    const text =
      'nflog.prefix\tip.src\tip.dst\tip.id\tudp.dstport\nTRACE: raw:OUTPUT:rule:1 \t192.0.2.1,198.51.100.2\t192.0.2.9,192.0.2.1\t0x0001,0x0002\t\n'
    expect(outline(read(text))).toEqual([
      ['raw:OUTPUT:rule:1', { src: '192.0.2.1', dst: '192.0.2.9', ipId: 1 }, undefined],
    ])
  })

  it('of an ICMP error takes no port, flag or option of the packet that it quotes', () => {
    const titles = 'nflog.prefix,ip.src,ip.dst,ip.ttl,tcp.srcport,tcp.dstport,tcp.flags,icmp.type,icmp.code,tcp.options'
    const row = (source: string, dest: string, ttl: string) =>
      `${titles}\n"TRACE: raw:OUTPUT:policy:2 ","${source}","${dest}","${ttl}","46198","80","0x0018","3","4","0101080a"\n`
    const error = { src: '10.1.0.1', dst: '10.1.0.2', protocol: 'icmp', icmpType: 3, icmpCode: 4, ttl: 64 }
    const seen = [['raw:OUTPUT:policy:2', error, undefined]]
    expect(outline(read(row('10.1.0.1,10.1.0.2', '10.1.0.2,10.2.0.2', '64,63')))).toEqual(seen)
    // -E occurrence=f
    expect(outline(read(row('10.1.0.1', '10.1.0.2', '64')))).toEqual(seen)
  })

  it('of a tunnelled packet has the addresses outside, and no port', () => {
    const text =
      'nflog.prefix\tip.src\tip.dst\tip.proto\tudp.dstport\nTRACE: raw:OUTPUT:rule:1 \t192.0.2.1,10.0.0.1\t192.0.2.9,10.0.0.2\t4,17\t53\n'
    const [event] = outline(read(text))
    expect(event![1]).toEqual({ src: '192.0.2.1', dst: '192.0.2.9', protocol: 'ipencap' })
  })

  it('without titles: only what shows itself, and that is told', () => {
    const text = '1\t1767648196.123456789\tTRACE: raw:PREROUTING:rule:1 \t192.0.2.1\t198.51.100.2\t53\t0x0007\n'
    expect(named(text)).toBe('wireshark-table')
    expect([outline(read(text)), read(text).told]).toEqual([
      [['raw:PREROUTING:rule:1', { src: '192.0.2.1', dst: '198.51.100.2' }, '2026-01-05T21:23:16.123456Z']],
      ['1 no-titles'],
    ])
  })

  it('a row without a prefix is passed over, and counted', () => {
    const { events, told, skipped } = read('nflog.prefix,nflog.tlv,ip.src\n,,192.0.2.1\n')
    // an NFLOG rule without a prefix
    expect([events.length, told, skipped]).toEqual([1, [], 0])
    expect(read('ip.src,nflog.prefix\n192.0.2.1\n')).toMatchObject({ told: ['2 not-a-packet'], skipped: 1 })
  })
})
