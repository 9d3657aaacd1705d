/**
 * Numbers by the addresses and ports of a packet, whichever way it goes: both directions of an exchange without NAT are
 * one entry. There may be as many as packets, so all stands in columns.
 */
import { TUPLE_WORDS } from '../../closed-journey.ts'
import { grown } from './columns.ts'

/** A tuple, and the machine that it was seen on. */
const KEY_WORDS = TUPLE_WORDS + 1

const FIRST = 64
/** Where each word of a tuple stands in that of the other direction. */
const TURNED = Int32Array.of(4, 5, 6, 7, 0, 1, 2, 3, 9, 8, 10, 11, 12)

/** Words of a tuple: of where a packet goes, of both hosts and the protocol, and of both ends. */
export const TO: readonly number[] = [4, 5, 6, 7, 9]
export const HOSTS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 10]
export const ENDS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Are these words of a packet's tuple those of the other one, seen from the other side? */
export const isReverse = (tuple: Int32Array, other: Int32Array, words: readonly number[]): boolean =>
  words.every((word) => tuple[word] === other[TURNED[word]!])

export interface Found {
  value: number
  /** The packet goes the other way than the one that the value was kept for. */
  turned: boolean
  /** A reply that conntrack takes for a connection of its own. */
  isNewFlow?: boolean
}

export class TupleTable {
  private keys = new Int32Array(FIRST * KEY_WORDS)
  /** Of each: the value, and in the lowest bit whether its key was turned. */
  private values = new Int32Array(FIRST)
  /** Of each its hash, by which keys need hardly be looked at, and its place, from 1 on; 0: none. */
  private slots = new Int32Array(2 * 2 * FIRST)
  private size = 0
  /** What is looked for, its lesser end first; was it turned for that? */
  private readonly key = new Int32Array(KEY_WORDS)
  private turned = false
  /** Where it is, or would be; -1: not looked for yet. What is not found is mostly set next. */
  private slot = -1

  /** Undefined where there is none. */
  find(tuple: Int32Array, host: number): Found | undefined {
    this.arrange(tuple, host)
    const place = this.slots[this.slotOf() + 1]!
    if (place === 0) return undefined
    const value = this.values[place - 1]!
    return { value: value >> 1, turned: this.turned !== ((value & 1) === 1) }
  }

  /** In place of what was kept for either direction. Gives what `tuple` finds it by. */
  set(tuple: Int32Array, host: number, value: number): number {
    this.arrange(tuple, host)
    const slot = this.slotOf()
    const place = this.slots[slot + 1]! || this.add(slot)
    const turned = this.turned ? 1 : 0
    this.values[place - 1] = (value << 1) | turned
    return (place << 1) | turned
  }

  /** What was given to `set`. */
  tuple(by: number): Int32Array {
    const tuple = new Int32Array(TUPLE_WORDS)
    this.readTuple(by, tuple)
    return tuple
  }

  /** The same, written there. */
  readTuple(by: number, into: Int32Array): void {
    const from = ((by >> 1) - 1) * KEY_WORDS
    const { keys } = this
    for (let i = 0; i < TUPLE_WORDS; i++) into[i] = keys[from + (by & 1 ? TURNED[i]! : i)]!
  }

  /** Is that the source of what was given to `set`? `address`: four words. */
  isFrom(by: number, address: Int32Array): boolean {
    const from = ((by >> 1) - 1) * KEY_WORDS + (by & 1 ? 4 : 0)
    for (let i = 0; i < 4; i++) if (this.keys[from + i] !== address[i]) return false
    return true
  }

  private add(slot: number): number {
    const place = ++this.size
    this.slots[slot + 1] = place
    if (place > this.values.length) {
      this.keys = grown(this.keys)
      this.values = grown(this.values)
    }
    const { keys, key } = this
    const from = (place - 1) * KEY_WORDS
    for (let i = 0; i < KEY_WORDS; i++) keys[from + i] = key[i]!
    if (2 * 2 * place > this.slots.length) this.spread()
    return place
  }

  private arrange(tuple: Int32Array, host: number): void {
    const { key } = this
    const turned = isTurned(tuple)
    this.turned = turned
    for (let i = 0; i < KEY_WORDS; i++) {
      const word = i === TUPLE_WORDS ? host : tuple[turned ? TURNED[i]! : i]!
      if (key[i] !== word) this.slot = -1
      key[i] = word
    }
  }

  /** Its hash stands there, or its place is 0 and the hash is written. */
  private slotOf(): number {
    if (this.slot >= 0) return this.slot
    const { slots, keys, key } = this
    const mask = slots.length - 1
    const hash = hashOf(key)
    let slot = (hash << 1) & mask
    for (; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
      if (slots[slot] !== hash) continue
      const from = (slots[slot + 1]! - 1) * KEY_WORDS
      let i = 0
      while (i < KEY_WORDS && keys[from + i] === key[i]) i++
      if (i === KEY_WORDS) break
    }
    slots[slot] = hash
    this.slot = slot
    return slot
  }

  /** Over more slots. */
  private spread(): void {
    const before = this.slots
    const slots = new Int32Array(4 * before.length)
    const mask = slots.length - 1
    for (let from = 0; from < before.length; from += 2) {
      if (before[from + 1] === 0) continue
      let slot = (before[from]! << 1) & mask
      while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
      slots[slot] = before[from]!
      slots[slot + 1] = before[from + 1]!
    }
    this.slots = slots
    this.slot = -1
  }
}

/** Source and destination change places. */
export function turn(tuple: Int32Array): void {
  for (let i = 0; i < TURNED.length; i++) {
    const other = TURNED[i]!
    if (other < i) [tuple[i], tuple[other]] = [tuple[other]!, tuple[i]!]
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

function hashOf(key: Int32Array): number {
  let sum = 0
  for (let i = 0; i < KEY_WORDS; i++) sum = Math.imul(((sum << 13) | (sum >>> 19)) ^ key[i]!, 0x9e3779b1)
  return sum ^ (sum >>> 15)
}

/** No addresses: they are not known. */
export function isZero(tuple: Int32Array): boolean {
  for (let i = 0; i < 8; i++) if (tuple[i] !== 0) return false
  return true
}
