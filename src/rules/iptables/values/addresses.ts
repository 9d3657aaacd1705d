/** IP addresses and masks as iptables reads and prints them (libxtables xtables_ipparse_any, xtables_ipmask_to_numeric). */
import { formatAddress, maskFromLength, maskToLength, parseAddress } from '../../../model/address.ts'
import type { Value } from '../../../model/condition.ts'
import type { MaskedAddress } from '../../../model/ruleset.ts'
import { type IpFamily, type Option, type RuleContext, WordError, word } from '../extension.ts'
import { readNumber } from './numbers.ts'

/** One address in canonical text; throws WordError, also for host names, which only the host itself could resolve. */
export function readAddress(text: string, family: IpFamily): string {
  const bytes = parseAddress(text)
  // inet_pton takes no leading zeros, which could be meant as octal
  if (!bytes || bytes.length !== (family === 'ip' ? 4 : 16) || (family === 'ip' && /\b0\d/.test(text)))
    throw new WordError(`"${text}" is not an IPv${family === 'ip' ? 4 : 6} address`)
  return formatAddress(bytes)
}

/** `A`, `A/24` or `A/255.255.0.0`; bits outside the mask are cleared, as iptables does. Throws WordError. */
export function readMaskedAddress(text: string, family: IpFamily): MaskedAddress {
  const slash = text.lastIndexOf('/')
  const mask = slash < 0 ? WIDTH[family] : readMask(text.slice(slash + 1), family)
  // the name is not even looked at then: `any/0`
  const addressText = mask === 0 ? ZERO[family] : slash < 0 ? text : text.slice(0, slash)
  const bytes = family === 'ip' ? parseParts(addressText) : parseAddress(addressText)
  if (bytes?.length !== WIDTH[family] / 8)
    throw new WordError(`"${addressText}" is not an IPv${family === 'ip' ? 4 : 6} address`)
  return { address: formatAddress(clear(bytes, mask)), mask }
}

const WIDTH = { ip: 32, ip6: 128 }
const ZERO = { ip: '0.0.0.0', ip6: '::' }

/** A prefix length or a mask written like an address; its length, where its ones have no gaps. Throws WordError. */
export function readMask(text: string, family: IpFamily): number | string {
  if (/^\d+$/.test(text)) return readNumber(text, WIDTH[family])
  const bytes = parseAddress(text)
  if (bytes?.length !== WIDTH[family] / 8) throw new WordError(`"${text}" is not a netmask`)
  return maskToLength(bytes) ?? formatAddress(bytes)
}

function clear(bytes: Uint8Array, mask: number | string): Uint8Array {
  const ones = typeof mask === 'number' ? maskFromLength(mask, bytes.length * 8) : parseAddress(mask)!
  return bytes.map((byte, i) => byte & ones[i]!)
}

/** IPv4 as iptables reads it itself: `10.1` is 10.1.0.0, parts may be hex or octal (libxtables __numeric_to_ipaddr). */
function parseParts(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length > 4 || !parts.every((part) => /^[\dxXa-fA-F]+$/.test(part))) return undefined
  const bytes = new Uint8Array(4)
  parts.forEach((part, i) => {
    bytes[i] = readNumber(part, 255)
  })
  return bytes
}

/** As iptables-save prints `-s` and `-d`: always with the mask. */
export const printMaskedAddress = ({ address, mask }: MaskedAddress): string => `${address}/${mask}`

export const addressOption = (more: Partial<Option<string>> = {}) =>
  word(
    (text, { family }: RuleContext) => readAddress(text, family),
    (address) => address,
    more,
  )

/**
 * `A[/MASK]` as matches take it: bits outside the mask stay, and a full mask is not printed (XTTYPE_HOSTMASK).
 * 1.8.9 forgets a mask whose ones have gaps; later ones keep it, and so is it here.
 */
export const hostMaskOption = (more: Partial<Option<MaskedAddress>> = {}) =>
  word(
    (text, { family }: RuleContext): MaskedAddress => {
      const slash = text.indexOf('/')
      const address = readAddress(slash < 0 ? text : text.slice(0, slash), family)
      return { address, mask: slash < 0 ? widthOf(address) : readMask(text.slice(slash + 1), family) }
    },
    printHostMask,
    more,
  )

export const printHostMask = ({ address, mask }: MaskedAddress): string =>
  mask === widthOf(address) ? address : `${address}/${mask}`

/** What a compare needs to ask whether an address is in this network. */
export function networkValue({ address, mask }: MaskedAddress): { value: Value; mask?: string } {
  if (mask === widthOf(address)) return { value: address }
  const network = formatAddress(clear(parseAddress(address)!, mask))
  return typeof mask === 'string' ? { value: network, mask } : { value: { prefix: network, length: mask } }
}

/** How many ones a mask begins with. */
export function leadingOnes(mask: number | string): number {
  if (typeof mask === 'number') return mask
  const bytes = parseAddress(mask)!
  let ones = 0
  while (bytes[ones >> 3]! & (0x80 >> (ones & 7))) ones++
  return ones
}

const widthOf = (address: string): number => (address.includes(':') ? 128 : 32)
