/** A load balancer: services in a verdict map by address and port, backends by turn or by a hash, callers counted in a dynamic set. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftBalancer: MakeSetup = (random, { sides, hosts, far }) => {
  const { left: front, right: back } = sides
  const [first, second, third] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const [client, operator] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const target = random.pick([8080, 8000, 3000])
  const api = random.pick([8443, 9443])
  const turn = random.pick(['numgen inc mod 2', 'numgen random mod 2', 'jhash ip saddr . tcp sport mod 2'])
  const hides = random.chance(0.5)
  const filtered = random.chance(0.5)
  const key = 'ip daddr . meta l4proto . th dport'
  return {
    name: 'nft load balancer',
    about: `${turn}${hides ? ', masqueraded' : ''}${filtered ? ', input and forward in one verdict map' : ''}`,
    tables: [
      {
        name: 'ip balancer',
        sets: [
          {
            ...{ kind: 'map', name: 'services', define: 'type ipv4_addr . inet_proto . inet_service : verdict;' },
            elements: [
              `${front.ip} . tcp . 80 : goto web`,
              `${front.ip} . tcp . ${api} : goto api`,
              `${front.ip} . udp . 53 : goto names`,
            ],
          },
        ],
        chains: [
          {
            name: 'prerouting',
            base: 'type nat hook prerouting priority dstnat',
            rules: [`${key} vmap @services`],
          },
          { name: 'web', rules: [`counter meta l4proto tcp dnat to ${turn} map { 0 : ${first}, 1 : ${second} }`] },
          { name: 'api', rules: [`counter meta l4proto tcp dnat to ${third}:${target}`] },
          {
            name: 'names',
            rules: [`counter dnat to jhash ip saddr mod 4 seed 0xbeef map { 0-1 : ${third}, 2-3 : ${third} }`],
          },
          {
            name: 'postrouting',
            base: 'type nat hook postrouting priority srcnat',
            rules: [
              ...(hides ? [`oifname "${back.interface}" ct status dnat masquerade`] : []),
              `oifname "${front.interface}" ip saddr ${back.net} masquerade`,
            ],
          },
        ],
      },
      {
        name: 'inet filter',
        sets: [
          {
            ...{
              kind: 'set',
              name: 'callers',
              define: 'type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m;',
            },
            elements: [],
          },
          { kind: 'set', name: 'banned', define: 'type ipv4_addr; flags timeout;', elements: ['192.0.2.9'] },
          { kind: 'set', name: 'backends', define: 'type ipv4_addr;', elements: [first, second, third] },
          {
            ...{ kind: 'map', name: 'answers', define: 'type inet_proto . inet_service : verdict;' },
            elements: ['tcp . 22 : jump operators', 'tcp . 9090 : jump operators', 'udp . 3784 : accept'],
          },
        ],
        chains: [
          {
            name: 'early',
            base: 'type filter hook prerouting priority raw',
            rules: [
              'ip saddr @banned counter drop',
              'tcp flags & (fin | syn | rst | ack) == syn add @callers { ip saddr limit rate over 300/second burst 600 packets } counter drop',
            ],
          },
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'ct state established,related accept',
              'iif "lo" accept',
              'icmp type echo-request limit rate 100/second accept',
              ...(filtered
                ? ['meta l4proto . th dport vmap @answers']
                : ['tcp dport { 22, 9090 } jump operators', 'udp dport 3784 accept']),
            ],
          },
          { name: 'operators', rules: [`ip saddr ${operator} counter accept`, 'counter reject with tcp reset'] },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [
              'ct state vmap { established : accept, related : accept, invalid : drop }',
              `iifname "${front.interface}" ip daddr @backends ct status dnat counter accept`,
              `iifname "${back.interface}" ip saddr @backends oifname "${front.interface}" counter accept`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 9090 },
      { protocol: 'udp', port: 3784 },
    ],
    services: [
      { ip: first, protocol: 'tcp', port: 80 },
      { ip: second, protocol: 'tcp', port: 80 },
      { ip: third, protocol: 'tcp', port: target },
      { ip: third, protocol: 'udp', port: 53 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
    ],
    alike: [first, second],
    probes: [
      tcp('web by turns', 'left', far.left.ip, front.ip, 80),
      tcp('api', 'left', client, front.ip, api),
      udp('names', 'left', far.left.ip, front.ip, 53),
      tcp('backend to the internet', 'right', first, far.left.ip, 443),
      tcp('figures for the operator', 'left', operator, front.ip, 9090),
      udp('health of the router', 'left', client, front.ip, 3784),
      ping('ping', 'left', client, front.ip),
      tcp('figures for another', 'left', client, front.ip, 9090),
      tcp('a backend past the balancer', 'left', client, first, 80),
      tcp('a service that is not there', 'left', client, front.ip, 81),
    ],
  }
}
