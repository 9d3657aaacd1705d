/** IPv6 in place of IPv4: the same numbers behind `fd00::` or, of public addresses, `2001:db8::`. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import type { Problem } from '../problem.ts'
import { built, withTexts } from './texts.ts'

/** Of IPv4 alone, programs that open its sockets, and what has no such twin. */
const OF_FOUR =
  /net\.ipv4\.(?!ip_forward\b)|AF_INET|python3|\barp|inet_aton|broadcast|255\.255|\b22[4-9]\.|\b23\d\.|169\.254|\bu32\b|icmp_|igmp|socat|gre|ipip|vxlan|wireguard|tunnel|xfrm|@nh|@th|ip (version|length|id|hdrlength|frag-off)|numgen|jhash|string|\bvia inet6\b|netmap|NETMAP|prefix to/i
/** Both families, in one problem. */
const SIX = /ip6|ipv6|icmpv6|::/

const ADDRESS = /\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?(?![\d.])/g

export function asSixes(problem: Problem): Problem | undefined {
  const withoutSixes = { ...problem, hosts: mapped(problem.hosts, dropSixes) }
  const text = built(withoutSixes)
  if (OF_FOUR.test(text) || SIX.test(text.replaceAll('net.ipv6.conf.all.forwarding', ''))) return
  const six = withTexts(withoutSixes, sixText)
  return { ...six, hosts: mapped(six.hosts, finish) }
}

const mapped = (hosts: Problem['hosts'], change: (host: HostSpec) => HostSpec): Problem['hosts'] =>
  Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, change(host)]))

function dropSixes({ addresses = {}, routes = [], rules, ...host }: HostSpec): HostSpec {
  const fours = Object.entries(addresses).map(
    ([name, list]) => [name, list.filter((one) => !one.includes(':'))] as const,
  )
  const { v6: _, ...kept } = rules ?? {}
  return {
    ...host,
    addresses: Object.fromEntries(fours),
    routes: routes.filter((one) => !one.includes(':')),
    ...(rules ? { rules: kept } : {}),
  }
}

/** Neighbours are asked for by ICMPv6, so by what rules see. */
const NEIGHBOURS = {
  v6: '-p ipv6-icmp -m icmp6 --icmpv6-type TYPE -j ACCEPT',
  nft: 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
}

function finish({ rules, listeners, sysctls, ...host }: HostSpec): HostSpec {
  const { 'net.ipv4.ip_forward': forwards, ...others } = sysctls ?? {}
  const { v4, nft, ipset } = rules ?? {}
  return {
    ...host,
    ...(sysctls ? { sysctls: { ...others, ...(forwards ? { 'net.ipv6.conf.all.forwarding': forwards } : {}) } } : {}),
    ...(listeners ? { listeners: listeners.map((one) => ({ ...one, address: one.address ?? '::' })) } : {}),
    ...(rules
      ? {
          rules: {
            ...(v4 ? { v6: v4.replace(/^\*filter\n(?::.*\n)+/m, (head) => head + acceptNeighbours(head)) } : {}),
            ...(nft
              ? {
                  nft: nft.replace(
                    /type filter hook (?:input|output|prerouting) [^;]*;(?:\s*policy \w+;)?/g,
                    `$&\n    ${NEIGHBOURS.nft}`,
                  ),
                }
              : {}),
            ...(ipset
              ? {
                  ipset: ipset
                    .replace(/ family inet\b/g, '')
                    .replace(/^create \S+ hash:\S*(?:ip|net)\S*/gm, '$& family inet6'),
                }
              : {}),
          },
        }
      : {}),
  }
}

const acceptNeighbours = (head: string): string =>
  ['INPUT', 'OUTPUT']
    .filter((chain) => head.includes(`:${chain} `))
    .flatMap((chain) => [135, 136].map((type) => `-A ${chain} ${NEIGHBOURS.v6.replace('TYPE', String(type))}\n`))
    .join('')

/** Words of one family with those of the other, in this order. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\biptables\b/g, 'ip6tables'],
  [/\bip (rule|route|neigh)\b/g, 'ip -6 $1'],
  [/\btable ip /g, 'table ip6 '],
  [/\b((?:add|insert|delete|replace|flush) \w+) ip /g, '$1 ip6 '],
  [/\bip protocol\b/g, 'meta l4proto'],
  [/\bip (saddr|daddr|dscp|ecn)\b/g, 'ip6 $1'],
  [/\bip ttl\b/g, 'ip6 hoplimit'],
  [/\b(dnat|snat|tproxy) ip\b/g, '$1 ip6'],
  [/\bipv4_addr\b/g, 'ipv6_addr'],
  [/\b(nfproto|protocol) (?:ipv4|ip)\b/g, '$1 ip6'],
  [/\bnfproto ip6\b/g, 'nfproto ipv6'],
  [/^ip (?=\S+ \S+$)/g, 'ip6 '],
  [/-p icmp -m icmp --icmp-type (?:8|echo-request)\b/g, '-p ipv6-icmp -m icmp6 --icmpv6-type 128'],
  [/-p icmp --icmp-type (?:8|echo-request)\b/g, '-p ipv6-icmp -m icmp6 --icmpv6-type 128'],
  [/-p icmp\b/g, '-p ipv6-icmp'],
  [/-m icmp --icmp-type any/g, ''],
  [/--reject-with icmp-(host|net)-prohibited/g, '--reject-with icmp6-adm-prohibited'],
  [/--reject-with icmp-admin-prohibited/g, '--reject-with icmp6-adm-prohibited'],
  [/--reject-with icmp-(?:host|net|proto)-unreachable/g, '--reject-with icmp6-addr-unreachable'],
  [/--reject-with icmp-port-unreachable/g, '--reject-with icmp6-port-unreachable'],
  [/\bwith icmp (?:type )?(?:host|net)-prohibited/g, 'with icmpv6 admin-prohibited'],
  [/\bwith icmp (?:type )?(?:host|net|prot)-unreachable/g, 'with icmpv6 addr-unreachable'],
  [/\bwith icmp\b/g, 'with icmpv6'],
  [/(?<!ipv6-)\bicmp\b/g, 'icmpv6'],
  [/-m ttl --ttl/g, '-m hl --hl'],
]

function sixText(text: string): string {
  const worded = WORDS.reduce((all, [from, to]) => all.replace(from, to), text)
  // an address with a port stands in brackets
  return worded
    .replace(
      /\b(\d+\.\d+\.\d+\.\d+)(-\d+\.\d+\.\d+\.\d+)?:(\d+)/g,
      (_, first, last = '', port) => `[${first}${last}]:${port}`,
    )
    .replace(ADDRESS, (_, ...bytes: (string | undefined)[]) => six(bytes.slice(0, 4).map(Number), bytes[4]))
}

function six([a, b, c, d]: number[], prefix: string | undefined): string {
  const bits = prefix === undefined ? '' : `/${prefix === '0' ? 0 : 96 + Number(prefix)}`
  if (a === 0) return `::${bits}`
  if (a === 127) return prefix === undefined || prefix === '32' ? '::1' : '::1/128'
  const isPrivate = a === 10 || (a === 172 && b! >> 4 === 1) || (a === 192 && b === 168) || (a === 100 && b! >> 6 === 1)
  const groups = [a! * 256 + b!, c! * 256 + d!].map((one) => one.toString(16))
  return `${isPrivate ? 'fd00' : '2001:db8'}::${groups.join(':')}${bits}`
}
