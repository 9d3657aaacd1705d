/** A line's hash and its end, found in one go. */
const NEWLINE = 0x0a
const MULTIPLIER = 0x9e3779b1 | 0
const BLANKS = 0x20202020
const HIGH_BITS = 0x80808080

/** Where the line ends that was hashed last: at its newline, or where reading had to stop. */
export let hashedTo = 0
/** Was every byte of it ASCII, and none NUL? */
export let plain = false

/**
 * Over `bytes[start, newline)`, not further than `stop`; 30 bits, the same for the same bytes and seed wherever they
 * stand. Four sums side by side, as a multiplication that waits for the one before it leaves the processor idle.
 */
export function hashLine(bytes: Uint8Array, view: DataView, start: number, stop: number, seed: number): number {
  let a = seed
  let b = 0
  let c = 0
  let d = 0
  let at = start
  // until there is a byte below the blank, as the newline is, or beyond ASCII
  for (const last = stop - 16; at <= last; at += 16) {
    const first = view.getInt32(at, true)
    const second = view.getInt32(at + 4, true)
    const third = view.getInt32(at + 8, true)
    const fourth = view.getInt32(at + 12, true)
    const below = (first - BLANKS) | (second - BLANKS) | (third - BLANKS) | (fourth - BLANKS)
    if (((below | first | second | third | fourth) & HIGH_BITS) !== 0) break
    a = (Math.imul(a, MULTIPLIER) + first) | 0
    b = (Math.imul(b, MULTIPLIER) + second) | 0
    c = (Math.imul(c, MULTIPLIER) + third) | 0
    d = (Math.imul(d, MULTIPLIER) + fourth) | 0
  }
  for (const last = stop - 4; at <= last; at += 4) {
    const four = view.getInt32(at, true)
    if ((((four - BLANKS) | four) & HIGH_BITS) !== 0) break
    b = (Math.imul(b, MULTIPLIER) + four) | 0
  }
  let all = 0
  let least = 1
  for (; at < stop; at++) {
    const byte = bytes[at]!
    if (byte === NEWLINE) break
    c = (Math.imul(c, MULTIPLIER) + byte) | 0
    all |= byte
    if (byte === 0) least = 0
  }
  hashedTo = at
  plain = all < 0x80 && least > 0
  const hash = mix(mix(mix(a, b), c), d)
  return (hash ^ (hash >>> 15)) & 0x3fffffff
}

/** Lower bits of a sum know nothing of the higher ones. */
const mix = (hash: number, other: number): number => Math.imul(hash ^ (hash >>> 16) ^ other, MULTIPLIER)
