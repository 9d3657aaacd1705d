/** A locked-down server in nft's words: its programs may reach only what sets and rules name. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftOwnOutput: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const [resolver, database, spare] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const [monitor] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string]
  const virtual = '172.29.1.1'
  const port = random.pick([5432, 3306])
  const reject = random.chance(0.5)
  const byMap = random.chance(0.5)
  return {
    name: 'nft own output',
    about: `database ${port}${reject ? ', the rest rejected' : ', policy drop'}${byMap ? ', DNAT by a map' : ''}`,
    routing: { add: [`route add default via ${resolver}`], del: [] },
    tables: [
      {
        name: 'ip local',
        sets: [
          {
            ...{ kind: 'set', name: 'updates', define: 'type ipv4_addr . inet_service;' },
            elements: [`${far.right.ip} . 443`, `${far.right.ip} . 80`],
          },
          {
            ...{ kind: 'map', name: 'virtual', define: 'type inet_service : ipv4_addr;' },
            elements: [`${port} : ${database}`, `53 : ${resolver}`],
          },
        ],
        chains: [
          {
            name: 'nat-out',
            base: 'type nat hook output priority -100',
            rules: byMap
              ? [`ip daddr ${virtual} dnat to th dport map @virtual`]
              : [
                  `ip daddr ${virtual} tcp dport ${port} dnat to ${database}:${port}`,
                  `ip daddr ${virtual} udp dport 53 dnat to ${resolver}:53`,
                ],
          },
          {
            name: 'in',
            base: 'type filter hook input priority 0',
            policy: 'DROP',
            rules: [
              'ct state { established, related } accept',
              'iif "lo" accept',
              `ip saddr ${monitor} tcp dport 9100 accept`,
              'meta l4proto icmp accept',
            ],
          },
          {
            name: 'out',
            base: 'type filter hook output priority 0',
            policy: reject ? 'ACCEPT' : 'DROP',
            rules: [
              'oif "lo" accept',
              'ct state { established, related } accept',
              `ip daddr ${resolver} udp dport 53 accept`,
              `ip daddr ${database} oifname "${right.interface}" tcp dport ${port} ct state new accept`,
              'ip daddr . tcp dport @updates accept',
              `ip daddr ${right.net} meta skuid 0 tcp dport 873 accept`,
              'meta l4proto icmp accept',
              ...(reject ? ['meta l4proto tcp reject with tcp reset', 'reject with icmp type admin-prohibited'] : []),
            ],
          },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 9100 }],
    services: [
      { ip: resolver, protocol: 'udp', port: 53 },
      { ip: database, protocol: 'tcp', port },
      { ip: database, protocol: 'tcp', port: 873 },
      { ip: spare, protocol: 'tcp', port },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'tcp', port: 22 },
    ],
    probes: [
      tcp('database by its made-up address', 'router', right.ip, virtual, port),
      tcp('updates', 'router', right.ip, far.right.ip, 443),
      udp('name server', 'router', right.ip, resolver, 53),
      tcp('backup', 'router', right.ip, database, 873),
      udp('name server by its made-up address', 'router', right.ip, virtual, 53),
      tcp('monitoring', 'left', monitor, left.ip, 9100),
      ping('ping', 'left', monitor, left.ip),
      tcp('ssh to the internet', 'router', right.ip, far.right.ip, 22),
      tcp('another database', 'router', right.ip, spare, port),
    ],
  }
}
