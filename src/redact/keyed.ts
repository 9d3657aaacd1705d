/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): without its key nobody can tell what it
 * gives, and it is synchronous everywhere. Words of 64 bits are held as two halves.
 */

/** 128 bits, as four words: the first two are k0's low and high half. */
export type HashKey = readonly [number, number, number, number]

export class KeyedHash {
  private readonly key: HashKey
  // v0 … v3 in halves: low, high
  private readonly v = new Int32Array(8)

  constructor(key: HashKey) {
    this.key = key
  }

  /** Of bytes: low half, high half, unsigned. */
  hash(bytes: Uint8Array): [low: number, high: number] {
    const { v, key } = this
    v[0] = key[0] ^ 0x70736575
    v[1] = key[1] ^ 0x736f6d65
    v[2] = key[2] ^ 0x6e646f6d
    v[3] = key[3] ^ 0x646f7261
    v[4] = key[0] ^ 0x6e657261
    v[5] = key[1] ^ 0x6c796765
    v[6] = key[2] ^ 0x79746573
    v[7] = key[3] ^ 0x74656462
    const whole = bytes.length & ~7
    for (let at = 0; at < whole; at += 8) this.block(wordAt(bytes, at), wordAt(bytes, at + 4))
    // the last block has the length in its highest byte
    const rest = new Uint8Array(8)
    rest.set(bytes.subarray(whole))
    rest[7] = bytes.length
    this.block(wordAt(rest, 0), wordAt(rest, 4))
    v[4]! ^= 0xff
    for (let i = 0; i < 4; i++) round(v)
    return [(v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0, (v[1]! ^ v[3]! ^ v[5]! ^ v[7]!) >>> 0]
  }

  private block(low: number, high: number): void {
    const { v } = this
    v[6]! ^= low
    v[7]! ^= high
    round(v)
    round(v)
    v[0]! ^= low
    v[1]! ^= high
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

function round(v: Int32Array): void {
  add(v, 0, 2)
  rotate(v, 2, 13)
  xor(v, 2, 0)
  swap(v, 0)
  add(v, 4, 6)
  rotate(v, 6, 16)
  xor(v, 6, 4)
  add(v, 0, 6)
  rotate(v, 6, 21)
  xor(v, 6, 0)
  add(v, 4, 2)
  rotate(v, 2, 17)
  xor(v, 2, 4)
  swap(v, 4)
}

function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to]! >>> 0) + (v[from]! >>> 0)
  v[to + 1] = (v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0)) | 0
  v[to] = low | 0
}

/** To the left, by less than 32 bits. */
function rotate(v: Int32Array, at: number, bits: number): void {
  const [low, high] = [v[at]!, v[at + 1]!]
  v[at] = (low << bits) | (high >>> (32 - bits))
  v[at + 1] = (high << bits) | (low >>> (32 - bits))
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to]! ^= v[from]!
  v[to + 1]! ^= v[from + 1]!
}

/** To the left by 32 bits. */
function swap(v: Int32Array, at: number): void {
  const low = v[at]!
  v[at] = v[at + 1]!
  v[at + 1] = low
}

/** 32 hexadecimal digits are the key itself; any other text is made into one. */
export function keyOf(text: string): HashKey {
  if (/^[0-9a-f]{32}$/i.test(text)) {
    const words = [0, 8, 16, 24].map((at) => Number.parseInt(text.slice(at, at + 8), 16) | 0)
    return [words[0]!, words[1]!, words[2]!, words[3]!]
  }
  const bytes = new TextEncoder().encode(text)
  const [a, b] = new KeyedHash([0x6e667768, 0x79207265, 0x64616374, 1]).hash(bytes)
  const [c, d] = new KeyedHash([0x6e667768, 0x79207265, 0x64616374, 2]).hash(bytes)
  return [a | 0, b | 0, c | 0, d | 0]
}

/** For `keyOf`: 32 hexadecimal digits. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
