/**
 * The kernel's hash (include/linux/jhash.h), as a little-endian processor computes it. Big-endian ones read words of bytes
 * the other way round; nobody is known to filter on such.
 */
const INITIAL = 0xdeadbeef

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

/** Of bytes; `seed`: the caller's. */
export function jhash(bytes: Uint8Array, seed: number): number {
  let length = bytes.length
  let a = (INITIAL + length + seed) | 0
  let b = a
  let c = a
  let at = 0
  const word = (from: number) =>
    (bytes[from] ?? 0) |
    ((bytes[from + 1] ?? 0) << 8) |
    ((bytes[from + 2] ?? 0) << 16) |
    ((bytes[from + 3] ?? 0) << 24) |
    0
  for (; length > 12; length -= 12, at += 12) {
    a = (a + word(at)) | 0
    b = (b + word(at + 4)) | 0
    c = (c + word(at + 8)) | 0
    a = ((a - c) | 0) ^ rotate(c, 4)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ rotate(a, 6)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ rotate(b, 8)
    b = (b + a) | 0
    a = ((a - c) | 0) ^ rotate(c, 16)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ rotate(a, 19)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ rotate(b, 4)
    b = (b + a) | 0
  }
  if (length === 0) return c >>> 0
  a = (a + word(at)) | 0
  b = (b + word(at + 4)) | 0
  c = (c + word(at + 8)) | 0
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}

/** `hash` brought into 0 … `count` - 1 (reciprocal_scale, include/linux/kernel.h). */
export const scaled = (hash: number, count: number): number => Number((BigInt(hash >>> 0) * BigInt(count)) >> 32n)
