/** IP addresses and masks as iptables reads and prints them (libxtables xtables_ipparse_any, xtables_ipmask_to_numeric). */
import { formatAddress, maskFromLength, maskToLength, parseAddress } from '../../../model/address.ts'
import type { Value } from '../../../model/condition.ts'
import type { MaskedAddress } from '../../../model/ruleset.ts'
import { type IpFamily, type Option, type RuleContext, WordError, word } from '../extension.ts'

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
  const slash = text.indexOf('/')
  const width = family === 'ip' ? 32 : 128
  const addressText = slash < 0 ? text : text.slice(0, slash)
  const bytes = parseAddress(addressText) ?? (family === 'ip' ? parseShortIpv4(addressText) : undefined)
  if (!bytes || bytes.length * 8 !== width)
    throw new WordError(`"${addressText}" is not an IPv${family === 'ip' ? 4 : 6} address`)
  const mask = slash < 0 ? width : readMask(text.slice(slash + 1), family)
  return { address: formatAddress(clear(bytes, mask)), mask }
}

/** A prefix length or a mask written like an address; its length, where its ones have no gaps. Throws WordError. */
export function readMask(text: string, family: IpFamily): number | string {
  const width = family === 'ip' ? 32 : 128
  if (/^\d+$/.test(text)) {
    if (Number(text) > width) throw new WordError(`/${text} is longer than the address`)
    return Number(text)
  }
  const bytes = parseAddress(text)
  if (!bytes || bytes.length * 8 !== width) throw new WordError(`"${text}" is not a netmask`)
  return maskToLength(bytes) ?? formatAddress(bytes)
}

function clear(bytes: Uint8Array, mask: number | string): Uint8Array {
  const ones = typeof mask === 'number' ? maskFromLength(mask, bytes.length * 8) : parseAddress(mask)!
  return bytes.map((byte, i) => byte & ones[i]!)
}

/** `10` or `10.1` as a network: iptables fills the missing parts with zeros (libxtables numeric_to_ipaddr with `/`). */
function parseShortIpv4(text: string): Uint8Array | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){0,2}$/.test(text)) return undefined
  return parseAddress([...text.split('.'), '0', '0', '0'].slice(0, 4).join('.'))
}

/** As iptables-save prints `-s` and `-d`: always with the mask. */
export const printMaskedAddress = ({ address, mask }: MaskedAddress): string => `${address}/${mask}`

export const addressOption = (more: Partial<Option<string>> = {}) =>
  word(
    (text, { family }: RuleContext) => readAddress(text, family),
    (address) => address,
    more,
  )

/** `A[/MASK]` as matches take it: bits outside the mask stay, and a full mask is not printed (XTTYPE_HOSTMASK). */
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
