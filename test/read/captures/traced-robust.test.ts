/** Whatever comes into the readers of both monitors: nothing is thrown, nothing hangs or grows, and pieces do not matter. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CaptureExplainer } from '../../../src/analysis/capture.ts'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'
import { nftTrace } from '../../../src/read/captures/nft-trace/format.ts'
import { xtablesMonitor } from '../../../src/read/captures/xtables-monitor/format.ts'
import { cpu } from '../../cpu.ts'
import { explainCapture, worldOf } from '../../journey/journeys.ts'
import { share } from '../../share.ts'

const read = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/incidents/nft-allow-set/${name}`, import.meta.url)))
const encoder = new TextEncoder()
const samples = [
  read('dropped.txt'),
  read('fixed.handles.txt'),
  read('dropped.xtables-monitor.txt'),
  encoder.encode('# ERROR: We lost some netlink events!\n EVENT: iptables -t filter -A INPUT\n'),
  encoder.encode('trace id 1 netdev nd ing packet: iif "lo" @nh,0,160 0x4500 @th,0,64 7 \n'),
  encoder.encode('trace id 1 inet t c conntrack: ct direction original ct state new ct id 2 \n'),
]
const world = worldOf(new TextDecoder().decode(read('ruleset-dropped.json')))
const formats: CaptureFormat[] = [nftTrace, xtablesMonitor]

/** Reads and assembles, and explains nothing: it is these that keep what comes, and findings take most of the time. */
function assembled(format: CaptureFormat, bytes: Uint8Array): CaptureExplainer {
  const explainer = new CaptureExplainer(
    format,
    world,
    () => {},
    () => {},
  )
  explainer.push(bytes)
  explainer.end()
  return explainer
}

const damaged: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      sample: fc.constantFrom(...samples),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(1500),
      changes: fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 8 },
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

const words = [
  ...['trace id ', '1 ', 'ffffffff ', 'inet ', 'ip6 ', 't ', 'c ', 'packet: ', 'rule ', 'policy ', 'verdict '],
  ...['accept', '(verdict ', 'jump c', ')', '# handle 7 ', 'iif "lo" ', 'oif ', '"', 'ip saddr ', '192.0.2.1 ', '::1 '],
  ...[
    'tcp flags == ',
    'syn',
    ' | ',
    '0x12 ',
    '@nh,0,160 ',
    '0x45',
    'conntrack: ',
    'ct state ',
    'new ',
    'unknown rule handle ',
  ],
  ...[
    'PACKET: ',
    ' TRACE: ',
    '2 ',
    '0000000a ',
    'raw:OUTPUT:',
    'rule:0x2:',
    'CONTINUE',
    ':return:',
    'SRC=',
    'IN=lo ',
    'MARK=0x5 ',
  ],
  ...['\n', '\r\n', '\0', ' ', '\xff'],
]
const wordy = fc
  .array(fc.constantFrom(...words), { maxLength: 120 })
  .map((all) => Uint8Array.from(all.join(''), (letter) => letter.charCodeAt(0)))

const outline = (format: CaptureFormat, bytes: Uint8Array, cuts: readonly number[]) => {
  const { journeys, told, stats } = explainCapture(format, bytes, world, cuts)
  return { journeys, told, stats }
}

describe.each(formats)('$id', (format) => {
  it('takes anything, in pieces cut anywhere', () => {
    const cutAnywhere = fc.tuple(
      fc.oneof(damaged, wordy),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    )
    fc.assert(
      fc.property(cutAnywhere, ([bytes, places]) => {
        const cuts = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b)
        expect(outline(format, bytes, cuts)).toEqual(outline(format, bytes, []))
      }),
      { numRuns: share(300) },
    )
  })

  it('needs time in proportion', { tags: ['slow'] }, () => {
    const shapes: [string, string][] = [
      ['one endless line', 'trace id 1 inet t c packet: ip saddr '],
      ['lines that are never whole', 'trace id 1 inet t c rule drop (verd\n'],
      ['headers that go on and on', 'trace id 1 inet t c packet: iif "lo"\nip saddr 192.0.2.1\n'],
      ['beginnings of lines', 'trace id trace id trace id '],
      ['packets without events', 'PACKET: 2 00000001 IN=lo SRC=192.0.2.1 DST=192.0.2.1\n'],
      ['events without packets', ' TRACE: 2 00000001 raw:OUTPUT:return:\n'],
    ]
    const seconds = (text: string) => {
      const bytes = encoder.encode(text)
      const started = cpu()
      explainCapture(format, bytes, world)
      return (cpu() - started) / 1000
    }
    for (const [name, shape] of shapes) {
      const small = seconds(shape.repeat(4000))
      // eight times as much; a second is noise
      expect(seconds(shape.repeat(32_000)), name).toBeLessThan(small * 24 + 1)
    }
  })

  it('keeps no more for more: ids, addresses and rules that are all different', () => {
    const most = share(80_000)
    const lines = Array.from({ length: most }, (_, i) => {
      const id = i.toString(16).padStart(8, '0')
      return format === nftTrace
        ? `trace id ${id} inet t c packet: iif "lo" ip saddr 192.0.2.${i % 250} ip id ${i} \ntrace id ${id} inet t c rule counter packets ${i} accept (verdict accept)\n`
        : `PACKET: 2 ${id} IN=lo SRC=192.0.2.${i % 250} DST=192.0.2.1 ID=${i} \n TRACE: 2 ${id} raw:OUTPUT:rule:0x${i.toString(16)}:ACCEPT  \n`
    }).join('')
    const { stats } = assembled(format, encoder.encode(lines))
    expect(stats).toMatchObject({ journeys: most, events: most, evicted: 0 })
  })
})
