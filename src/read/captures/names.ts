/** Short byte strings (interface names, hosts, addresses) kept once each, known by a small number. */
import { latin1 } from '../../model/latin1.ts'

export class Names {
  private slots = new Int32Array(256).fill(-1)
  private readonly bytes: Uint8Array[] = []
  private readonly hashes: number[] = []
  private readonly texts: string[] = []

  constructor() {
    this.number(new Uint8Array(0), 0, 0)
  }

  /** The number of `source[start, end)`; 0 is the empty name. */
  number(source: Uint8Array, start: number, end: number): number {
    let hash = 0
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = this.slots[slot]!
      if (number < 0) return this.add(source.slice(start, end), hash, slot)
      if (this.hashes[number] === hash && sameBytes(this.bytes[number]!, source, start, end)) return number
    }
  }

  private add(bytes: Uint8Array, hash: number, slot: number): number {
    const number = this.bytes.length
    this.bytes.push(bytes)
    this.hashes.push(hash)
    this.texts.push(latin1(bytes))
    this.slots[slot] = number
    if (this.bytes.length * 2 > this.slots.length) this.grow()
    return number
  }

  private grow(): void {
    const mask = this.slots.length * 2 - 1
    this.slots = new Int32Array(mask + 1).fill(-1)
    for (let number = 0; number < this.hashes.length; number++) {
      let slot = this.hashes[number]! & mask
      while (this.slots[slot]! >= 0) slot = (slot + 1) & mask
      this.slots[slot] = number
    }
  }

  text(number: number): string {
    return this.texts[number] ?? ''
  }
}

function sameBytes(name: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let i = 0; i < name.length; i++) if (name[i] !== source[start + i]) return false
  return true
}
