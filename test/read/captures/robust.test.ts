/**
 * Every capture but the kernel log and the monitors, which have tests of their own: whatever comes in, nothing is thrown,
 * and nothing grows.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CAPTURE_FORMATS } from '../../../src/read/captures/index.ts'
import { FORMATS } from '../../../src/read/recognise.ts'
import { cpu } from '../../cpu.ts'
import { explainCapture, headOf } from '../../journey/journeys.ts'
import { share } from '../../share.ts'
import { attributes, blocksOf, PREFIX, pcap, record, SYN, u32 } from './nflog/files.ts'
import { type Read, readCapture } from './read-capture.ts'

const fixture = (path: string) => new Uint8Array(readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url)))
const bytes = (text: string) => new TextEncoder().encode(text)
const b = blocksOf(false)

/** Some records are enough, and big files are slow to shrink. */
const beginning = (path: string, length = 6000) => fixture(path).slice(0, length)

const SAMPLES: Readonly<Record<string, Uint8Array[]>> = {
  'nflog-pcap': [
    fixture('read/captures/nflog/every-header.pcap').slice(0, 4000),
    beginning('incidents/nodeport-clash/nflog.pcap', 3000),
    pcap([record(attributes(PREFIX, SYN, [12, u32(5)]), false)], { little: false, nanoseconds: true }),
    b.file(
      b.section(),
      b.interface(),
      b.interface(239, 9),
      b.packet(record(attributes(), false), 1, 1e9),
      b.statistics(3),
    ),
  ],
  'ulogd-json': [
    beginning('incidents/nodeport-clash/ulogd.json'),
    bytes(
      '"time:2026-01-05T22:23:16 source_ip:192.0.2.1 dest_port80 prefix:TRACE: raw:A:rule:1  mark:0 OPT (1192.0.2.1)"\n',
    ),
  ],
  'tshark-json': [beginning('incidents/openstack-snat/tshark.json', 12_000)],
  'wireshark-table': [
    beginning('incidents/firewalld-port-forward/tshark-fields.csv'),
    bytes('"No.","Time","Source","Prefix","Info"\n"1","0.1","192.0.2.1","TRACE: raw:A:rule:1 ","1 → 2 [SYN] Seq=0"\n'),
  ],
}
const others = CAPTURE_FORMATS.filter(({ id, traceIds }) => id !== 'kernel-log' && !traceIds)

/** Pieces of whole files: cut, glued, with bytes changed. */
const damagedOf = (samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.record({
        sample: fc.constantFrom(...samples),
        from: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
        length: fc.nat(3000),
        changes: fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { maxLength: 8 }),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((parts) => {
      const pieces = parts.map(({ sample, from, length, changes }) => {
        const start = Math.floor(from * sample.length)
        const piece = sample.slice(start, start + length)
        for (const [at, byte] of changes) if (at < piece.length) piece[at] = byte
        return piece
      })
      return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
    })

const outline = ({ events, told, skipped, bytes }: Read) => ({ events, told, skipped, bytes })

describe.each(others.map((format) => ({ id: format.id, format })))('$id', ({ id, format }) => {
  const samples = SAMPLES[id]!
  const anything = fc.oneof(
    { weight: 4, arbitrary: damagedOf(samples) },
    { weight: 1, arbitrary: damagedOf(Object.values(SAMPLES).flat()) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }) },
  )

  it('gives journeys, or nothing, and never throws', () => {
    fc.assert(
      fc.property(anything, (capture) => {
        const { journeys, stats } = explainCapture(format, capture)
        expect(stats.bytes).toBe(capture.length)
        expect(journeys.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(stats.events)
      }),
      { numRuns: share(300) },
    )
  })

  it('gives the same in any pieces', () => {
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        (capture, parts) => {
          const cuts = parts.map((part) => Math.floor(part * capture.length)).sort((x, y) => x - y)
          expect(outline(readCapture(format, capture, { cuts }))).toEqual(outline(readCapture(format, capture)))
        },
      ),
      { numRuns: share(300) },
    )
  })

  it('gives the same byte by byte', () => {
    for (const sample of samples) {
      const cuts = Array.from({ length: sample.length }, (_, i) => i)
      expect(outline(readCapture(format, sample, { cuts }))).toEqual(outline(readCapture(format, sample)))
    }
  })

  it('is recognised, and as nothing else', () => {
    for (const sample of samples) {
      const head = headOf(sample)
      expect(FORMATS.filter((one) => one.format.sniff(head)).map((one) => one.format.id)).toEqual([id])
    }
  })
})

describe('whole captures of the incidents', () => {
  const files = {
    'nflog.pcap': 'nflog-pcap',
    'ulogd.json': 'ulogd-json',
    'tshark.json': 'tshark-json',
    'tshark-fields.csv': 'wireshark-table',
  }
  it.each(Object.entries(files))('%s is recognised, and as nothing else', (file, id) => {
    for (const incident of ['nodeport-clash', 'openstack-snat', 'firewalld-port-forward']) {
      const head = headOf(fixture(`incidents/${incident}/${file}`))
      expect(FORMATS.filter((one) => one.format.sniff(head)).map((one) => one.format.id)).toEqual([id])
    }
  })
})

describe('the size of things', { tags: 'slow' }, () => {
  const MB = 1 << 20
  const long = (value: number) => [...u32(value)].reverse()
  /** Text, or bytes, again and again behind a beginning. */
  const CASES: [id: string, name: string, begins: number[], again: number[]][] = [
    ...[
      '{',
      '[',
      '{"a":',
      '"',
      '\\',
      '{"oob.prefix":"',
      '\n{"',
      '{"oob.prefix":"x"}',
      '["a",',
      '1',
      '"a" ',
      'prefix:',
      ' OPT (',
      '\n  {',
    ].map((text): [string, string, number[], number[]] => ['ulogd-json', JSON.stringify(text), [], [...bytes(text)]]),
    ...['{"layers":{"nflog.tlv":"', 'aa:', '"nflog.tlv":"00",', '{"layers":{"nflog_nflog_tlv":["'].map(
      (text): [string, string, number[], number[]] => [
        'tshark-json',
        JSON.stringify(text),
        [...bytes('{"layers":{"nflog.tlv":"')],
        [...bytes(text)],
      ],
    ),
    ...[',', '"', '""', '"\\"', 'TRACE: ', 'TRACE: a:b', 'nflog.prefix,', 'nflog.prefix\n', 'a,b\n', '[a] '].map(
      (text): [string, string, number[], number[]] => [
        'wireshark-table',
        JSON.stringify(text),
        [...bytes('nflog.prefix,col\n')],
        [...bytes(text)],
      ],
    ),
    ['nflog-pcap', 'zeros', [...pcap([])], [0]],
    ['nflog-pcap', 'empty packets', [...pcap([])], [...long(1), ...long(1), ...long(0), ...long(0)]],
    [
      'nflog-pcap',
      'attributes without length',
      [...pcap([]), ...long(1), ...long(1), ...long(MB - 64), ...long(MB)],
      [0, 0, 9, 0],
    ],
    [
      'nflog-pcap',
      'short attributes',
      [...pcap([]), ...long(1), ...long(1), ...long(MB - 64), ...long(MB)],
      [4, 0, 77, 0],
    ],
    ['nflog-pcap', 'headers of files', [], [...pcap([])]],
    ['nflog-pcap', 'sections', [], [...b.file(b.section())]],
    ['nflog-pcap', 'interfaces', [...b.file(b.section())], [...b.file(b.interface())]],
    ['nflog-pcap', 'a block of 4 GB', [...b.file(b.section()), 0, 0, 0, 77, 255, 255, 255, 252], [1]],
  ]

  it.each(CASES)('%s: a megabyte of %s takes no more than its length asks for', (id, _name, begins, again) => {
    const format = CAPTURE_FORMATS.find((one) => one.id === id)!
    const time = (length: number) => {
      const capture = new Uint8Array(length)
      for (let i = 0; i < length; i++)
        capture[i] = i < begins.length ? begins[i]! : again[(i - begins.length) % again.length]!
      const start = cpu()
      readCapture(format, capture)
      return cpu() - start
    }
    time(MB / 16)
    const sixteenth = time(MB / 16)
    // quadratic, it would be 256 times as long; machines stumble
    expect(time(MB)).toBeLessThan(64 * sixteenth + 1000)
  })

  it.each([
    ['ulogd-json', '{"oob.prefix":"TRACE: raw:A:rule:1 ","x":"'],
    ['tshark-json', '{"layers":{"nflog.prefix":"x","nflog.tlv":"'],
    ['wireshark-table', 'nflog.prefix\n'],
  ])('%s: a row of 50 MB is passed over, and told of; what is behind it is read', (id, begins) => {
    const format = CAPTURE_FORMATS.find((one) => one.id === id)!
    const row =
      id === 'wireshark-table'
        ? 'TRACE: raw:A:rule:1 '
        : '{"oob.prefix":"TRACE: raw:A:rule:1 ","nflog.prefix":"TRACE: raw:A:rule:1 "}'
    const capture = bytes(`${begins}${'x'.repeat(50 * MB)}\n${row}\n`)
    for (const cuts of [[], Array.from({ length: 800 }, (_, i) => i * 65_536)]) {
      const { events, told, skipped } = readCapture(format, capture, { cuts })
      expect([events.length, skipped]).toEqual([1, 1])
      expect(told[0]).toMatch(/(row|line)-too-long$/)
    }
  })

  it('what differs in each record is not kept for ever', () => {
    const list = Array.from({ length: 70_000 }, (_, i) => record(attributes(`no ${i}`, SYN, [5, u32(i + 5)])))
    const { events } = readCapture(CAPTURE_FORMATS.find(({ id }) => id === 'nflog-pcap')!, pcap(list))
    expect(events.length).toBe(70_000)
    expect(new Set(events.map(({ point }) => point)).size).toBeLessThanOrEqual(65_537 + 1)
    expect(new Set(events.map(({ packet }) => packet.out)).size).toBeLessThanOrEqual(65_537)
  })
})
