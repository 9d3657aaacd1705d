/** IPv6's network prefix translation (RFC 6296), as the kernel does it (net/ipv6/netfilter/ip6t_NPT.c). */
import { formatAddress, parseAddress } from '../model/address.ts'
import type { PrefixExchange } from '../model/statement.ts'

/**
 * The address with its prefix exchanged, and one 16-bit word behind it changed so that checksums stay right. It need not
 * be of `from`: the kernel does not look. Undefined where the kernel finds no such word, or what is given is no address of IPv6.
 */
export function exchangePrefix(address: string, { from, to, length }: PrefixExchange): string | undefined {
  const words = wordsOf(address)
  const [old, now] = [wordsOf(from), wordsOf(to)]
  if (!words || !old || !now) return undefined
  for (let i = 0; 16 * i < length; i++) {
    const mask = 0xffff & (0xffff << Math.max(0, 16 * (i + 1) - length))
    words[i] = (words[i]! & ~mask) | (now[i]! & mask)
  }
  // behind 48 bits it is the subnet's number, else the first word of the host's part that is not all ones
  const at = length <= 48 ? 3 : words.findIndex((word, i) => i >= 4 && word !== ALL_ONES)
  if (at < 0) return undefined
  const sum = folded(words[at]! + folded(sumOf(old) + (ALL_ONES - folded(sumOf(now)))))
  words[at] = sum === ALL_ONES ? 0 : sum
  return formatAddress(Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff])))
}

/** By how much, in ones' complement, checksums are wrong where one address takes the place of the other; 0: they are right. */
export const checksumChange = (from: string, to: string): number =>
  folded(sumOf(wordsOf(to) ?? []) + ALL_ONES - folded(sumOf(wordsOf(from) ?? []))) % ALL_ONES

const ALL_ONES = 0xffff

function wordsOf(address: string): number[] | undefined {
  const bytes = parseAddress(address)
  if (bytes?.length !== 16) return undefined
  return Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
}

const sumOf = (words: readonly number[]): number => words.reduce((sum, word) => sum + word, 0)

/** In ones' complement: what is above 16 bits comes back at the low end. */
function folded(sum: number): number {
  let rest = sum
  while (rest > ALL_ONES) rest = (rest & ALL_ONES) + (rest >>> 16)
  return rest
}
