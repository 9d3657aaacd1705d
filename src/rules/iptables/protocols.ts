/** IP protocol names as libxtables knows them without /etc/protocols (xtables_chain_protos), and common ones besides. */
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
  'ipv6-mh': 135,
  'mobility-header': 135,
  dccp: 33,
  gre: 47,
  igmp: 2,
  ipip: 94,
  ipencap: 4,
  ipv6: 41,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  egp: 8,
  igp: 9,
  eigrp: 88,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  ipcomp: 108,
}

const NAMES = new Map<number, string>()
for (const [name, number] of Object.entries(NUMBERS)) if (!NAMES.has(number)) NAMES.set(number, name)

/** `all` is 0. Undefined for a name that is not known. */
export function protocolNumber(text: string): number | undefined {
  if (text.toLowerCase() === 'all') return 0
  if (/^\d+$/.test(text)) return Number(text) <= 255 ? Number(text) : undefined
  return NUMBERS[text.toLowerCase()]
}

/** The name iptables-save prints, or the number as text. */
export const protocolName = (number: number): string => NAMES.get(number) ?? String(number)
