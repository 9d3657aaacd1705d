/** Something wrong with nat, marks or routes, and what is true about it: the kernel says what the sender sees. */
import type { HostSpec, Listener, Seen, Sending } from '../../../src/demo/incident.ts'

export type Rules = Partial<Record<'raw' | 'mangle' | 'nat' | 'filter', readonly string[]>>
export type Program = 'legacy' | 'xtables-nft' | 'nft'
export type IpVersion = 4 | 6

/** In IPv4's words; what is played with IPv6, or with nft, is made of it. */
export interface Situation {
  name: string
  /** What is behind `iptables -t TABLE`: `-A CHAIN …`, `-N CHAIN`, `-P CHAIN DROP`. */
  rules: Rules
  /** nft's own, where iptables has no such thing; else the rules are translated. */
  nft?: string
  /** Absent: all. */
  programs?: readonly Program[]
  versions?: readonly IpVersion[]
  /** Shell lines on a machine, once all is built. */
  setup?: Partial<Record<MachineName, readonly string[]>>
  /** Of the router. */
  listeners?: readonly Listener[]
  /** A program of the router that takes what TPROXY hands to this port. */
  proxy?: number
  packet: Sending
  /** Sent before anything is traced, with the packet's own port; then the lines are typed on the router. */
  earlier?: { sendings: readonly Sending[]; change: readonly string[] }
  /** What the sender sees. */
  sees: Seen
  /** What some finding has to say, as `code: message`. */
  truth: RegExp
  /** What nothing may say. */
  never?: RegExp
  /** The fix that is shown first is typed, and this is what the sender sees then; `by hand`: no command may be shown. */
  mended: Seen | 'by hand'
}

/** Each situation in all of its forms, or in one where it has fewer than `share`. */
export const inForms = (all: readonly Situation[], share: number) =>
  all.flatMap((situation, i) => {
    const { programs = ['legacy', 'xtables-nft', 'nft'], versions = [4, 6] } = situation
    const list = versions.flatMap((version) => programs.map((program) => ({ program, version })))
    return list
      .filter((_, j) => share <= list.length || j === i % list.length)
      .map((form) => ({ situation, ...form, name: situation.name }))
  })

export type MachineName = 'world' | 'router' | 'server'

/**
 *     world --wan--  router --lan-- server
 *           --vpn--
 */
export const MACHINES: Readonly<Record<MachineName, HostSpec>> = {
  world: {
    addresses: { wan: ['203.0.113.7/24'], vpn: ['198.51.100.7/24'], lo: ['192.0.2.80/32'] },
  },
  router: {
    addresses: { wan: ['203.0.113.1/24'], vpn: ['198.51.100.1/24'], lan: ['10.9.0.1/24'] },
    routes: ['default via 203.0.113.7'],
    sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' },
  },
  server: { addresses: { eth0: ['10.9.0.10/24'] }, routes: ['default via 10.9.0.1'] },
}

const NETWORKS: readonly (readonly [RegExp, string])[] = [
  [/\b203\.0\.113\./g, '2001:db8:1::'],
  [/\b198\.51\.100\./g, '2001:db8:2::'],
  [/\b192\.0\.2\./g, '2001:db8:3::'],
  [/\b10\.9\.0\./g, 'fd00:9::'],
  [/\b10\.8\.0\./g, 'fd00:8::'],
]

/** The same in IPv6's words. */
export function inIpv6(text: string): string {
  const bracketed = text.replace(/\b(\d+\.\d+\.\d+\.\d+):(?=\d)/g, '[$1]:')
  const addresses = NETWORKS.reduce((now, [network, other]) => now.replace(network, other), bracketed)
  return addresses
    .replace(/(?<=:[\da-f]+)\/24\b/g, '/64')
    .replace(/(?<=:[\da-f]+)\/32\b/g, '/128')
    .replace(/\bip (route|rule|neigh|addr)\b/g, 'ip -6 $1')
    .replace(/-p icmp\b/g, '-p ipv6-icmp')
    .replace(/\btable ip /g, 'table ip6 ')
    .replace(/\bip ([sd]addr|protocol)\b/g, 'ip6 $1')
}

const CHAINS = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
} as const

/** For iptables-restore; table filter is on every host. */
export function restored(rules: Rules): string {
  const tables = Object.entries({ filter: [], ...rules }).map(([table, lines]) => {
    const policy = (chain: string) => lines.find((line) => line.startsWith(`-P ${chain} `))?.split(' ')[2] ?? 'ACCEPT'
    const own = CHAINS[table as keyof Rules].map((chain) => `:${chain} ${policy(chain)} [0:0]`)
    const more = lines.filter((line) => line.startsWith('-N ')).map((line) => `:${line.slice(3)} - [0:0]`)
    return [`*${table}`, ...own, ...more, ...lines.filter((line) => line.startsWith('-A ')), 'COMMIT'].join('\n')
  })
  return `${tables.join('\n')}\n`
}
