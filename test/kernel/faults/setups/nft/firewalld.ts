/** firewalld with its nftables backend: zones by interface, gotos, a port forward, masquerading. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'
import type { Chain } from '../../table.ts'

const PARTS = ['pre', 'log', 'deny', 'allow', 'post'] as const

interface Zone {
  name: string
  interface: string
  /** By prefix of the chains, what stands in `_allow`. */
  allow: Readonly<Record<string, string[]>>
}

export const nftFirewalld: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const [client, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [server, second] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const forwarded = random.int(8000, 8999)
  const extra = random.pick([9090, 8443, 5901])
  const rich = random.chance(0.5) ? [`ip saddr ${client} tcp dport 3306 accept`] : []
  const source = random.chance(0.5)
  const zones: Zone[] = [
    {
      name: 'public',
      interface: left.interface,
      allow: {
        filter_IN: [
          'tcp dport 22 accept',
          `tcp dport ${extra} accept`,
          ...(source ? ['ip saddr @monitors udp dport 161 accept'] : [`ip saddr ${left.net} udp dport 161 accept`]),
          ...rich,
        ],
        nat_PRE: [
          `tcp dport ${forwarded} dnat ip to ${server}:80`,
          `tcp dport ${forwarded + 1000} dnat ip to ${second}:443`,
        ],
        nat_POST: ['meta nfproto ipv4 oifname != "lo" masquerade'],
        filter_FWD: [],
      },
    },
    {
      name: 'internal',
      interface: right.interface,
      allow: {
        filter_IN: ['tcp dport 22 accept', 'udp dport 53 accept', 'ip6 daddr fe80::/64 udp dport 546 accept'],
        nat_PRE: [],
        nat_POST: [],
        filter_FWD: [`oifname "${left.interface}" accept`],
      },
    },
  ]
  const dispatch = (prefix: string, word: 'iifname' | 'oifname'): string[] => [
    ...zones.map((zone) => `${word} "${zone.interface}" goto ${prefix}_${zone.name}`),
    `goto ${prefix}_public`,
  ]
  return {
    name: 'nft firewalld',
    about: `port ${forwarded} forwarded, ${extra} open${rich.length > 0 ? ', a rich rule' : ''}${source ? ', an ipset' : ''}`,
    tables: [
      {
        name: 'inet firewalld',
        sets: [{ kind: 'set', name: 'monitors', define: 'type ipv4_addr; flags interval;', elements: [left.net] }],
        chains: [
          {
            name: 'nat_PREROUTING',
            base: 'type nat hook prerouting priority -90',
            rules: ['jump nat_PREROUTING_ZONES'],
          },
          {
            name: 'nat_POSTROUTING',
            base: 'type nat hook postrouting priority 110',
            rules: ['jump nat_POSTROUTING_ZONES'],
          },
          {
            name: 'filter_INPUT',
            base: 'type filter hook input priority 10',
            rules: [
              'ct state { established, related } accept',
              'ct status dnat accept',
              'iifname "lo" accept',
              'ct state invalid drop',
              'jump filter_INPUT_ZONES',
              'reject with icmpx admin-prohibited',
            ],
          },
          {
            name: 'filter_FORWARD',
            base: 'type filter hook forward priority 10',
            rules: [
              'ct state { established, related } accept',
              'ct status dnat accept',
              'iifname "lo" accept',
              'ct state invalid drop',
              'jump filter_FORWARD_ZONES',
              'reject with icmpx admin-prohibited',
            ],
          },
          {
            name: 'filter_OUTPUT',
            base: 'type filter hook output priority 10',
            rules: ['ct state { established, related } accept', 'oifname "lo" accept'],
          },
          { name: 'nat_PREROUTING_ZONES', rules: dispatch('nat_PRE', 'iifname') },
          { name: 'nat_POSTROUTING_ZONES', rules: dispatch('nat_POST', 'oifname') },
          { name: 'filter_INPUT_ZONES', rules: dispatch('filter_IN', 'iifname') },
          { name: 'filter_FORWARD_ZONES', rules: dispatch('filter_FWD', 'iifname') },
          ...zones.flatMap((zone) => [
            ...zoneChains('nat_PRE', zone),
            ...zoneChains('nat_POST', zone),
            ...zoneChains('filter_IN', zone, [
              'meta l4proto { icmp, ipv6-icmp } accept',
              'reject with icmpx admin-prohibited',
            ]),
            ...zoneChains('filter_FWD', zone, ['reject with icmpx admin-prohibited']),
          ]),
        ],
      },
    ],
    servers: [22, extra, 3306]
      .map((port) => ({ protocol: 'tcp' as const, port }))
      .concat([53, 161].map((port) => ({ protocol: 'udp' as 'tcp', port }))),
    services: [
      { ip: server, protocol: 'tcp', port: 80 },
      { ip: second, protocol: 'tcp', port: 443 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('forwarded port', 'left', far.left.ip, left.ip, forwarded),
      tcp('open port', 'left', client, left.ip, extra),
      tcp('inside to the internet', 'right', server, far.left.ip, 443),
      tcp('ssh', 'left', other, left.ip, 22),
      udp('snmp', 'left', other, left.ip, 161),
      udp('name server, inside', 'right', second, right.ip, 53),
      tcp('another forwarded port', 'left', client, left.ip, forwarded + 1000),
      ping('ping', 'left', client, left.ip),
      tcp('database', 'left', client, left.ip, 3306),
      tcp('a port that is not open', 'left', client, left.ip, 5432),
      tcp('inside from outside', 'left', client, server, 80),
    ],
  }
}

function zoneChains(prefix: string, { name, allow }: Zone, last: readonly string[] = []): Chain[] {
  const chain = `${prefix}_${name}`
  return [
    { name: chain, rules: [...PARTS.map((part) => `jump ${chain}_${part}`), ...last] },
    ...PARTS.map((part) => ({ name: `${chain}_${part}`, rules: part === 'allow' ? allow[prefix]! : [] })),
  ]
}
