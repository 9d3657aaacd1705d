import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameReader } from '../../../src/live/script/index.ts'

const NONCE = 'q8dWm2Zk01'
const bytes = (text: string) => new TextEncoder().encode(text)
const framed = (content: Uint8Array, errors = '', status = 0) => [
  ...bytes(`\n${NONCE} begin one one.txt\n`),
  ...content,
  ...bytes(`\n${NONCE} end ${status}\n${errors}\n${NONCE} over\n`),
]

function read(all: readonly number[], pieces: readonly number[] = []) {
  const frames: Frame[] = []
  const reader = new FrameReader(NONCE, (frame) => frames.push(frame))
  let at = 0
  for (const length of pieces) {
    reader.push(Uint8Array.from(all.slice(at, at + length)))
    at += length
  }
  reader.push(Uint8Array.from(all.slice(at)))
  return { frames, end: reader.end() }
}

describe('frames', () => {
  it('come back byte for byte, whatever is in them and however they are cut', () => {
    // what would be a mark, but for its last letter, is the hardest content
    const hard = fc
      .constantFrom('\n', `\n${NONCE}`, `\n${NONCE.slice(0, -1)} `, '\n\n', NONCE)
      .map((text) => [...bytes(text)])
    const content = fc
      .array(fc.oneof(hard, fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 5 })))
      .map((all) => all.flat())
    fc.assert(
      fc.property(content, fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (inner, pieces) => {
        const done = [...bytes(`\n${NONCE} done\n`)]
        fc.pre(!new TextDecoder('latin1').decode(Uint8Array.from(inner)).includes(`\n${NONCE} `))
        const { frames, end } = read([...framed(Uint8Array.from(inner)), ...done], pieces)
        expect(frames).toEqual([
          { id: 'one', file: 'one.txt', bytes: Uint8Array.from(inner), dropped: 0, status: 0, stderr: '' },
        ])
        expect(end).toEqual({ complete: true })
      }),
    )
  })

  it('may be cut anywhere: what was whole is kept, and what was cut is named', () => {
    const first = framed(bytes('whole\n'), 'a complaint', 3)
    const all = [...first, ...framed(bytes('not so whole\n')), ...bytes(`\n${NONCE} done\n`)]
    for (let length = 0; length < all.length; length++) {
      const { frames, end } = read(all.slice(0, length))
      expect(end.complete).toBe(false)
      if (length >= first.length)
        expect(frames[0]).toMatchObject({ bytes: bytes('whole\n'), status: 3, stderr: 'a complaint' })
      expect(frames.length).toBeLessThanOrEqual(2)
      const marks = bytes(`\n${NONCE} begin one one.txt\n`).length
      // a line break just before the cut may be the mark's
      const came = length - marks === 6 ? 5 : Math.min(6, length - marks)
      if (length >= marks && length < first.length) expect(end.cut).toEqual({ id: 'one', file: 'one.txt', bytes: came })
    }
  })

  it('are not disturbed by what a login prints, nor by words of another nonce', () => {
    const other = `\nabcdefgh00 end 0\n\nabcdefgh00 over\n`
    const { frames } = read([...bytes('Welcome!\n'), ...framed(bytes(other)), ...bytes('\n')])
    expect(frames.map((one) => new TextDecoder().decode(one.bytes))).toEqual([other])
  })
})
