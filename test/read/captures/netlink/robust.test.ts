/** Whatever comes as netlink messages: nothing is thrown, nothing grows, and pieces do not matter. */
// @module-tag slow
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nftNetlink } from '../../../../src/read/captures/netlink/format.ts'
import { cpu } from '../../../cpu.ts'
import { explainCapture } from '../../../journey/journeys.ts'
import { share } from '../../../share.ts'
import { blocksOf, pcap, SYN, text, u32 } from '../nflog/files.ts'
import { readCapture } from '../read-capture.ts'
import * as N from './files.ts'

const recorded = new Uint8Array(
  readFileSync(new URL('../../../../fixtures/read/captures/netlink/every-kind.pcap', import.meta.url)),
)
const b = blocksOf(false)
const made: N.Attribute[] = [
  ...N.rule('c', 5, N.verdict(-3, 'd', false)),
  [N.IIF, u32(3)],
  [N.LINK, N.ETHERNET],
  [N.NETWORK, SYN.slice(0, 20)],
  [N.TRANSPORT, SYN.slice(20)],
  [N.CT_STATE, u32(8)],
]
const samples = [
  recorded.slice(0, 4000),
  recorded.slice(0, 24),
  pcap([N.trace(made, false)], { linkType: 253, little: false }),
  b.file(b.section(), b.interface(253), b.packet(N.trace(made, false)), b.packet(N.cooked(N.netlink(4, u32(3))))),
]

const damaged: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      sample: fc.constantFrom(...samples),
      from: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
      length: fc.nat(3000),
      changes: fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) =>
    Uint8Array.from(
      parts.flatMap(({ sample, from, length, changes }) => {
        const start = Math.floor(from * sample.length)
        const piece = sample.slice(start, start + length)
        for (const [at, byte] of changes) if (at < piece.length) piece[at] = byte
        return [...piece]
      }),
    ),
  )
/** Attributes of any kind and length inside a message that is whole. */
const attributes = fc.array(fc.tuple(fc.nat(23), fc.uint8Array({ maxLength: 64 })), { maxLength: 24 }).map((list) =>
  pcap([N.trace([...N.policy('c', 1), ...list.map(([type, bytes]): N.Attribute => [type, [...bytes]])])], {
    linkType: 253,
  }),
)

describe('netlink messages', () => {
  it('give journeys, or nothing, and never throw', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, attributes, fc.uint8Array({ maxLength: 2000 })), (capture) => {
        const { journeys, stats } = explainCapture(nftNetlink, capture)
        expect(stats.bytes).toBe(capture.length)
        expect(journeys.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(stats.events)
      }),
      { numRuns: share(600) },
    )
  })

  it('give the same in any pieces', () => {
    fc.assert(
      fc.property(
        damaged,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        (capture, parts) => {
          const cuts = parts.map((part) => Math.floor(part * capture.length)).sort((x, y) => x - y)
          expect(readCapture(nftNetlink, capture, { cuts })).toEqual(readCapture(nftNetlink, capture))
        },
      ),
      { numRuns: share(300) },
    )
  })

  it('need time in proportion', () => {
    const again = (packet: number[], count: number) => pcap(new Array<number[]>(count).fill(packet), { linkType: 253 })
    const shapes: [string, number[]][] = [
      ['messages without attributes', N.cooked(N.netlink(0x0a11, [1, 0, 0, 0]))],
      ['empty messages', N.cooked(N.netlink(0x0a11, []))],
      ['losses', N.cooked(N.netlink(4, u32(1)))],
      ['short attributes', N.trace(new Array<N.Attribute>(40).fill([N.MARK, []]))],
      ['events', N.trace(N.policy('c', 1))],
    ]
    const seconds = (packet: number[], count: number) => {
      const bytes = again(packet, count)
      const started = cpu()
      explainCapture(nftNetlink, bytes)
      return (cpu() - started) / 1000
    }
    // eight times as much; a second is noise
    for (const [name, packet] of shapes)
      expect(seconds(packet, 16_000), name).toBeLessThan(seconds(packet, 2000) * 24 + 1)
  })

  it('whose names, handles and interfaces all differ are not kept for ever', () => {
    const list = Array.from({ length: 140_000 }, (_, i) =>
      N.trace([...N.rule('c', i, N.verdict(0, undefined), i), [N.OIF, u32(i + 5)], [N.CHAIN, text(`c${i}`)]]),
    )
    const { events, skipped } = readCapture(nftNetlink, pcap(list, { linkType: 253 }))
    const points = new Set(events.map(({ point }) => point))
    expect(points.size).toBeLessThanOrEqual((1 << 17) + 1)
    expect(new Set(events.map(({ packet }) => packet.out)).size).toBeLessThanOrEqual(65_537)
    expect(skipped).toBeGreaterThan(0)
  })
})
