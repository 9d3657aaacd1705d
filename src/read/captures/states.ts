/**
 * Packet states: the headers of one packet as one or more consecutive events show them. Most events of a journey have
 * the very bytes of the one before, so bytes are compared and read only once. A state lives as long as the
 * journey that holds it; slots are used again.
 */
import type { Packet } from '../../model/packet.ts'
import * as F from './header-fields.ts'
import { Names } from './names.ts'
import { copyPlain, SHORTEST, samePlain } from './same-plain.ts'

/** Bytes kept per state; a kernel log line has at most about a thousand. */
const SLOT = 1024
const EMPTY = -1
/** A state stood there, and others may hang behind it. */
const GONE = -2
const NEWLINE = 0x0a
/** How many of the latest states are tried before the hash is computed: more than CPUs interleave packets. */
const RECENT = 16

/** `row`: what was kept of these bytes; good during the call. */
export type ReadPacket = (bytes: Uint8Array, start: number, end: number, row: Int32Array) => Packet

export class PacketStates {
  readonly names: Names
  /** COLUMNS numbers a state. */
  rows = new Int32Array(F.COLUMNS * 64)
  private bytes = new Uint8Array(SLOT * 64)
  private lengths = new Int32Array(64)
  private hashes = new Int32Array(64)
  /** How many journeys hold it. */
  private holders = new Int32Array(64)
  private readPackets: ReadPacket[] = []
  private capacity = 64
  private used = 0
  private readonly free: number[] = []
  /** hash → state, open addressing; deleted places are marked so that chains stay whole. */
  private slots = new Int32Array(256).fill(EMPTY)
  private filled = 0
  private readonly long = new Map<number, Uint8Array>()
  private view = new DataView(this.bytes.buffer)
  /**
   * The latest states, three numbers each: the state; where in it its packet differs most from others (its sequence
   * number); and the four bytes there. All are plain: ASCII, none NUL.
   */
  private readonly recent = new Int32Array(RECENT * 3).fill(EMPTY)

  constructor(names: Names = new Names()) {
    this.names = names
  }

  /** The latest states first: the one whose bytes and a newline stand in `source` at `start`, or -1. Needs no hash. */
  findRecent(source: DataView, start: number, limit: number): number {
    const { recent } = this
    for (let i = 0; i < recent.length; i += 3) {
      const state = recent[i]!
      if (state < 0) continue
      const at = start + recent[i + 1]!
      if (at + 4 > limit || source.getInt32(at, true) !== recent[i + 2]) continue
      const length = this.lengths[state]!
      if (start + length >= limit || source.getUint8(start + length) !== NEWLINE) continue
      if (!samePlain(this.view, state * SLOT, source, start, length)) continue
      if (i > 0) this.moveUp(i)
      return state
    }
    return -1
  }

  /** The next line is likely to be of a packet that was just seen: its state changes places with the one before it. */
  private moveUp(i: number): void {
    const { recent } = this
    for (let k = i; k < i + 3; k++) {
      const other = recent[k - 3]!
      recent[k - 3] = recent[k]!
      recent[k] = other
    }
  }

  length(state: number): number {
    return this.lengths[state]!
  }

  /** The state that has these bytes, or -1. `hash` is the caller's own, over the same bytes. `plain`: all ASCII, none NUL. */
  find(source: Uint8Array, view: DataView, start: number, end: number, hash: number, plain: boolean): number {
    const mask = this.slots.length - 1
    const length = end - start
    const quick = plain && length <= SLOT && length >= SHORTEST
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const state = this.slots[slot]!
      if (state === EMPTY) return -1
      if (state < 0 || this.hashes[state] !== hash || this.lengths[state] !== length) continue
      if (
        quick ? samePlain(this.view, state * SLOT, view, start, length) : this.same(state, source, view, start, length)
      )
        return state
    }
  }

  private same(state: number, source: Uint8Array, other: DataView, start: number, length: number): boolean {
    const long = length > SLOT ? this.long.get(state)! : undefined
    if (long) {
      for (let i = 0; i < length; i++) if (long[i] !== source[start + i]) return false
      return true
    }
    const { view } = this
    const base = state * SLOT
    const words = length & ~3
    for (let i = 0; i < words; i += 4)
      if (view.getInt32(base + i, true) !== other.getInt32(start + i, true)) return false
    for (let i = words; i < length; i++) if (view.getUint8(base + i) !== other.getUint8(start + i)) return false
    return true
  }

  /**
   * Keeps a new state; `row` is copied. `telling` is the offset of four bytes that hardly another packet has there; -1
   * where the bytes are not all plain.
   */
  add(
    source: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    hash: number,
    row: Int32Array,
    telling: number,
    readPacket: ReadPacket,
  ): number {
    const state = this.free.pop() ?? this.used++
    if (state >= this.capacity) this.growCapacity()
    const length = end - start
    this.lengths[state] = length
    this.hashes[state] = hash
    this.holders[state] = 0
    this.readPackets[state] = readPacket
    if (length > SLOT) this.long.set(state, source.slice(start, end))
    else if (telling >= 0 && length >= SHORTEST) {
      copyPlain(this.view, state * SLOT, view, start, length)
      this.remember(state, telling)
    } else this.copy(view, start, length, state * SLOT)
    this.rows.set(row, state * F.COLUMNS)
    if ((this.filled + 1) * 2 > this.slots.length) this.rehash()
    const mask = this.slots.length - 1
    let slot = hash & mask
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & mask
    this.slots[slot] = state
    this.filled++
    return state
  }

  /** A part of an array would be an object of its own. */
  private copy(source: DataView, start: number, length: number, to: number): void {
    const { view } = this
    const words = length & ~3
    for (let i = 0; i < words; i += 4) view.setInt32(to + i, source.getInt32(start + i, true), true)
    for (let i = words; i < length; i++) view.setUint8(to + i, source.getUint8(start + i))
  }

  /** Takes the place of one that is gone, or of the last. */
  private remember(state: number, telling: number): void {
    const { recent } = this
    let i = 0
    while (i < recent.length - 3 && recent[i]! >= 0) i += 3
    recent[i] = state
    recent[i + 1] = telling
    recent[i + 2] = this.view.getInt32(state * SLOT + telling, true)
  }

  /** Of its bytes, as the reader made it. */
  hashOf(state: number): number {
    return this.hashes[state]!
  }

  /** One more journey holds this state. */
  retain(state: number): void {
    this.holders[state]!++
  }

  /** A journey that held it is closed; the last one frees it. */
  release(state: number): void {
    if (--this.holders[state]! > 0) return
    for (let i = 0; i < this.recent.length; i += 3) if (this.recent[i] === state) this.recent[i] = EMPTY
    const mask = this.slots.length - 1
    let slot = this.hashes[state]! & mask
    while (this.slots[slot] !== state) slot = (slot + 1) & mask
    this.slots[slot] = GONE
    // nothing hangs behind: places that are left empty need not be passed, nor cleared away later
    if (this.slots[(slot + 1) & mask] === EMPTY)
      for (; this.slots[slot] === GONE; slot = (slot - 1) & mask) {
        this.slots[slot] = EMPTY
        this.filled--
      }
    if (this.lengths[state]! > SLOT) this.long.delete(state)
    this.free.push(state)
  }

  /** The number that a text among the state's bytes has in `texts`, by its column. */
  text(state: number, column: number, texts: Names): number {
    const long = this.long.get(state)
    const span = this.rows[state * F.COLUMNS + column]!
    const from = (long ? 0 : state * SLOT) + (span >>> 12)
    return texts.number(long ?? this.bytes, from, from + (span & 0xfff))
  }

  /** All that the state's bytes tell. */
  packet(state: number): Packet {
    const long = this.long.get(state)
    const bytes = long ?? this.bytes
    const start = long ? 0 : state * SLOT
    const row = this.rows.subarray(state * F.COLUMNS, (state + 1) * F.COLUMNS)
    return this.readPackets[state]!(bytes, start, start + this.lengths[state]!, row)
  }

  /**
   * Of the record that the capture ends in: it is cut before both ends of the flow, and says nothing of a packet that others
   * do not show. Read as a packet of its own, it would be another one.
   */
  isRest(row: Int32Array): boolean {
    if (F.namesEnds(row)) return false
    const isAddressed = (row[F.PRESENT]! & F.HAS_SRC) !== 0 && (row[F.PRESENT]! & F.HAS_DST) !== 0
    if (!isAddressed) return true
    const told = [F.PROTO, F.ID].filter((column) => (row[F.PRESENT]! & (1 << column)) !== 0)
    const columns = [...told, ...[F.SRC, F.DST].flatMap((first) => [first, first + 1, first + 2, first + 3])]
    for (let state = 0; state < this.used; state++)
      if (this.holders[state]! > 0 && columns.every((one) => this.rows[state * F.COLUMNS + one] === row[one]))
        return true
    return false
  }

  private growCapacity(): void {
    this.capacity *= 2
    const grow = <T extends Int32Array | Uint8Array>(old: T, bigger: T): T => {
      bigger.set(old)
      return bigger
    }
    this.rows = grow(this.rows, new Int32Array(F.COLUMNS * this.capacity))
    this.bytes = grow(this.bytes, new Uint8Array(SLOT * this.capacity))
    this.view = new DataView(this.bytes.buffer)
    this.lengths = grow(this.lengths, new Int32Array(this.capacity))
    this.hashes = grow(this.hashes, new Int32Array(this.capacity))
    this.holders = grow(this.holders, new Int32Array(this.capacity))
  }

  private rehash(): void {
    const live: number[] = []
    for (const state of this.slots) if (state >= 0) live.push(state)
    let size = 256
    while (size < (live.length + 1) * 4) size *= 2
    this.slots = new Int32Array(size).fill(EMPTY)
    for (const state of live) {
      let slot = this.hashes[state]! & (size - 1)
      while (this.slots[slot] !== EMPTY) slot = (slot + 1) & (size - 1)
      this.slots[slot] = state
    }
    this.filled = live.length
  }
}
