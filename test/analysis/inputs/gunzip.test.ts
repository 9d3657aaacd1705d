import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Bounds } from '../../../src/analysis/inputs/bounds.ts'
import { bytesSource, ReadError, sourceOf } from '../../../src/analysis/inputs/source.ts'
import { gunzipped } from '../../../src/analysis/inputs/unpack.ts'
import { concat } from '../../../src/model/concat.ts'

const LINES = Array.from({ length: 20_000 }, (_, i) => `line ${(i * 7919) % 10_007}`).join('\n')
const packed = (text: string) => new Uint8Array(gzipSync(text))

const pieces = (bytes: Uint8Array, size: number) =>
  sourceOf(bytes.length, async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  })

/** All that comes out, and the reason why no more does. */
async function unpack(bytes: Uint8Array, size = bytes.length): Promise<{ text: string; reason?: string }> {
  const parts: Uint8Array[] = []
  try {
    for await (const block of gunzipped('a.gz', pieces(bytes, size), new Bounds()).blocks())
      parts.push(Uint8Array.from(block))
  } catch (error) {
    if (!(error instanceof ReadError)) throw error
    return { text: new TextDecoder().decode(concat(parts)), reason: error.reason }
  }
  return { text: new TextDecoder().decode(concat(parts)) }
}

const TWO = concat([packed(LINES), packed('the second')])

test.each([1, 2, 3, 777, 1e9])('reads members one behind the other, in pieces of %i bytes', async (size) => {
  expect(await unpack(TWO, size)).toEqual({ text: `${LINES}the second` })
})

test('passes over what fills the last block of a tape', async () => {
  expect(await unpack(concat([packed(LINES), new Uint8Array(512)]), 1000)).toEqual({ text: LINES })
})

test('passes over what is no member behind the last one', async () => {
  const tail = new TextEncoder().encode('hello, this is not gzip')
  expect(await unpack(concat([packed(LINES), tail]))).toEqual({ text: LINES })
})

test('gives all that comes before a cut, and says so', async () => {
  const whole = packed(LINES)
  const { text, reason } = await unpack(whole.subarray(0, whole.length - 10))
  expect(reason).toBe('the gzip file is truncated')
  expect(text.length).toBeGreaterThan(LINES.length * 0.99)
  expect(LINES.startsWith(text)).toBe(true)
})

test('compares the checksum', async () => {
  const whole = packed(LINES)
  whole[whole.length - 6]! ^= 1
  const { text, reason } = await unpack(whole)
  expect(reason).toBe('the gzip file is damaged (incorrect data check)')
  expect(text).toBe(LINES)
})

test('is cut where nothing comes at all', async () => {
  expect(await unpack(new Uint8Array())).toEqual({ text: '', reason: 'the gzip file is truncated' })
})

test('bytes in memory can be read again and again', async () => {
  const source = gunzipped('a.gz', bytesSource(packed('once more')), new Bounds())
  for (const blocks of [source.peek(), source.blocks(), source.blocks()]) {
    const texts: string[] = []
    for await (const block of blocks) texts.push(new TextDecoder().decode(block))
    expect(texts.join('')).toBe('once more')
  }
})
