/** Lines are the same state where their bytes are the same, whatever bytes these are and wherever they stand. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { COLUMNS } from '../../../src/read/captures/header-fields.ts'
import { hashedTo, hashLine, plain } from '../../../src/read/captures/kernel-log/line-hash.ts'
import { PacketStates } from '../../../src/read/captures/states.ts'
import { share } from '../../share.ts'

const row = new Int32Array(COLUMNS)
const noPacket = () => {
  throw new Error('nobody asks')
}

/** Where a buffer holds `pad` other bytes, the line, and its newline: the state's number, and whether it is new. */
function look(states: PacketStates, line: Uint8Array, pad: number): { state: number; isNew: boolean } {
  const bytes = new Uint8Array(pad + line.length + 40).fill(0x2e)
  bytes.set(line, pad)
  bytes[pad + line.length] = 0x0a
  const view = new DataView(bytes.buffer)
  const hash = hashLine(bytes, view, pad, bytes.length, 7)
  expect(hashedTo).toBe(pad + line.length)
  const recent = states.findRecent(view, pad, bytes.length)
  const found = states.find(bytes, view, pad, hashedTo, hash, plain)
  if (recent >= 0) expect(recent).toBe(found)
  if (found >= 0) return { state: found, isNew: false }
  const telling = plain && line.length >= 4 ? line.length >> 1 : -1
  const state = states.add(bytes, view, pad, hashedTo, hash, row, Math.min(telling, line.length - 4), noPacket)
  states.retain(state)
  return { state, isNew: true }
}

const byte = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0x20, 0x41, 0x3d, 0x7e) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0x01, 0x7f, 0x80, 0xf0, 0xff) },
)
const lines = fc.array(fc.array(byte, { maxLength: 40 }), { minLength: 1, maxLength: 20 })

it('knows a line again by its bytes alone', () => {
  fc.assert(
    fc.property(lines, fc.nat(9), fc.constantFrom(0, 16, 1100), (given, pad, repeats) => {
      const states = new PacketStates()
      const known = new Map<string, number>()
      for (const short of [...given, ...given]) {
        const line = Uint8Array.from([...short, ...new Array<number>(repeats).fill(0x61), ...short])
        const { state, isNew } = look(states, line, pad + (known.size % 5))
        const before = known.get(line.join())
        expect(isNew).toBe(before === undefined)
        if (before === undefined) known.set(line.join(), state)
        else expect(state).toBe(before)
      }
    }),
    { numRuns: share(300) },
  )
})

it('knows those that are held, and no other, however many came and went', () => {
  const texts = fc.array(fc.tuple(fc.nat(250), fc.boolean()), { minLength: 300, maxLength: 400 })
  fc.assert(
    fc.property(texts, (given) => {
      const states = new PacketStates()
      const held = new Map<number, number>()
      for (const [text, goes] of given) {
        const line = new TextEncoder().encode(`a line that is long enough, number ${text}`)
        const { state, isNew } = look(states, line, 0)
        expect(isNew ? undefined : state).toBe(held.get(text))
        held.set(text, state)
        if (!goes) continue
        states.release(state)
        held.delete(text)
      }
    }),
    // it takes so many of them to fail: there is nothing to make smaller
    { numRuns: share(50), endOnFailure: true },
  )
})

it('tells apart what numbers with a fraction would not: zero and minus zero', () => {
  const states = new PacketStates()
  const zero = new Uint8Array(32)
  const minus = new Uint8Array(32)
  minus[7] = 0x80
  expect(look(states, zero, 0).state).not.toBe(look(states, minus, 0).state)
})

it('finds the end of a line, and no more than it may', () => {
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 80 }), fc.nat(90), (line, stop) => {
      const bytes = Uint8Array.from([...line, 0x0a, ...line, ...new Array<number>(16).fill(0x0a)])
      hashLine(bytes, new DataView(bytes.buffer), 0, Math.min(stop, bytes.length), 0)
      expect(hashedTo).toBe(Math.min(stop, line.length))
    }),
  )
})
