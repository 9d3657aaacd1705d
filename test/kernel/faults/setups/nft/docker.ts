/** A Docker host with its nftables backend: a table of its own, jumps by interface in verdict maps. */
import { type MakeSetup, tcp, udp } from '../../setup.ts'

export const nftDocker: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const bridge = right.interface
  const [web, mail] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const [client, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const published = random.int(8000, 8999)
  const inside = random.pick([80, 3000, 5000])
  const guarded = random.chance(0.5)
  const nat = [
    `iifname != "${bridge}" tcp dport ${published} counter dnat to ${web}:${inside} comment "DNAT"`,
    `iifname != "${bridge}" udp dport 514 counter dnat to ${mail}:514 comment "DNAT"`,
    `iifname != "${bridge}" tcp dport ${published + 1000} counter dnat to ${mail}:25 comment "DNAT"`,
  ]
  const open = (ip: string, protocol: string, port: number) => `ip daddr ${ip} ${protocol} dport ${port} counter accept`
  return {
    name: 'nft Docker',
    about: `published ${published} → ${inside}${guarded ? ", an administrator's table in front" : ''}`,
    tables: [
      {
        name: 'ip docker-bridges',
        sets: [
          ['filter-forward-in-jumps', 'filter-forward-in__bridge'],
          ['filter-forward-out-jumps', 'filter-forward-out__bridge'],
          ['nat-postrouting-in-jumps', 'nat-postrouting-in__bridge'],
          ['nat-postrouting-out-jumps', 'nat-postrouting-out__bridge'],
        ].map(([name, to]) => ({
          ...{ kind: 'map', name: name!, define: 'type ifname : verdict;' },
          elements: [`"${bridge}" : jump ${to}`],
        })),
        chains: [
          {
            name: 'filter-forward-in__bridge',
            rules: [
              'ct state established,related counter accept',
              `iifname "${bridge}" counter accept comment "ICC"`,
              open(web, 'tcp', inside),
              open(mail, 'udp', 514),
              open(mail, 'tcp', 25),
              'counter drop comment "UNPUBLISHED PORT DROP"',
            ],
          },
          {
            name: 'filter-forward-out__bridge',
            rules: ['ct state established,related counter accept', 'counter accept comment "OUTGOING"'],
          },
          { name: 'nat-postrouting-in__bridge', rules: [] },
          {
            name: 'nat-postrouting-out__bridge',
            rules: [`oifname != "${bridge}" ip saddr ${right.net} counter masquerade comment "MASQUERADE"`],
          },
          { name: 'nat-prerouting-and-output', rules: nat },
          {
            name: 'filter-FORWARD',
            base: 'type filter hook forward priority filter',
            rules: ['oifname vmap @filter-forward-in-jumps', 'iifname vmap @filter-forward-out-jumps'],
          },
          {
            name: 'nat-OUTPUT',
            base: 'type nat hook output priority -100',
            rules: [
              'ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output comment "PREROUTING"',
            ],
          },
          {
            name: 'nat-POSTROUTING',
            base: 'type nat hook postrouting priority srcnat',
            rules: ['iifname vmap @nat-postrouting-out-jumps', 'oifname vmap @nat-postrouting-in-jumps'],
          },
          {
            name: 'nat-PREROUTING',
            base: 'type nat hook prerouting priority dstnat',
            rules: ['fib daddr type local counter jump nat-prerouting-and-output'],
          },
        ],
      },
      {
        name: 'inet admin',
        chains: [
          {
            name: 'forward',
            base: 'type filter hook forward priority filter - 1',
            policy: guarded ? 'DROP' : 'ACCEPT',
            rules: guarded
              ? [
                  'ct state established,related accept',
                  `iifname "${bridge}" accept`,
                  `iifname "${left.interface}" ip saddr { ${left.net}, ${far.left.net} } ct status dnat accept`,
                ]
              : [],
          },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 22 }],
    services: [
      { ip: web, protocol: 'tcp', port: inside },
      { ip: mail, protocol: 'tcp', port: 25 },
      { ip: mail, protocol: 'udp', port: 514 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('published port', 'left', client, left.ip, published),
      tcp('published port from the internet', 'left', far.left.ip, left.ip, published),
      tcp('container to the internet', 'right', web, far.left.ip, 443),
      udp('published log port', 'left', other, left.ip, 514),
      tcp('published mail', 'left', client, left.ip, published + 1000),
      tcp('ssh to the host', 'left', client, left.ip, 22),
      tcp('a port that is not published', 'left', client, web, 9999),
      tcp('the mail container directly', 'left', other, mail, 110),
    ],
  }
}
