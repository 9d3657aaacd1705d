/** One server's own firewall in nft's words, as distributions' examples have it: a dispatch by state, sets, an end. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftHostFirewall: MakeSetup = (random, { sides, hosts }) => {
  const { left, right } = sides
  const [client, other, stranger] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const web = random.pick([80, 443, 8080])
  const database = random.pick([3306, 5432, 6379])
  const byMap = random.chance(0.5)
  const state = random.pick([
    ['ct state vmap { established : accept, related : accept, invalid : drop }'],
    ['ct state established,related accept', 'ct state invalid counter drop'],
  ])
  const final = random.pick<string[]>([[], ['counter reject with icmpx type admin-prohibited'], ['counter drop']])
  const services = byMap
    ? [`iifname "${left.interface}" tcp dport vmap { ${web} : accept, 22 : jump ssh, ${database} : jump database }`]
    : [
        'tcp dport 22 jump ssh',
        `iifname "${left.interface}" tcp dport { ${web}, 9443 } counter accept`,
        `iifname "${left.interface}" tcp dport ${database} jump database`,
      ]
  return {
    name: 'nft host firewall',
    about: `web ${web}, database ${database}${byMap ? ', a verdict map' : ''}, end: ${final[0] ?? 'policy drop'}`,
    tables: [
      {
        name: 'inet filter',
        sets: [
          {
            ...{ kind: 'set', name: 'admins', define: 'type ipv4_addr; flags interval;' },
            elements: [other, left.net.replace(/\d+\/25$/, '96/28')],
          },
          {
            ...{ kind: 'set', name: 'blocked', define: 'type ipv4_addr; flags interval;' },
            elements: ['192.0.2.0/24', '100.66.0.0/16'],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority 0',
            policy: final.length === 0 ? 'DROP' : 'ACCEPT',
            rules: [
              ...state,
              'iif "lo" accept',
              'ip saddr @blocked counter drop',
              'icmp type { echo-request, destination-unreachable } accept',
              'icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept',
              ...services,
              `ip saddr ${left.net} udp dport 53 accept`,
              ...final,
            ],
          },
          { name: 'forward', base: 'type filter hook forward priority 0', policy: 'DROP', rules: [] },
          { name: 'output', base: 'type filter hook output priority 0', policy: 'ACCEPT', rules: [] },
          { name: 'ssh', rules: ['ip saddr @admins ct state new accept'] },
          { name: 'database', rules: [`ip saddr ${client} accept`, 'ip saddr != 100.64.0.0/10 return', 'accept'] },
        ],
      },
    ],
    servers: [22, web, database, 9100]
      .map((port) => ({ protocol: 'tcp' as const, port }))
      .concat([{ protocol: 'udp', port: 53 } as never]),
    services: [],
    probes: [
      tcp('web', 'left', client, left.ip, web),
      tcp('ssh', 'left', other, left.ip, 22),
      tcp('database', 'left', client, left.ip, database),
      udp('name server', 'left', client, left.ip, 53),
      ping('ping', 'left', client, left.ip),
      tcp('database from a stranger', 'left', stranger, left.ip, database),
      tcp('ssh from a stranger', 'left', stranger, left.ip, 22),
      tcp('metrics, which are not open', 'left', client, left.ip, 9100),
      tcp('ssh from the other side', 'right', hosts[3]!.ip, right.ip, 22),
    ],
  }
}
