/** A small BTF, as pahole would write it. Types are numbered from 1 in the order in which they are added. */

export class BtfMaker {
  private readonly types: number[] = []
  private strings = '\0'
  private count = 0

  integer(name: string, bytes: number): number {
    return this.add(name, 1, 0, bytes, [bytes * 8])
  }

  pointer(to: number): number {
    return this.add('', 2, 0, to, [])
  }

  /** Members as `[name, type, bits]`; an empty name is an anonymous structure's. */
  structure(name: string, members: readonly (readonly [string, number, number])[], bitFields = false): number {
    const words = members.flatMap(([one, type, bits]) => [this.string(one), type, bits])
    return this.add(name, 4 | (bitFields ? 0x80 : 0), members.length, 0, words)
  }

  union(members: readonly (readonly [string, number, number])[]): number {
    return this.add(
      '',
      5,
      members.length,
      0,
      members.flatMap(([one, type, bits]) => [this.string(one), type, bits]),
    )
  }

  enumeration(name: string, values: Readonly<Record<string, number>>): number {
    const words = Object.entries(values).flatMap(([one, value]) => [this.string(one), value])
    return this.add(name, 6, words.length / 2, 4, words)
  }

  /** Announced, and described elsewhere. */
  forward(name: string): number {
    return this.add(name, 7, 0, 0, [])
  }

  typedef(name: string, of: number): number {
    return this.add(name, 8, 0, of, [])
  }

  constant(of: number): number {
    return this.add('', 10, 0, of, [])
  }

  prototype(taken: readonly number[]): number {
    return this.add(
      '',
      13,
      taken.length,
      0,
      taken.flatMap((type) => [0, type]),
    )
  }

  array(of: number, index: number, length: number): number {
    return this.add('', 3, 0, 0, [of, index, length])
  }

  unknown(kind: number): number {
    return this.add('', kind, 0, 0, [])
  }

  bytes(): Uint8Array {
    const types = new Uint8Array(new Uint32Array(this.types).buffer)
    const header = new DataView(new ArrayBuffer(24))
    header.setUint16(0, 0xeb9f, true)
    header.setUint8(2, 1)
    const numbers = [24, 0, types.length, types.length, this.strings.length]
    for (const [i, number] of numbers.entries()) header.setUint32(4 + 4 * i, number, true)
    return new Uint8Array([...new Uint8Array(header.buffer), ...types, ...new TextEncoder().encode(this.strings)])
  }

  private add(name: string, kind: number, length: number, sizeOrType: number, more: readonly number[]): number {
    this.types.push(this.string(name), (((kind & 0x1f) << 24) | length | ((kind & 0x80) << 24)) >>> 0, sizeOrType)
    this.types.push(...more)
    return ++this.count
  }

  private string(text: string): number {
    if (text === '') return 0
    const known = this.strings.indexOf(`\0${text}\0`)
    if (known >= 0) return known + 1
    const at = this.strings.length
    this.strings += `${text}\0`
    return at
  }
}
