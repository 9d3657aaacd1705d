/**
 * An assembler for eBPF (Documentation/bpf/standardization/instruction-set.rst; include/uapi/linux/bpf.h): one method an
 * instruction, jumps to labels. Eight bytes each, little-endian: opcode, registers, offset (16 bits), number (32 bits).
 */

/** r1 to r5 are what a helper is called with, and lost then; r0 is what it gives; r6 to r9 stay; r10 is the stack's end. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10
export type Size = 1 | 2 | 4 | 8

const LOAD = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 } as const
const STORE = { 1: 0x73, 2: 0x6b, 4: 0x63, 8: 0x7b } as const
const PSEUDO_MAP_FD = 1

export class Assembler {
  private readonly code: number[][] = []
  private readonly labels = new Map<string, number>()
  private readonly jumps: { at: number; label: string }[] = []

  /** `to = from` */
  move(to: Register, from: Register): this {
    return this.put(0xbf, to, from)
  }

  /** `to = number` */
  set(to: Register, number: number): this {
    return this.put(0xb7, to, 0, 0, number)
  }

  /** `to = number`, the lower half; the upper is zero. */
  set32(to: Register, number: number): this {
    return this.put(0xb4, to, 0, 0, number)
  }

  /** `to = from`, the lower half; the upper is zero. */
  move32(to: Register, from: Register): this {
    return this.put(0xbc, to, from)
  }

  add(to: Register, from: Register): this {
    return this.put(0x0f, to, from)
  }

  addNumber(to: Register, number: number): this {
    return this.put(0x07, to, 0, 0, number)
  }

  subtract(to: Register, from: Register): this {
    return this.put(0x1f, to, from)
  }

  /** `to &= number` */
  andNumber(to: Register, number: number): this {
    return this.put(0x57, to, 0, 0, number)
  }

  /** `to = *(from + offset)`; the rest of `to` is zero. */
  load(size: Size, to: Register, from: Register, offset: number): this {
    return this.put(LOAD[size], to, from, offset)
  }

  /** `*(to + offset) = from` */
  store(size: Size, to: Register, offset: number, from: Register): this {
    return this.put(STORE[size], to, from, offset)
  }

  /** `*(to + offset) = number`, eight bytes. */
  storeNumber(to: Register, offset: number, number: number): this {
    return this.put(0x7a, to, 0, offset, number)
  }

  /** `*(to + offset) += from`, eight bytes, whole on every CPU. */
  atomicAdd(to: Register, offset: number, from: Register): this {
    return this.put(0xdb, to, from, offset)
  }

  /** The map of this file descriptor; takes two instructions' room. */
  loadMap(to: Register, fd: number): this {
    return this.put(0x18, to, PSEUDO_MAP_FD, 0, fd).put(0)
  }

  /** The helper of this number (enum bpf_func_id). */
  call(helper: number): this {
    return this.put(0x85, 0, 0, 0, helper)
  }

  exit(): this {
    return this.put(0x95)
  }

  label(name: string): this {
    this.labels.set(name, this.code.length)
    return this
  }

  jump(label: string): this {
    return this.jumpWith(0x05, 0, 0, 0, label)
  }

  jumpIfEqual(one: Register, number: number, label: string): this {
    return this.jumpWith(0x15, one, 0, number, label)
  }

  /** Both registers whole. */
  jumpIfSame(one: Register, other: Register, label: string): this {
    return this.jumpWith(0x1d, one, other, 0, label)
  }

  /** Without signs. */
  jumpIfLess(one: Register, number: number, label: string): this {
    return this.jumpWith(0xa5, one, 0, number, label)
  }

  /** Without signs. */
  jumpIfAtMost(one: Register, number: number, label: string): this {
    return this.jumpWith(0xb5, one, 0, number, label)
  }

  /** With signs. */
  jumpIfNegative(one: Register, label: string): this {
    return this.jumpWith(0xc5, one, 0, 0, label)
  }

  /** The program's bytes. Throws where a label is missing. */
  assemble(): Uint8Array {
    for (const { at, label } of this.jumps) {
      const target = this.labels.get(label)
      if (target === undefined) throw new Error(`no label ${label}`)
      this.code[at]![3] = target - at - 1
    }
    const bytes = new Uint8Array(this.code.length * 8)
    const view = new DataView(bytes.buffer)
    for (const [i, [opcode, to, from, offset, number]] of this.code.entries()) {
      view.setUint8(8 * i, opcode!)
      view.setUint8(8 * i + 1, to! | (from! << 4))
      view.setInt16(8 * i + 2, offset!, true)
      view.setInt32(8 * i + 4, number!, true)
    }
    return bytes
  }

  private jumpWith(opcode: number, one: Register, other: Register, number: number, label: string): this {
    this.jumps.push({ at: this.code.length, label })
    return this.put(opcode, one, other, 0, number)
  }

  private put(opcode: number, to = 0, from = 0, offset = 0, number = 0): this {
    this.code.push([opcode, to, from, offset, number])
    return this
  }
}
