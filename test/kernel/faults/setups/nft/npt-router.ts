/** A router of IPv6 with unique local addresses inside: prefixes are translated both ways, its name server is not tracked. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftNptRouter: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip6 }) => ip6) as [
    string,
    string,
    string,
  ]
  const prefix = random.pick(['2001:db8:50:1::/64', '2001:db8:77:a::/64'])
  const outside = (address: string) => prefix.replace('::/64', `::${address.replace(/^.*::/, '')}`)
  const web = random.pick([80, 443, 8443])
  const perService = random.chance(0.5)
  const [inner, outer] = [`"${lan.interface}"`, `"${wan.interface}"`]
  return {
    name: 'nft NPT router',
    about: `${prefix}, web ${web}${perService ? ', published by rules' : ', published by a set'}`,
    tables: [
      {
        name: 'ip6 npt',
        chains: [
          {
            name: 'incoming',
            base: 'type nat hook prerouting priority dstnat',
            rules: [`iifname ${outer} dnat ip6 prefix to ip6 daddr map { ${prefix} : ${lan.net6} }`],
          },
          {
            name: 'outgoing',
            base: 'type nat hook postrouting priority srcnat',
            rules: [`oifname ${outer} snat ip6 prefix to ip6 saddr map { ${lan.net6} : ${prefix} }`],
          },
        ],
      },
      {
        name: 'inet untracked',
        chains: [
          {
            name: 'prerouting',
            base: 'type filter hook prerouting priority raw',
            rules: [`iifname ${inner} meta l4proto udp udp dport 53 notrack`],
          },
          { name: 'output', base: 'type filter hook output priority raw', rules: ['udp sport 53 notrack'] },
        ],
      },
      {
        name: 'inet filter',
        sets: [
          { kind: 'set', name: 'clients', define: 'type ipv6_addr; flags interval;', elements: [lan.net6] },
          { kind: 'set', name: 'operators', define: 'type ipv6_addr;', elements: [pc, '2001:db8:99::5'] },
          {
            kind: 'set',
            name: 'ports_out',
            define: 'type inet_service; flags interval;',
            elements: ['80-90', '123', '440-450'],
          },
          {
            ...{ kind: 'set', name: 'published', define: 'type ipv6_addr . inet_service;' },
            elements: [`${server} . ${web}`, `${second} . 25`],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'iif "lo" accept',
              'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
              'ct state vmap { established : accept, related : accept, untracked : jump untracked, invalid : drop }',
              'icmpv6 type echo-request accept',
              'ip6 saddr @operators tcp dport { 22, 443 } accept',
            ],
          },
          { name: 'untracked', rules: ['ip6 saddr @clients udp dport 53 accept'] },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [
              'ct state established,related accept',
              'ct state invalid drop',
              `iifname . oifname vmap { ${inner} . ${outer} : goto outbound, ${outer} . ${inner} : goto inbound }`,
            ],
          },
          {
            name: 'outbound',
            rules: [
              'ip6 daddr { 2001:db8:dead::/48, fc00::/7 } reject',
              'meta l4proto { tcp, udp } th dport @ports_out accept',
              'icmpv6 type echo-request accept',
              'reject with icmpx type admin-prohibited',
            ],
          },
          {
            name: 'inbound',
            rules: perService
              ? [
                  `ip6 daddr ${server} tcp dport ${web} accept`,
                  `ip6 saddr 2001:db8:bad::/48 tcp dport 25 drop`,
                  `ip6 daddr ${second} tcp dport { 25, 993 } ct state new accept`,
                  'icmpv6 type echo-request accept',
                ]
              : ['ip6 daddr . tcp dport @published accept', 'icmpv6 type echo-request accept'],
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
      tcp('web server by its outer address', 'right', far.right.ip6, outside(server), web),
      tcp('to the internet', 'left', pc, far.right.ip6, 443),
      udp('name server', 'left', second, lan.ip6, 53),
      tcp('mail by its outer address', 'right', far.right.ip6, outside(second), 25),
      udp('time', 'left', server, far.right.ip6, 123),
      tcp('administration', 'left', pc, lan.ip6, 22),
      ping('ping of a server', 'right', far.right.ip6, outside(server)),
      ping('ping of the router', 'left', pc, lan.ip6),
      tcp('administration by another', 'left', second, lan.ip6, 22),
      tcp('a port that is not published', 'right', far.right.ip6, outside(pc), 3389),
      tcp('a port that is not let out', 'left', pc, far.right.ip6, 6667),
    ],
  }
}
