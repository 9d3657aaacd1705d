/** Records whose fields lie: lengths, counts and kinds of 1, 2, 4 or 8 bytes in either order. */
import type { Random } from './random.ts'

const VALUES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 8n, 15n, 16n, 19n, 20n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn],
  ...[0x1_0000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffcn, 0xffff_ffffn, 0x1f_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn],
]

export function mutateBinary(text: string, random: Random): string {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 8) return text
  if (random.chance(0.1)) return recordTwice(text, random)
  const size = random.pick([1, 2, 2, 4, 4, 4, 8])
  // fields lie at even places, mostly near the beginning of something
  const at = Math.min(bytes.length - size, random.below(bytes.length) & ~(Math.min(size, 4) - 1))
  const value = random.chance(0.7) ? random.pick(VALUES) : near(bytes, at, size, random)
  write(bytes, at, size, value, random.chance(0.5))
  return bytes.toString('latin1')
}

/** A bit more or less than what is there. */
function near(bytes: Buffer, at: number, size: number, random: Random): bigint {
  const now = size <= 6 ? BigInt(bytes.readUIntLE(at, size)) : bytes.readBigUInt64LE(at)
  return now + BigInt(random.below(17) - 8)
}

function write(bytes: Buffer, at: number, size: number, value: bigint, bigEndian: boolean): void {
  for (let i = 0; i < size; i++) bytes[at + (bigEndian ? size - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 0xffn)
}

function recordTwice(text: string, random: Random): string {
  const from = random.below(text.length) & ~3
  const part = text.slice(from, from + 4 * (1 + random.small(100)))
  return text.slice(0, from) + part.repeat(1 + random.below(4)) + text.slice(from)
}
