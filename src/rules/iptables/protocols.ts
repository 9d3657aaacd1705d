import { wordTable } from '../../model/word-table.ts'

/** IP protocol names as libxtables (xtables_chain_protos) and Debian's /etc/protocols have them. */
// where several names have one number, the first is printed
const NUMBERS: Readonly<Record<string, number>> = {
  tcp: 6,
  sctp: 132,
  udp: 17,
  udplite: 136,
  icmp: 1,
  'ipv6-icmp': 58,
  icmpv6: 58,
  esp: 50,
  ah: 51,
  'mobility-header': 135,
  'ipv6-mh': 135,
  mh: 135,
  all: 0,
  ip: 0,
  hopopt: 0,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  ipv4: 4,
  st: 5,
  egp: 8,
  igp: 9,
  pup: 12,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  skip: 57,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  'ax.25': 93,
  ipip: 94,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  fc: 133,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
  ethernet: 143,
}

export const PROTOCOL_NAMES: readonly string[] = Object.keys(NUMBERS)

const NAMES = new Map<number, string>()
for (const [name, number] of Object.entries(NUMBERS)) if (!NAMES.has(number)) NAMES.set(number, name)

/** By name in any case, or by number; `all` is 0. Undefined for a name that is not known. */
export function protocolNumber(text: string): number | undefined {
  if (/^\d/.test(text)) {
    const number = /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text) ? Number(/^0[0-7]+$/.test(text) ? `0o${text}` : text) : 256
    return number <= 255 ? number : undefined
  }
  const name = text.toLowerCase()
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined
}

/** The name iptables-save prints, or the number as text. */
export const protocolName = (number: number): string => NAMES.get(number) ?? String(number)

/** Protocols whose match has another name. */
const MATCHES: Readonly<Record<string, string>> = wordTable({ 'ipv6-icmp': 'icmp6', 'mobility-header': 'mh' })

/** The match that iptables loads by itself where an option of it stands behind `-p`. */
export const matchOfProtocol = (protocol: string): string => MATCHES[protocol] ?? protocol
