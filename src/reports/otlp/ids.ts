/** Ids of traces and spans: the same for the same packet of the same capture, so that what is sent twice is one. */

/** 16 bytes in hex, never all zero. */
export const traceId = (key: string): string => hex(key, 4)

/** 8 bytes in hex, never all zero. */
export const spanId = (key: string): string => hex(key, 2)

function hex(key: string, words: number): string {
  let text = ''
  for (let i = 0; i < words; i++) text += (hash(key, i) || 1).toString(16).padStart(8, '0')
  return text
}

/** FNV-1a, then MurmurHash3's last mixing; 32 bits. `seed` tells hashes of one text apart. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ Math.imul(seed + 1, 0x9e3779b1)
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
