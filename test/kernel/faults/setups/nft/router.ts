/** A small office's router in nft's words: dispatch by interfaces, port forwards in a map, sets of who may administer it. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftRouter: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.pick([8443, 2222, 8080])
  const inside = random.pick([443, 22, 80])
  const source = random.pick(['masquerade', `snat to ${wan.ip}`])
  const byMap = random.chance(0.5)
  const byStatus = random.chance(0.5)
  const forwards = [
    { protocol: 'tcp', port: outside, to: server, at: inside },
    { protocol: 'tcp', port: 25, to: second, at: 25 },
    { protocol: 'udp', port: 514, to: second, at: 514 },
  ]
  return {
    name: 'nft router',
    about: `${outside} → ${inside}, ${source}${byMap ? ', forwards in a map' : ''}${byStatus ? ', ct status dnat' : ''}`,
    settings: [['net.ipv4.conf.all.route_localnet', '1']],
    tables: [
      {
        name: 'inet filter',
        sets: [
          { kind: 'set', name: 'admins', define: 'type ipv4_addr;', elements: [pc, neighbour] },
          { kind: 'set', name: 'blocked', define: 'type ipv4_addr; flags interval;', elements: ['192.0.2.0/24'] },
          {
            ...{ kind: 'set', name: 'published', define: 'type ipv4_addr . inet_proto . inet_service;' },
            elements: forwards.map(({ protocol, to, at }) => `${to} . ${protocol} . ${at}`),
          },
          {
            ...{ kind: 'map', name: 'inputs', define: 'type ifname : verdict;' },
            elements: ['"lo" : accept', `"${lan.interface}" : jump from-lan`],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: ['ct state vmap { established : accept, related : accept, invalid : drop }', 'iifname vmap @inputs'],
          },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [
              'ct state established,related accept',
              'ip saddr @blocked drop',
              `iifname . oifname vmap { "${lan.interface}" . "${wan.interface}" : jump lan-wan, "${wan.interface}" . "${lan.interface}" : jump wan-lan }`,
            ],
          },
          {
            name: 'from-lan',
            rules: [
              'icmp type echo-request accept',
              'ip saddr @admins tcp dport 22 accept',
              'udp dport 5353 accept',
              'ip daddr 127.0.0.0/8 tcp dport 3128 accept',
            ],
          },
          { name: 'lan-wan', rules: [`ip saddr ${lan.net} counter accept`] },
          {
            name: 'wan-lan',
            rules: [
              'ct state invalid drop',
              byStatus ? 'ct status dnat accept' : 'ip daddr . meta l4proto . th dport @published ct state new accept',
            ],
          },
        ],
      },
      {
        name: 'ip nat',
        sets: byMap
          ? [
              {
                ...{ kind: 'map', name: 'forwards' },
                define: 'type inet_proto . inet_service : ipv4_addr . inet_service;',
                elements: forwards.map(({ protocol, port, to, at }) => `${protocol} . ${port} : ${to} . ${at}`),
              },
            ]
          : [],
        chains: [
          {
            name: 'prerouting',
            base: 'type nat hook prerouting priority dstnat',
            rules: [
              ...(byMap
                ? [`iifname "${wan.interface}" dnat to meta l4proto . th dport map @forwards`]
                : forwards.map(
                    ({ protocol, port, to, at }) =>
                      `iifname "${wan.interface}" ${protocol} dport ${port} counter dnat to ${to}:${at}`,
                  )),
              `iifname "${lan.interface}" tcp dport 3128 dnat to 127.0.0.1:3128`,
              `ip saddr ${lan.net} udp dport 53 redirect to :5353`,
            ],
          },
          {
            name: 'postrouting',
            base: 'type nat hook postrouting priority srcnat',
            rules: [
              `ip saddr ${lan.net} ip daddr ${wan.net} accept`,
              `oifname "${wan.interface}" ip saddr ${lan.net} ${source}`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', address: '127.0.0.1', port: 3128 },
      { protocol: 'udp', port: 5353 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: inside },
      { ip: second, protocol: 'tcp', port: 25 },
      { ip: second, protocol: 'udp', port: 514 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('forwarded port', 'right', far.right.ip, wan.ip, outside),
      tcp('to the internet', 'left', pc, far.right.ip, 443),
      tcp('forwarded mail', 'right', far.right.ip, wan.ip, 25),
      udp('forwarded log', 'right', neighbour, wan.ip, 514),
      tcp('administration', 'left', pc, lan.ip, 22),
      tcp('proxy', 'left', pc, lan.ip, 3128),
      udp('name server', 'left', second, lan.ip, 53),
      udp('time from the internet', 'left', server, far.right.ip, 123),
      ping('ping', 'left', pc, lan.ip),
      tcp('administration by another', 'left', second, lan.ip, 22),
      tcp('ping-pong: a port that is not forwarded', 'right', far.right.ip, wan.ip, 9999),
      tcp('inside from outside', 'right', far.right.ip, server, 3389),
    ],
  }
}
