/** IP addresses and masks as iptables reads and prints them (libxtables xtables_ipparse_any, xtables_ipmask_to_numeric). */
import { formatAddress, maskFromLength, maskToLength, parseAddress } from '../../../model/address.ts'
import type { MaskedAddress } from '../../../model/ruleset.ts'
import { type IpFamily, type Option, type RuleContext, WordError, word } from '../extension.ts'

/** One address in canonical text; throws WordError, also for host names, which only the host itself could resolve. */
export function readAddress(text: string, family: IpFamily): string {
  const bytes = parseAddress(text)
  if (!bytes || bytes.length !== (family === 'ip' ? 4 : 16))
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
  const maskText = slash < 0 ? String(width) : text.slice(slash + 1)
  let maskBytes: Uint8Array
  if (/^\d+$/.test(maskText)) {
    if (Number(maskText) > width) throw new WordError(`/${maskText} is longer than the address`)
    maskBytes = maskFromLength(Number(maskText), width)
  } else {
    const parsed = parseAddress(maskText)
    if (!parsed || parsed.length * 8 !== width) throw new WordError(`"${maskText}" is not a netmask`)
    maskBytes = parsed
  }
  const address = formatAddress(bytes.map((byte, i) => byte & maskBytes[i]!))
  return { address, mask: maskToLength(maskBytes) ?? formatAddress(maskBytes) }
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
