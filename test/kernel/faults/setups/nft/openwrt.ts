/** An OpenWrt router as fw4 writes it: one inet table, zones, port forwards with reflection, an end that rejects. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

const named = (name: string) => `comment "!fw4: ${name}"`

export const nftOpenwrt: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, camera] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.int(9000, 9999)
  const inside = random.pick([80, 554, 8000])
  const allowSsh = random.chance(0.5)
  const states = random.pick([
    ['ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"'],
    ['ct state established,related accept comment "!fw4: Allow established flows"'],
  ])
  const zones = (way: string, option: 'iifname' | 'oifname') => [
    `${option} "${lan.interface}" jump ${way}_lan ${named(`Handle lan IPv4/IPv6 ${way} traffic`)}`,
    `${option} "${wan.interface}" jump ${way}_wan ${named(`Handle wan IPv4/IPv6 ${way} traffic`)}`,
  ]
  const accept = (name: string, device: string) => [
    {
      name: `accept_from_${name}`,
      rules: [`iifname "${device}" counter accept ${named(`accept ${name} IPv4/IPv6 traffic`)}`],
    },
    {
      name: `accept_to_${name}`,
      rules: [
        ...(name === 'wan'
          ? [`meta nfproto ipv4 oifname "${device}" ct state invalid counter drop ${named('Prevent NAT leakage')}`]
          : []),
        `oifname "${device}" counter accept ${named(`accept ${name} IPv4/IPv6 traffic`)}`,
      ],
    },
    {
      name: `reject_from_${name}`,
      rules: [`iifname "${device}" counter jump handle_reject ${named(`reject ${name} traffic`)}`],
    },
    {
      name: `reject_to_${name}`,
      rules: [`oifname "${device}" counter jump handle_reject ${named(`reject ${name} traffic`)}`],
    },
  ]
  return {
    name: 'nft OpenWrt',
    about: `${outside} → ${inside}${allowSsh ? ', ssh from the wan' : ''}`,
    tables: [
      {
        name: 'inet fw4',
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              `iif "lo" accept ${named('Accept traffic from loopback')}`,
              ...states,
              `tcp flags & (fin | syn | rst | ack) == syn jump syn_flood ${named('Rate limit TCP syn packets')}`,
              ...zones('input', 'iifname'),
              'jump handle_reject',
            ],
          },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [...states, ...zones('forward', 'iifname'), 'jump handle_reject'],
          },
          {
            name: 'output',
            base: 'type filter hook output priority filter',
            rules: [
              `oif "lo" accept ${named('Accept traffic towards loopback')}`,
              ...states,
              ...zones('output', 'oifname'),
            ],
          },
          {
            name: 'handle_reject',
            rules: [
              `meta l4proto tcp reject with tcp reset ${named('Reject TCP traffic')}`,
              `reject with icmpx port-unreachable ${named('Reject any other traffic')}`,
            ],
          },
          {
            name: 'syn_flood',
            rules: [
              `limit rate 200/second burst 500 packets return ${named('Accept SYN packets below rate-limit')}`,
              `drop ${named('Drop excess packets')}`,
            ],
          },
          {
            name: 'input_lan',
            rules: [`ct status dnat accept ${named('Accept port redirections')}`, 'jump accept_from_lan'],
          },
          { name: 'output_lan', rules: ['jump accept_to_lan'] },
          {
            name: 'forward_lan',
            rules: [
              `jump accept_to_wan ${named('Accept lan to wan forwarding')}`,
              `ct status dnat accept ${named('Accept port forwards')}`,
              'jump reject_to_lan',
            ],
          },
          {
            name: 'input_wan',
            rules: [
              `meta nfproto ipv4 udp dport 68 counter accept ${named('Allow-DHCP-Renew')}`,
              `icmp type echo-request counter accept ${named('Allow-Ping')}`,
              ...(allowSsh ? [`ip saddr ${wan.net} tcp dport 22 counter accept ${named('Allow-SSH')}`] : []),
              `ct status dnat accept ${named('Accept port redirections')}`,
              'jump reject_from_wan',
            ],
          },
          { name: 'output_wan', rules: ['jump accept_to_wan'] },
          {
            name: 'forward_wan',
            rules: [`ct status dnat accept ${named('Accept port forwards')}`, 'jump reject_to_wan'],
          },
          ...accept('lan', lan.interface),
          ...accept('wan', wan.interface),
          { name: 'dstnat', base: 'type nat hook prerouting priority dstnat', rules: zones('dstnat', 'iifname') },
          { name: 'srcnat', base: 'type nat hook postrouting priority srcnat', rules: zones('srcnat', 'oifname') },
          {
            name: 'dstnat_lan',
            rules: [
              `ip saddr ${lan.net} ip daddr ${wan.ip} tcp dport ${outside} dnat ip to ${camera}:${inside} ${named('camera (reflection)')}`,
            ],
          },
          {
            name: 'srcnat_lan',
            rules: [
              `ip saddr ${lan.net} ip daddr ${camera} tcp dport ${inside} snat ip to ${lan.ip} ${named('camera (reflection)')}`,
            ],
          },
          {
            name: 'dstnat_wan',
            rules: [
              `meta nfproto ipv4 tcp dport ${outside} counter dnat ip to ${camera}:${inside} ${named('camera')}`,
              `meta nfproto ipv4 udp dport 51820 counter dnat ip to ${pc}:51820 ${named('tunnel')}`,
            ],
          },
          { name: 'srcnat_wan', rules: [`meta nfproto ipv4 masquerade ${named('Masquerade IPv4 wan traffic')}`] },
          {
            name: 'mangle_forward',
            base: 'type filter hook forward priority mangle',
            rules: [
              `oifname "${wan.interface}" tcp flags & (fin | syn | rst) == syn tcp option maxseg size set rt mtu ${named('Zone wan IPv4/IPv6 egress MTU fixing')}`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 80 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: camera, protocol: 'tcp', port: inside },
      { ip: pc, protocol: 'udp', port: 51820 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('camera from the internet', 'right', far.right.ip, wan.ip, outside),
      tcp('pc to the internet', 'left', pc, far.right.ip, 443),
      udp('tunnel', 'right', far.right.ip, wan.ip, 51820),
      tcp('camera by its outer address', 'left', pc, wan.ip, outside),
      udp('name server', 'left', pc, lan.ip, 53),
      udp('time', 'left', camera, far.right.ip, 123),
      ping('ping from outside', 'right', neighbour, wan.ip),
      ...(allowSsh ? [tcp('ssh from the wan', 'right', neighbour, wan.ip, 22)] : []),
      tcp('web interface from outside', 'right', neighbour, wan.ip, 80),
      tcp('inside from outside', 'right', far.right.ip, pc, 445),
    ],
  }
}
