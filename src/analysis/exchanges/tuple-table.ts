/**
 * Numbers by the addresses and ports of a packet, whichever way it goes: both directions of an exchange without NAT are
 * one entry. There may be as many as packets, so all stands in columns.
 */

/** Source and destination (four numbers each), their ports, the protocol, ICMP's id and sequence number. */
export const KEY_WORDS = 13

const FIRST = 64

export interface Found {
  value: number
  /** The packet goes the other way than the one that the value was kept for. */
  turned: boolean
}

export class TupleTable {
  private keys = new Int32Array(FIRST * KEY_WORDS)
  /** Of each: the value, and in the lowest bit whether its key was turned. */
  private values = new Int32Array(FIRST)
  private slots = new Int32Array(2 * FIRST).fill(-1)
  private size = 0
  private readonly scratch = new Int32Array(KEY_WORDS)

  /** Undefined where there is none. */
  find(tuple: Int32Array): Found | undefined {
    const turned = this.arrange(tuple)
    const at = this.slots[this.slotOf()]!
    if (at < 0) return undefined
    const value = this.values[at]!
    return { value: value >> 1, turned: turned !== ((value & 1) === 1) }
  }

  /** In place of what was kept for either direction. */
  set(tuple: Int32Array, value: number): void {
    if (2 * this.size >= this.slots.length) this.grow()
    const turned = this.arrange(tuple)
    const slot = this.slotOf()
    let at = this.slots[slot]!
    if (at < 0) {
      at = this.size++
      this.slots[slot] = at
      this.keys.set(this.scratch, at * KEY_WORDS)
    }
    this.values[at] = (value << 1) | (turned ? 1 : 0)
  }

  /** The key, its lesser end first; gives whether it had to be turned. */
  private arrange(tuple: Int32Array): boolean {
    const { scratch } = this
    scratch.set(tuple)
    if (!isTurned(tuple)) return false
    for (let i = 0; i < 4; i++) {
      scratch[i] = tuple[4 + i]!
      scratch[4 + i] = tuple[i]!
    }
    scratch[8] = tuple[9]!
    scratch[9] = tuple[8]!
    return true
  }

  private slotOf(): number {
    const { slots, keys, scratch } = this
    const mask = slots.length - 1
    let slot = hash(scratch, 0) & mask
    for (;;) {
      const at = slots[slot]!
      if (at < 0) return slot
      let i = 0
      while (i < KEY_WORDS && keys[at * KEY_WORDS + i] === scratch[i]) i++
      if (i === KEY_WORDS) return slot
      slot = (slot + 1) & mask
    }
  }

  private grow(): void {
    const keys = new Int32Array(2 * this.keys.length)
    keys.set(this.keys)
    this.keys = keys
    const values = new Int32Array(2 * this.values.length)
    values.set(this.values)
    this.values = values
    this.slots = new Int32Array(2 * this.slots.length).fill(-1)
    const mask = this.slots.length - 1
    for (let at = 0; at < this.size; at++) {
      let slot = hash(keys, at * KEY_WORDS) & mask
      while (this.slots[slot]! >= 0) slot = (slot + 1) & mask
      this.slots[slot] = at
    }
  }
}

/** Does the destination stand before the source? */
function isTurned(tuple: Int32Array): boolean {
  for (let i = 0; i < 4; i++) {
    const difference = tuple[i]! - tuple[4 + i]!
    if (difference !== 0) return difference > 0
  }
  return tuple[8]! > tuple[9]!
}

function hash(words: Int32Array, from: number): number {
  let sum = 0
  for (let i = 0; i < KEY_WORDS; i++) sum = Math.imul(((sum << 13) | (sum >>> 19)) ^ words[from + i]!, 0x9e3779b1)
  return sum ^ (sum >>> 15)
}
