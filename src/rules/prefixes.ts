/** Addresses as the tools print them → canonical text, with a prefix length where the model wants one. */
import { formatAddress, inPrefix, parseAddress } from '../model/address.ts'

export type IpFamily = 'ip' | 'ip6'

/** Most addresses; a big conntrack table has four million of them. */
const CANONICAL_IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** Canonical text without brackets, prefix length or `%device`; undefined where it is no address. */
export function canonicalAddress(text: string): string | undefined {
  if (CANONICAL_IPV4.test(text)) return text
  const bytes = parseAddress(text.replace(/^\[(.*)\]/, '$1').replace(/%.*$/, ''))
  return bytes && formatAddress(bytes)
}

export const familyOf = (address: string): IpFamily => (address.includes(':') ? 'ip6' : 'ip')

/** Undefined for families that have both, or neither. */
export const otherVersion = (family: string): IpFamily | undefined =>
  family === 'ip' ? 'ip6' : family === 'ip6' ? 'ip' : undefined

/** `10.0.0.0/8`, `10.0.0.1` → `10.0.0.1/32`; undefined where it is neither. */
export function canonicalPrefix(text: string, length?: number): string | undefined {
  const [host = '', written] = text.split('/')
  const address = canonicalAddress(host)
  if (address === undefined) return undefined
  const width = familyOf(address) === 'ip6' ? 128 : 32
  const bits = length ?? (written === undefined ? width : /^\d+$/.test(written) ? Number(written) : -1)
  return bits >= 0 && bits <= width ? `${address}/${bits}` : undefined
}

/** Of `ADDRESS/LENGTH`; an address alone is a network of its own. */
export function prefixLength(text: string): number {
  const slash = text.indexOf('/')
  if (slash >= 0) return Number(text.slice(slash + 1))
  return text.includes(':') ? 128 : 32
}

/** What `default`, `all` and `any` stand for. */
export const everywhere = (family: IpFamily): string => (family === 'ip6' ? '::/0' : '0.0.0.0/0')

/** `network`: ADDRESS/LENGTH. No address is in a network of the other IP version. */
export function isInNetwork(address: string, network: string): boolean {
  const [bytes, base] = [parseAddress(address), parseAddress(network.split('/')[0]!)]
  return !!bytes && !!base && bytes.length === base.length && inPrefix(bytes, base, prefixLength(network))
}
