import { describe, expect, it } from 'vitest'
import { Repeats } from '../../src/journey/repeats.ts'
import * as F from '../../src/read/captures/header-fields.ts'

/** A TCP segment with data, told apart by its sequence number. */
function segment(sequence: number): Int32Array {
  const row = new Int32Array(F.COLUMNS)
  row[F.FAMILY] = 4
  row[F.PROTO] = F.TCP
  row[F.PRESENT] = (1 << F.SEQ) | (1 << F.LEN)
  row[F.SEQ] = sequence
  row[F.LEN] = 1500
  return row
}

describe('contents that came before', () => {
  const note = (repeats: Repeats, sequence: number, id: number) =>
    repeats.note(1, segment(sequence), 0, id, id).map((repeat) => repeat.id)

  it.each([0, 1, 4095, 4096, 4097, 16_384])('the latest are known, though %i others came between', (others) => {
    const repeats = new Repeats()
    expect(note(repeats, 7, 1)).toEqual([])
    for (let i = 0; i < others; i++) expect(note(repeats, 1000 + i, 2 + i)).toEqual([])
    const again = 2 + others
    for (let i = 0; i < others; i += 997) expect(note(repeats, 1000 + i, again + i)).toEqual([String(2 + i)])
    expect(note(repeats, 7, again + others)).toEqual(['1'])
    expect(note(repeats, 7, again + others + 1)).toEqual(['1', String(again + others)])
  })

  it('what came long ago makes room', () => {
    const repeats = new Repeats()
    note(repeats, 7, 1)
    for (let i = 0; i < 200_000; i++) note(repeats, 1000 + i, 2 + i)
    expect(note(repeats, 7, 200_002)).toEqual([])
  })

  it.each([
    ['by another interface', 77, 2, true],
    ['by the same one', 77, 1, undefined],
    ['with another identification', 78, 2, undefined],
  ])('is the same packet if it came %s', (_name, id, way, isSame) => {
    const repeats = new Repeats()
    const row = (ident: number, device: number) => {
      const one = segment(7)
      one[F.ID] = ident
      one[F.IN] = device
      return one
    }
    repeats.note(1, row(77, 1), 0, 1, 1)
    expect(repeats.note(1, row(id, way), 0, 2, 2)[0]?.isSamePacket).toBe(isSame)
  })
})
