/** A router of IPv6 alone, without nat: what may come in is named in an inet table. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftIpv6Router: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip6 }) => ip6) as [
    string,
    string,
    string,
  ]
  const web = random.pick([80, 443, 8443])
  const byMap = random.chance(0.5)
  return {
    name: 'nft IPv6 router',
    about: `web ${web}${byMap ? ', services in a verdict map' : ''}`,
    tables: [
      {
        name: 'inet filter',
        sets: [
          {
            kind: 'set',
            name: 'admins',
            define: 'type ipv6_addr; flags interval;',
            elements: [`${pc}`, '2001:db8:77::/48'],
          },
          {
            ...{ kind: 'map', name: 'open', define: 'type ipv6_addr . inet_service : verdict;' },
            elements: [`${server} . ${web} : accept`, `${second} . 25 : accept`, `${second} . 993 : accept`],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'iif "lo" accept',
              'ct state established,related accept',
              'icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
              'ip6 saddr @admins tcp dport 22 accept',
              `iifname "${lan.interface}" udp dport 53 accept`,
            ],
          },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [
              'ct state vmap { established : accept, related : accept, invalid : drop }',
              `iifname "${lan.interface}" oifname "${wan.interface}" accept`,
              `iifname "${wan.interface}" oifname "${lan.interface}" jump inbound`,
              'counter reject with icmpx type admin-prohibited',
            ],
          },
          {
            name: 'inbound',
            rules: byMap
              ? ['meta l4proto tcp ip6 daddr . th dport vmap @open', 'icmpv6 type echo-request accept']
              : [
                  `ip6 daddr ${server} tcp dport ${web} ct state new counter accept`,
                  `ip6 daddr ${second} tcp dport { 25, 993 } counter accept`,
                  'icmpv6 type echo-request accept',
                ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', address: '::', port: 22 },
      { protocol: 'udp', address: '::', port: 53 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: web },
      { ip: second, protocol: 'tcp', port: 25 },
      { ip: far.right.ip6, protocol: 'tcp', port: 443 },
      { ip: far.right.ip6, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('web server', 'right', far.right.ip6, server, web),
      tcp('to the internet', 'left', pc, far.right.ip6, 443),
      tcp('mail', 'right', far.right.ip6, second, 25),
      tcp('administration', 'left', pc, lan.ip6, 22),
      udp('name server', 'left', second, lan.ip6, 53),
      udp('time', 'left', server, far.right.ip6, 123),
      ping('ping', 'right', far.right.ip6, server),
      ping('ping of the router', 'left', pc, lan.ip6),
      tcp('administration by another', 'left', second, lan.ip6, 22),
      tcp('inside from outside', 'right', far.right.ip6, pc, 3389),
    ],
  }
}
