/** A word where a condition should begin: what to say of it. */
import { parseAddress } from '../model/address.ts'
import { closest } from '../rules/closest.ts'
import { addressAndPort } from './address-and-port.ts'
import { FilterProblem } from './error.ts'
import type { Token } from './tokens.ts'

/** Words of pcap-filter for what no trace of netfilter shows. */
const NOT_IN_A_TRACE = new Set([
  ...['ether', 'link', 'arp', 'rarp', 'vlan', 'mpls', 'pppoed', 'pppoes', 'geneve', 'wlan', 'gateway', 'broadcast'],
  ...['multicast', 'less', 'greater', 'len', 'protochain', 'decnet', 'iso', 'stp', 'ipx', 'netbeui', 'llc', 'type'],
])

/** Of other languages: tcpdump's own, nft's, iptables' and Wireshark's. */
const INSTEAD: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['ifname', 'on', 'inbound', 'interface', 'dev', 'iif', 'iifname', '-i'].map((one) => [one, 'in']),
  ),
  ...Object.fromEntries(['outbound', 'oif', 'oifname', '-o'].map((one) => [one, 'out'])),
  ...{ srcport: 'src port', dstport: 'dst port', '--sport': 'sport', '--dport': 'dport', '-s': 'src', '-d': 'dst' },
  ...{ 'ip.addr': 'host', 'ip.src': 'src host', 'ip.dst': 'dst host' },
  ...Object.fromEntries(
    ['tcp', 'udp'].flatMap((one) =>
      ['', 'src', 'dst'].map((end) => [`${one}.${end}port`, `${one} ${end} port`.replace('  ', ' ')]),
    ),
  ),
  icmpv6: 'icmp6',
  ipv6: 'ip6',
  'ipv6-icmp': 'icmp6',
  ipv4: 'ip',
  dest: 'dst',
  source: 'src',
}

export function strayWord(token: Token, words: readonly string[]): FilterProblem {
  const { text } = token
  if (NOT_IN_A_TRACE.has(text))
    return new FilterProblem(token, `a trace does not show "${text}", so the filter cannot match it`)
  if (Object.hasOwn(INSTEAD, text))
    return new FilterProblem(token, `"${text}" belongs to another filter language`, INSTEAD[text])
  if (words.includes(text)) return new FilterProblem(token, `"${text}" cannot stand here`)
  const kind = valueKind(text)
  if (kind) return new FilterProblem(token, `a word is missing before "${text}"`, `${kind} ${text}`)
  const both = addressAndPort(text)
  if (both) return new FilterProblem(token, ...both)
  return new FilterProblem(token, `"${text}" is not a word of the filter language`, closest(text, words))
}

/** A port's number, an address or a network. */
export const isValue = (text: string): boolean => valueKind(text) !== undefined

function valueKind(text: string): string | undefined {
  if (/^\d+$/.test(text)) return 'port'
  const [address = ''] = text.split('/')
  if (parseAddress(address)) return address === text ? 'host' : 'net'
  return undefined
}
