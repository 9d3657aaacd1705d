/** What ebtables and arptables options hold, as conditions on fields. */
import type { Condition, Value } from '../../model/condition.ts'
import { type IpFamily, WordError } from '../iptables/extension.ts'
import { protocolName, protocolNumber } from '../iptables/protocols.ts'
import { networkValue, readMaskedAddress } from '../iptables/values/addresses.ts'
import { rangeValue, readMasked, readNumber, readRange } from '../iptables/values/numbers.ts'
import type { Given } from './options.ts'

/** Field names are nft's; a packet without such a field does not match, inverted or not, as with `compare`. */
export function compare(field: string, value: Value, given: Given, mask?: number | string): Condition {
  const { not, text } = given
  return { kind: 'compare', field, op: not ? '!=' : '==', ...(mask === undefined ? {} : { mask }), value, text }
}

/** `A`, `A/24`, `A/255.255.0.0`. */
export const address =
  (field: string, family: IpFamily) =>
  (given: Given): Condition => {
    const { value, mask } = networkValue(readMaskedAddress(given.value, family))
    return compare(field, value, given, mask)
  }

/** Some MAC addresses have names; as value and mask (libebt: xtables_parse_mac_and_mask). */
const MACS: Readonly<Record<string, readonly [mac: string, mask: string]>> = {
  unicast: ['00:00:00:00:00:00', '01:00:00:00:00:00'],
  multicast: ['01:00:00:00:00:00', '01:00:00:00:00:00'],
  broadcast: ['ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff'],
  bga: ['01:80:c2:00:00:00', 'ff:ff:ff:ff:ff:ff'],
}

export const mac =
  (field: string) =>
  (given: Given): Condition => {
    const [text = '', maskText] = given.value.split('/')
    const name = text.toLowerCase()
    const [value, mask] = Object.hasOwn(MACS, name)
      ? MACS[name]!
      : [readMac(text), maskText === undefined ? undefined : readMac(maskText)]
    return compare(field, value, given, mask === 'ff:ff:ff:ff:ff:ff' ? undefined : mask)
  }

/** Digits may be missing: `2:0:0:0:0:1`. Throws WordError. */
export function readMac(text: string): string {
  if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)) throw new WordError(`"${text}" is not a MAC address`)
  return text
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

/** `eth+` stands for any rest; `*` and `any` for every interface. */
export const device =
  (field: string) =>
  (given: Given): Condition | undefined => {
    const { value } = given
    if (['*', '+', 'any'].includes(value) && !given.not) return undefined
    return compare(field, value.endsWith('+') ? { wildcard: value.slice(0, -1) } : value, given)
  }

/** Hexadecimal without `0x`, or a name of /etc/ethertypes. */
const ETHER_TYPES: Readonly<Record<string, number>> = {
  ...{ ipv4: 0x0800, ip: 0x0800, ip4: 0x0800, x25: 0x0805, arp: 0x0806, fr_arp: 0x0808, bpq: 0x08ff, trill: 0x22f3 },
  ...{ 'l2-is-is': 0x22f4, teb: 0x6558, raw_fr: 0x6559, rarp: 0x8035, atalk: 0x809b, aarp: 0x80f3, '802_1q': 0x8100 },
  ...{ '8021q': 0x8100, '802.1q': 0x8100, ipx: 0x8137, netbeui: 0x8191, ipv6: 0x86dd, ip6: 0x86dd, ppp: 0x880b },
  ...{ mpls: 0x8847, mpls_multi: 0x8848, atmmpoa: 0x884c, ppp_disc: 0x8863, ppp_ses: 0x8864, atmfate: 0x8884 },
  ...{ eapol: 0x888e, 's-tag': 0x88a8, '802_1ad': 0x88a8, eap_preauth: 0x88c7, lldp: 0x88cc, macsec: 0x88e5 },
  ...{ pbb: 0x88e7, mvrp: 0x88f5, ptp: 0x88f7, fcoe: 0x8906, fip: 0x8914, roce: 0x8915, lowpan: 0xa0ed },
}

/** Throws WordError. */
export function readEtherType(text: string): number {
  const name = text.toLowerCase()
  if (Object.hasOwn(ETHER_TYPES, name)) return ETHER_TYPES[name]!
  if (/^(?:0x)?[\da-f]{1,4}$/.test(name)) return Number.parseInt(name, 16)
  throw new WordError(`"${text}" is not a known EtherType`)
}

/** `-p LENGTH`: the field holds a length instead, as 802.3 has it. */
export function etherType(given: Given): Condition {
  if (!/^length$/i.test(given.value)) return compare('ether type', readEtherType(given.value), given)
  const { not, text } = given
  return { kind: 'compare', field: 'ether type', op: not ? '>=' : '<', value: 0x600, text }
}

export const number =
  (field: string, max: number, names: Readonly<Record<string, number>> = {}) =>
  (given: Given): Condition => {
    const name = given.value.toLowerCase()
    return compare(field, Object.hasOwn(names, name) ? names[name]! : readNumber(given.value, max), given)
  }

/** Printed as hexadecimal digits: `--vlan-encap 0800`, `--proto-type 0x800`; or a name. */
export const typeNumber =
  (field: string) =>
  (given: Given): Condition =>
    compare(field, readEtherType(given.value.replace(/^0x/i, '').padStart(4, '0').slice(-4)), given)

export const range =
  (field: string, max: number) =>
  (given: Given): Condition =>
    compare(field, rangeValue(readRange(given.value, max)), given)

export function protocol(given: Given): Condition {
  const known = protocolNumber(given.value)
  if (known === undefined) throw new WordError(`"${given.value}" is not a protocol`)
  return compare('meta l4proto', protocolName(known), given)
}

/** `VALUE`, `VALUE/MASK`, or `/MASK`: any of these bits. */
export function mark(given: Given): Condition {
  if (given.value.startsWith('/')) {
    const mask = readNumber(given.value.slice(1))
    return { kind: 'compare', field: 'meta mark', op: given.not ? '==' : '!=', mask, value: 0, text: given.text }
  }
  const { value, mask } = readMasked(given.value)
  return compare('meta mark', value, given, mask === 0xffffffff ? undefined : mask)
}
