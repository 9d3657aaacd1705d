/** Blocks of pcapng, read again by the reader of captures. */
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/model/concat.ts'
import { type BlockSink, Pcapng } from '../../../src/read/captures/pcap/pcapng.ts'
import { beginning, packetBlock } from '../../../src/reports/pcapng/blocks.ts'

interface Read {
  packets: { bytes: number[]; time: bigint; linkType: number }[]
  damaged: number
}

function read(file: Uint8Array): Read {
  const found: Read = { packets: [], damaged: 0 }
  const sink: BlockSink = {
    packet: (view, start, end, { linkType }, high, low) =>
      void found.packets.push({
        bytes: [...new Uint8Array(view.buffer, view.byteOffset + start, end - start)],
        time: (BigInt(high) << 32n) | BigInt(low >>> 0),
        linkType,
      }),
    tooLong: () => void found.damaged++,
    damaged: () => void found.damaged++,
    dropped: () => void found.damaged++,
  }
  const reader = new Pcapng(sink)
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  for (let at = 0; at < file.length; ) {
    const length = reader.next(view, at, file.length)
    if (length <= 0) throw new Error(`the block at ${at} is cut`)
    at += length
  }
  return found
}

describe('blocks of pcapng', () => {
  test.each([0, 1, 2, 3, 4, 61])('hold %d bytes, their time and their link type', (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i)
    const time = 1_790_000_000_123_456n
    const file = concat([beginning('about it'), packetBlock({ time, bytes, length: 1500, comment: 'a ✗ way' })])
    expect(read(file)).toEqual({ packets: [{ bytes: [...bytes], time, linkType: 101 }], damaged: 0 })
    expect(new TextDecoder().decode(file)).toContain('a ✗ way')
  })

  test('cut a comment at a whole character, and stay in step', () => {
    const comment = `${'x'.repeat(65_534)}✗ and more`
    const block = packetBlock({ time: 1n, bytes: Uint8Array.of(0x45), length: 1, comment })
    const file = concat([
      beginning(''),
      block,
      packetBlock({ time: 2n, bytes: Uint8Array.of(1), length: 1, comment: '' }),
    ])
    expect(read(file).packets.map(({ time }) => time)).toEqual([1n, 2n])
    expect(new TextDecoder('utf-8', { fatal: true }).decode(block.subarray(36, 36 + 65_534))).toMatch(/x$/)
  })
})
