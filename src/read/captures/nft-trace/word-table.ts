/** Words known by a hash of their bytes: what a loop over bytes looks up without making a text. */
const MULTIPLIER = 0x01000193

export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, MULTIPLIER)

export const hashWord = (word: string, seed = 0): number =>
  [...word].reduce((hash, letter) => hashByte(hash, letter.charCodeAt(0)), seed)

/** Where one word's bytes end, from `at` on; its hash is in `wordHash`. */
export function readWord(bytes: Uint8Array, at: number, end: number, seed: number): number {
  let hash = seed
  let i = at
  for (; i < end; i++) {
    const byte = bytes[i]!
    if (byte <= 0x20) break
    hash = Math.imul(hash ^ byte, MULTIPLIER)
  }
  wordHash = hash
  return i
}

/** Of the word that was read last. */
export let wordHash = 0

type Entries = readonly (readonly [number, number])[]

export class WordTable {
  private readonly entries: () => Entries
  private mask = 0
  private hashes = new Int32Array(0)
  private values = new Int32Array(0)

  /** Each hash with its value, which is not negative; asked for when the first word is looked up, as most runs look up none. */
  constructor(entries: () => Entries) {
    this.entries = entries
  }

  private fill(): void {
    const entries = this.entries()
    let size = 64
    while (size < entries.length * 4) size *= 2
    this.mask = size - 1
    this.hashes = new Int32Array(size)
    this.values = new Int32Array(size).fill(-1)
    for (const [hash, value] of entries) {
      let slot = this.slotOf(hash)
      while (this.values[slot]! >= 0) slot = (slot + 1) & this.mask
      this.hashes[slot] = hash
      this.values[slot] = value
    }
  }

  /** -1 where it is not known. */
  get(hash: number): number {
    if (this.values.length === 0) this.fill()
    for (let slot = this.slotOf(hash); ; slot = (slot + 1) & this.mask) {
      const value = this.values[slot]!
      if (value < 0 || this.hashes[slot] === hash) return value
    }
  }

  private slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.mask
  }
}
