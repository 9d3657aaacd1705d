/** A host with containers on a managed bridge: chains for the network and for each proxy device, beside the host's own rules. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftIncus: MakeSetup = (random, { sides, hosts, far }) => {
  const [wan, bridge] = [sides.left, sides.right]
  const [web, mail, lone] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string, string]
  const [backup, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const outside = random.pick([8080, 9000, 80])
  const inside = random.pick([3000, 80])
  const br = bridge.interface
  const listed = random.chance(0.5)
  const proxy = (name: string, protocol: string, port: number, to: string, target: number) => [
    {
      name: `prert.${name}`,
      base: 'type nat hook prerouting priority dstnat',
      rules: [`ip daddr ${wan.ip} ${protocol} dport ${port} dnat ip to ${to}:${target}`],
    },
    {
      name: `out.${name}`,
      base: 'type nat hook output priority -100',
      rules: [`ip daddr ${wan.ip} ${protocol} dport ${port} dnat ip to ${to}:${target}`],
    },
    {
      name: `pstrt.${name}`,
      base: 'type nat hook postrouting priority srcnat',
      rules: [`ip saddr ${to} ip daddr ${to} ${protocol} dport ${target} masquerade`],
    },
  ]
  return {
    name: 'nft incus',
    about: `${outside} → ${inside}, ${listed ? 'exposed services in a set' : 'a rule for each container'}`,
    tables: [
      {
        name: 'inet incus',
        chains: [
          {
            name: 'pstrt.incusbr0',
            base: 'type nat hook postrouting priority srcnat',
            rules: [`ip saddr ${bridge.net} ip daddr != ${bridge.net} masquerade`],
          },
          {
            name: 'fwd.incusbr0',
            base: 'type filter hook forward priority filter',
            rules: [`ip version 4 oifname "${br}" accept`, `ip version 4 iifname "${br}" accept`],
          },
          {
            name: 'in.incusbr0',
            base: 'type filter hook input priority filter',
            rules: [
              `iifname "${br}" tcp dport 53 accept`,
              `iifname "${br}" udp dport { 53, 67 } accept`,
              `iifname "${br}" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept`,
            ],
          },
          ...proxy('web.http', 'tcp', outside, web, inside),
          ...proxy('mail.smtp', 'tcp', 25, mail, 25),
          ...proxy('mail.game', 'udp', 27015, mail, 27015),
        ],
      },
      {
        name: 'inet host',
        sets: [
          {
            ...{ kind: 'set', name: 'exposed', define: 'type ipv4_addr . inet_proto . inet_service;' },
            elements: [`${web} . tcp . ${inside}`, `${mail} . tcp . 25`, `${mail} . udp . 27015`],
          },
          {
            ...{ kind: 'set', name: 'administrators', define: 'type ipv4_addr; flags interval;' },
            elements: [`${backup}`, '192.0.2.64/26'],
          },
          {
            ...{ kind: 'map', name: 'from', define: 'type ifname . ifname : verdict;' },
            elements: [
              `"${wan.interface}" . "${br}" : jump to-containers`,
              `"${br}" . "${wan.interface}" : jump from-containers`,
            ],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority 10',
            policy: 'DROP',
            rules: [
              'ct state vmap { established : accept, related : accept, invalid : drop }',
              `iifname vmap { "lo" : accept, "${br}" : jump containers, "${wan.interface}" : jump world }`,
              'limit rate 5/minute log prefix "host drop: "',
            ],
          },
          {
            name: 'containers',
            rules: ['meta l4proto { tcp, udp } th dport 53 accept', 'icmp type echo-request accept'],
          },
          {
            name: 'world',
            rules: [
              'ip saddr @administrators tcp dport { 22, 8443 } accept',
              'icmp type echo-request limit rate 100/second accept',
              'udp dport 33434-33523 reject',
            ],
          },
          {
            name: 'forward',
            base: 'type filter hook forward priority 10',
            policy: 'DROP',
            rules: ['ct state established,related accept', 'iifname . oifname vmap @from'],
          },
          {
            name: 'to-containers',
            rules: listed
              ? ['ip saddr 198.18.0.0/15 drop', 'ip daddr . meta l4proto . th dport @exposed accept']
              : [
                  'ip saddr 198.18.0.0/15 tcp dport 25 drop',
                  `ip daddr ${web} tcp dport ${inside} ct state new accept`,
                  `ip daddr ${mail} tcp dport 25 accept`,
                  `ip daddr ${mail} udp dport 27015-27020 accept`,
                ],
          },
          {
            name: 'from-containers',
            rules: [
              `ip saddr ${lone} ip daddr != 203.0.113.0/25 reject`,
              `tcp dport { 25, 465 } ip saddr != ${mail} reject with tcp reset`,
              `ip saddr ${bridge.net} accept`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 8443 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: web, protocol: 'tcp', port: inside },
      { ip: mail, protocol: 'tcp', port: 25 },
      { ip: mail, protocol: 'udp', port: 27015 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
      { ip: far.left.ip, protocol: 'tcp', port: 25 },
    ],
    probes: [
      tcp('web container by its proxy device', 'left', far.left.ip, wan.ip, outside),
      tcp('container to the internet', 'right', web, far.left.ip, 443),
      tcp('mail container by its proxy device', 'left', far.left.ip, wan.ip, 25),
      udp('game by its proxy device', 'left', far.left.ip, wan.ip, 27015),
      tcp('mail container sends mail', 'right', mail, far.left.ip, 25),
      udp('name server of containers', 'right', lone, bridge.ip, 53),
      tcp('the programming interface', 'left', backup, wan.ip, 8443),
      tcp('web container from the host', 'router', wan.ip, web, inside),
      ping('ping', 'left', far.left.ip, wan.ip),
      tcp('web container sends mail', 'right', web, far.left.ip, 25),
      tcp('the programming interface by another', 'left', other, wan.ip, 8443),
      tcp('a container past its proxy', 'left', far.left.ip, lone, 22),
    ],
  }
}
