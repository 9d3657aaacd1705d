/**
 * The kernel's own description of its types, BTF, as /sys/kernel/btf/vmlinux has it (Documentation/bpf/btf.rst;
 * include/uapi/linux/btf.h): where a field stands in a structure of the kernel that runs, and what its enums call their
 * numbers. Both differ from kernel to kernel.
 */

const MAGIC = 0xeb9f
const [INT, POINTER, ARRAY, STRUCT, UNION, ENUM, FORWARD, TYPEDEF] = [1, 2, 3, 4, 5, 6, 7, 8]
const [VOLATILE, CONST, RESTRICT, FUNCTION, PROTOTYPE, VARIABLE, SECTION, FLOAT] = [9, 10, 11, 12, 13, 14, 15, 16]
const [DECLARATION_TAG, TYPE_TAG, ENUM64] = [17, 18, 19]

/** Bytes behind the first twelve: so many, and so many for each member, value or argument. */
const SIZES: readonly (readonly [number, number] | undefined)[] = sizes()

function sizes(): (readonly [number, number] | undefined)[] {
  const list: (readonly [number, number] | undefined)[] = []
  for (const plain of [POINTER, FORWARD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNCTION, FLOAT, TYPE_TAG])
    list[plain] = [0, 0]
  for (const four of [INT, VARIABLE, DECLARATION_TAG]) list[four] = [4, 0]
  for (const twelve of [STRUCT, UNION, SECTION, ENUM64]) list[twelve] = [0, 12]
  for (const eight of [ENUM, PROTOTYPE]) list[eight] = [0, 8]
  list[ARRAY] = [12, 0]
  return list
}

/** What the description does not have, or is not: the message says which. */
export class BtfError extends Error {}

export class Btf {
  private readonly bytes: Buffer
  private readonly view: DataView
  private readonly strings: number
  /** Type number → where it stands; 0 is `void` and stands nowhere. */
  private readonly places: Uint32Array
  private readonly count: number

  /** Walks over the types once. Throws a BtfError where it is not BTF, or has a kind of type that is not known here. */
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const { view } = this
    if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC) throw new BtfError('it is not BTF of this byte order')
    const header = view.getUint32(4, true)
    const start = header + view.getUint32(8, true)
    const end = start + view.getUint32(12, true)
    this.strings = header + view.getUint32(16, true)
    if (end > bytes.length || this.strings > bytes.length) throw new BtfError('BTF is cut short')
    // the shortest has twelve bytes
    this.places = new Uint32Array((end - start) / 12 + 1)
    let count = 1
    for (let at = start; at < end; count++) {
      this.places[count] = at
      const info = view.getUint32(at + 4, true)
      const size = SIZES[(info >>> 24) & 31]
      if (!size) throw new BtfError(`BTF has a type of kind ${(info >>> 24) & 31}, which nfwhy does not know`)
      at += 12 + size[0] + size[1] * (info & 0xffff)
    }
    this.count = count
  }

  /** Where a field stands in a structure, in bytes: `net`, `ns.inum`. Undefined: this kernel has no such field. */
  offsetOf(structure: string, path: string): number | undefined {
    let type: number | undefined = this.find(structure, STRUCT)
    let bits = 0
    for (const name of path.split('.')) {
      const member: Member | undefined = type === undefined ? undefined : this.member(type, name)
      if (!member) return undefined
      bits += member.bits
      type = member.type
    }
    return bits / 8
  }

  /** An enum's names by number; undefined where this kernel has no such enum. */
  namesOf(name: string): Map<number, string> | undefined {
    const type = this.find(name, ENUM)
    if (type === undefined) return undefined
    const at = this.places[type]!
    const names = new Map<number, string>()
    for (let i = 0; i < this.length(type); i++)
      names.set(this.view.getUint32(at + 16 + 8 * i, true), this.text(this.view.getUint32(at + 12 + 8 * i, true)))
    return names
  }

  /** What a function takes, by a typedef of it or of a pointer to it: the names of the types, `void` for what has none. */
  argumentsOf(typedef: string): string[] | undefined {
    const found = this.find(typedef, TYPEDEF)
    if (found === undefined) return undefined
    const type = this.pointedAt(found)
    if (this.kind(type) !== PROTOTYPE) return undefined
    return Array.from({ length: this.length(type) }, (_, i) =>
      this.name(this.pointedAt(this.view.getUint32(this.places[type]! + 16 + 8 * i, true))),
    )
  }

  /** The first of this name and kind that is more than announced. */
  private find(name: string, kind: number): number | undefined {
    const text = this.placeOf(name)
    if (text === undefined) return undefined
    for (let type = 1; type < this.count; type++) {
      const at = this.places[type]!
      if (this.view.getUint32(at, true) === text && this.kind(type) === kind) return type
    }
    return undefined
  }

  /** Each name is kept once, with a zero before it and one behind. */
  private placeOf(name: string): number | undefined {
    const at = this.bytes.indexOf(`\0${name}\0`, this.strings, 'latin1')
    return at < 0 ? undefined : at + 1 - this.strings
  }

  private member(structure: number, name: string): Member | undefined {
    const type = this.behindNames(structure)
    if (this.kind(type) !== STRUCT && this.kind(type) !== UNION) return undefined
    const at = this.places[type]!
    // with bit fields among them a member's size stands in the top byte
    const mask = this.view.getUint32(at + 4, true) >>> 31 ? 0xffffff : 0xffffffff
    for (let i = 0; i < this.length(type); i++) {
      const place = at + 12 + 12 * i
      const own = this.text(this.view.getUint32(place, true))
      const inside = this.view.getUint32(place + 4, true)
      const bits = (this.view.getUint32(place + 8, true) & mask) >>> 0
      if (own === name) return { bits, type: inside }
      const deeper = own === '' ? this.member(inside, name) : undefined
      if (deeper) return { bits: bits + deeper.bits, type: deeper.type }
    }
    return undefined
  }

  private behindNames(type: number): number {
    for (let at = type; ; at = this.view.getUint32(this.places[at]! + 8, true))
      if (![TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG].includes(this.kind(at))) return at
  }

  private pointedAt(type: number): number {
    let at = this.behindNames(type)
    while (this.kind(at) === POINTER) at = this.behindNames(this.view.getUint32(this.places[at]! + 8, true))
    return at
  }

  private kind = (type: number): number =>
    type === 0 ? 0 : (this.view.getUint32(this.places[type]! + 4, true) >>> 24) & 31

  private length = (type: number): number => this.view.getUint32(this.places[type]! + 4, true) & 0xffff

  private name = (type: number): string =>
    (type === 0 ? '' : this.text(this.view.getUint32(this.places[type]!, true))) || 'void'

  private text(offset: number): string {
    const start = this.strings + offset
    return this.bytes.toString('latin1', start, this.bytes.indexOf(0, start))
  }
}

interface Member {
  bits: number
  type: number
}
