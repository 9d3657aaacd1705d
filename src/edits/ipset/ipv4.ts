/** IPv4 addresses as numbers, to count through a range of them. */
import { WordError } from '../../rules/iptables/extension.ts'
import { readNumber } from '../../rules/iptables/values/numbers.ts'

export const toNumber = (address: Uint8Array): number => address.reduce((sum, byte) => sum * 256 + byte, 0)

export const fromNumber = (number: number): Uint8Array =>
  Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)

/** As inet_aton(3) reads it: `10.1` is 10.0.0.1, `010.0.0.1` is 8.0.0.1; getaddrinfo(3) does not take `0x50`. Undefined where it is no address. */
export function readIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length > 4 || /^0x\w+$/i.test(text)) return undefined
  try {
    const last = readNumber(parts.at(-1)!, 2 ** (8 * (5 - parts.length)) - 1)
    const number = parts.slice(0, -1).reduce((sum, part, i) => sum + readNumber(part, 255) * 2 ** (24 - 8 * i), last)
    return fromNumber(number)
  } catch (problem) {
    if (problem instanceof WordError) return undefined
    throw problem
  }
}
