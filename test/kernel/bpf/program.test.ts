/**
 * The programs' bytes for two kernels, one instruction a line. They are the same on every architecture. The kernel has
 * taken them on x86-64 (test/kernel/drops.test.ts, drop-counter.test.ts); `UPDATE_DOCS=1` writes them anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../../src/kernel/bpf/assemble.ts'
import { Btf } from '../../../src/kernel/bpf/btf.ts'
import { countProgram } from '../../../src/kernel/bpf/count-program.ts'
import { layoutOf } from '../../../src/kernel/bpf/layout.ts'
import { dropProgram } from '../../../src/kernel/bpf/program.ts'
import { kernelTypes } from './make-kernel.ts'

const hex = (bytes: Uint8Array): string[] =>
  Array.from({ length: bytes.length / 8 }, (_, i) => Buffer.from(bytes.subarray(8 * i, 8 * i + 8)).toString('hex'))

describe('instructions', () => {
  // opcodes by instruction-set.rst: class in the lower three bits, then source, then operation or size and mode
  it.each<[string, string, (code: Assembler) => Assembler]>([
    ['r6 = r1', 'bf16000000000000', (code) => code.move(6, 1)],
    ['r0 = -1', 'b7000000ffffffff', (code) => code.set(0, -1)],
    ['w2 = 0xf0000123', 'b4020000230100f0', (code) => code.set32(2, 0xf0000123)],
    ['w9 = w9', 'bc99000000000000', (code) => code.move32(9, 9)],
    ['r8 += r6', '0f68000000000000', (code) => code.add(8, 6)],
    ['r1 += -176', '0701000050ffffff', (code) => code.addNumber(1, -176)],
    ['r9 -= r1', '1f19000000000000', (code) => code.subtract(9, 1)],
    ['r1 &= 0xff1f', '570100001fff0000', (code) => code.andNumber(1, 0xff1f)],
    ['r1 = *(u8 *)(r10 - 168)', '71a158ff00000000', (code) => code.load(1, 1, 10, -168)],
    ['*(u8 *)(r10 - 8) = r1', '731af8ff00000000', (code) => code.store(1, 10, -8, 1)],
    ['r1 = *(u16 *)(r10 - 168)', '69a158ff00000000', (code) => code.load(2, 1, 10, -168)],
    ['r1 = *(u32 *)(r10 - 168)', '61a158ff00000000', (code) => code.load(4, 1, 10, -168)],
    ['r7 = *(u64 *)(r6 + 16)', '7967100000000000', (code) => code.load(8, 7, 6, 16)],
    ['*(u16 *)(r10 - 8) = r1', '6b1af8ff00000000', (code) => code.store(2, 10, -8, 1)],
    ['*(u32 *)(r10 - 8) = r9', '639af8ff00000000', (code) => code.store(4, 10, -8, 9)],
    ['*(u64 *)(r10 - 8) = r0', '7b0af8ff00000000', (code) => code.store(8, 10, -8, 0)],
    ['*(u64 *)(r10 - 8) = 0', '7a0af8ff00000000', (code) => code.storeNumber(10, -8, 0)],
    ['lock *(u64 *)(r0 + 0) += r1', 'db10000000000000', (code) => code.atomicAdd(0, 0, 1)],
    ['r1 = map 5', '18110000050000000000000000000000', (code) => code.loadMap(1, 5)],
    ['call 113', '8500000071000000', (code) => code.call(113)],
    ['exit', '9500000000000000', (code) => code.exit()],
    ['goto +0', '0500000000000000', (code) => code.jump('x').label('x')],
    ['if r1 == 7 goto +0', '1501000007000000', (code) => code.jumpIfEqual(1, 7, 'x').label('x')],
    ['if r1 == r2 goto +0', '1d21000000000000', (code) => code.jumpIfSame(1, 2, 'x').label('x')],
    ['if r9 < 2 goto +0', 'a509000002000000', (code) => code.jumpIfLess(9, 2, 'x').label('x')],
    ['if r9 <= 104 goto +0', 'b509000068000000', (code) => code.jumpIfAtMost(9, 104, 'x').label('x')],
    ['if r9 s< 0 goto +0', 'c509000000000000', (code) => code.jumpIfNegative(9, 'x').label('x')],
    ['goto -1', '0500ffff00000000', (code) => code.label('x').jump('x')],
  ])('%s', (_, expected, write) => {
    expect(hex(write(new Assembler()).assemble()).join('')).toBe(expected)
  })

  it('jump over what stands between, a map counting twice', () => {
    const code = new Assembler().jump('end').loadMap(1, 3).label('end').exit()
    expect(hex(code.assemble())[0]).toBe('0500020000000000')
  })

  it('need their labels', () => {
    expect(() => new Assembler().jump('nowhere').assemble()).toThrow('nowhere')
  })
})

describe('the program at kfree_skb', () => {
  const before611 = { tracepoint: ['sk_buff', 'location', 'reason'] }
  it.each([
    ['kfree-skb-6.11', {}],
    ['kfree-skb-5.17', { ...before611, reasons: { SKB_DROP_REASON_NOT_SPECIFIED: 0, SKB_DROP_REASON_NO_SOCKET: 1 } }],
  ])('%s', (name, kernel) => {
    const layout = layoutOf(new Btf(kernelTypes(kernel)))
    const maps = { inUse: 20, tables: [21, 22], folded: 23, rest: 24 } as const
    for (const [file, program] of [
      [name, dropProgram(layout, 4026532315, { queue: 20, lost: 21 })],
      [`count-${name}`, countProgram(layout, 4026532315, maps)],
    ] as const) {
      const lines = hex(program)
      const url = new URL(`../../../fixtures/kernel/bpf/${file}.hex`, import.meta.url)
      if (process.env.UPDATE_DOCS) writeFileSync(url, `${lines.join('\n')}\n`)
      expect(lines).toEqual(readFileSync(url, 'utf8').trim().split('\n'))
    }
  })
})
