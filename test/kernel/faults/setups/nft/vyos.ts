/** A router as VyOS writes it: zones, a chain for each pair of them, groups as sets, one state policy in front of all. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

const numbered = (pair: string, n: number) => `comment "ipv4-NAM-${pair}-${n}"`

export const nftVyos: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.int(8200, 8299)
  const inside = random.pick([443, 8123, 80])
  const last = random.pick(['drop', 'reject'])
  const byGroup = random.chance(0.5)
  const end = (pair: string) => `counter ${last} comment "NAM-${pair} default-action ${last}"`
  const zone = (from: string, device: string, pair: string) => [
    `iifname { "${device}" } counter jump NAME_${pair}`,
    `iifname { "${device}" } counter return`,
    `counter drop comment "zone_${from} default-action drop"`,
  ]
  return {
    name: 'nft VyOS',
    about: `${outside} → ${inside}, default-action ${last}${byGroup ? ', a group of networks' : ''}`,
    tables: [
      {
        name: 'ip vyos_filter',
        sets: [
          { kind: 'set', name: 'A_ADMINS', define: 'type ipv4_addr; flags interval;', elements: [pc] },
          {
            ...{ kind: 'set', name: 'N_INSIDE', define: 'type ipv4_addr; flags interval;' },
            elements: [lan.net, '10.255.0.0/16'],
          },
          { kind: 'set', name: 'N_BLOCKED', define: 'type ipv4_addr; flags interval;', elements: ['192.0.2.0/24'] },
          { kind: 'set', name: 'P_ADMIN', define: 'type inet_service; flags interval;', elements: ['22', '8443'] },
        ],
        chains: [
          {
            name: 'VYOS_STATE_POLICY',
            rules: [
              'ct state established counter accept',
              'ct state invalid counter drop',
              'ct state related counter accept',
            ],
          },
          {
            name: 'VYOS_FORWARD_filter',
            base: 'type filter hook forward priority filter',
            rules: ['jump VYOS_STATE_POLICY', 'ip saddr @N_BLOCKED counter drop comment "ipv4-FWD-filter-5"'],
          },
          {
            name: 'VYOS_ZONE_FORWARD',
            base: 'type filter hook forward priority 1',
            rules: [
              'jump VYOS_STATE_POLICY',
              `oifname { "${lan.interface}" } counter jump VZONE_LAN`,
              `oifname { "${wan.interface}" } counter jump VZONE_WAN`,
            ],
          },
          {
            name: 'VYOS_ZONE_LOCAL',
            base: 'type filter hook input priority 1',
            rules: ['jump VYOS_STATE_POLICY', 'counter jump VZONE_LOCAL_IN'],
          },
          {
            name: 'VYOS_ZONE_OUTPUT',
            base: 'type filter hook output priority 1',
            rules: ['jump VYOS_STATE_POLICY', 'counter jump VZONE_LOCAL_OUT'],
          },
          {
            name: 'VZONE_LAN',
            rules: [`iifname { "${lan.interface}" } counter return`, ...zone('LAN', wan.interface, 'WAN-LAN')],
          },
          {
            name: 'VZONE_WAN',
            rules: [`iifname { "${wan.interface}" } counter return`, ...zone('WAN', lan.interface, 'LAN-WAN')],
          },
          {
            name: 'VZONE_LOCAL_IN',
            rules: [
              'iifname "lo" counter return',
              ...zone('LOCAL', lan.interface, 'LAN-LOCAL').slice(0, 2),
              ...zone('LOCAL', wan.interface, 'WAN-LOCAL'),
            ],
          },
          {
            name: 'VZONE_LOCAL_OUT',
            rules: [
              'oifname "lo" counter return',
              ...['LAN', 'WAN'].flatMap((name) => [
                `oifname { "${name === 'LAN' ? lan.interface : wan.interface}" } counter jump NAME_LOCAL-${name}`,
                `oifname { "${name === 'LAN' ? lan.interface : wan.interface}" } counter return`,
              ]),
              'counter drop comment "zone_LOCAL default-action drop"',
            ],
          },
          {
            name: 'NAME_WAN-LAN',
            rules: [
              `ip daddr ${server} tcp dport ${inside} ct state new counter accept ${numbered('WAN-LAN', 10)}`,
              `ct status dnat meta l4proto udp counter accept ${numbered('WAN-LAN', 20)}`,
              `icmp type echo-request counter drop ${numbered('WAN-LAN', 30)}`,
              end('WAN-LAN'),
            ],
          },
          {
            name: 'NAME_LAN-WAN',
            rules: [
              `ip daddr 192.0.2.0/24 counter drop ${numbered('LAN-WAN', 5)}`,
              byGroup
                ? `ip saddr @N_INSIDE counter accept ${numbered('LAN-WAN', 10)}`
                : `ip saddr ${lan.net} counter accept ${numbered('LAN-WAN', 10)}`,
              end('LAN-WAN'),
            ],
          },
          {
            name: 'NAME_LAN-LOCAL',
            rules: [
              `icmp type echo-request counter accept ${numbered('LAN-LOCAL', 10)}`,
              `meta l4proto { tcp, udp } th dport 53 counter accept ${numbered('LAN-LOCAL', 20)}`,
              `ip saddr @A_ADMINS tcp dport @P_ADMIN counter accept ${numbered('LAN-LOCAL', 30)}`,
              end('LAN-LOCAL'),
            ],
          },
          {
            name: 'NAME_WAN-LOCAL',
            rules: [
              `icmp type echo-request limit rate 50/second burst 50 packets counter accept ${numbered('WAN-LOCAL', 10)}`,
              `ip saddr ${wan.net} tcp dport 179 counter accept ${numbered('WAN-LOCAL', 20)}`,
              end('WAN-LOCAL'),
            ],
          },
          { name: 'NAME_LOCAL-LAN', rules: ['counter accept comment "NAM-LOCAL-LAN default-action accept"'] },
          {
            name: 'NAME_LOCAL-WAN',
            rules: [`udp dport { 53, 123 } counter accept ${numbered('LOCAL-WAN', 10)}`, end('LOCAL-WAN')],
          },
        ],
      },
      {
        name: 'ip vyos_nat',
        chains: [
          {
            name: 'PREROUTING',
            base: 'type nat hook prerouting priority dstnat',
            rules: [
              'counter jump VYOS_PRE_DNAT_HOOK',
              `iifname "${wan.interface}" tcp dport ${outside} counter dnat to ${server}:${inside} comment "DST-NAT-10"`,
              `iifname "${wan.interface}" udp dport 51820 counter dnat to ${second} comment "DST-NAT-20"`,
            ],
          },
          {
            name: 'POSTROUTING',
            base: 'type nat hook postrouting priority srcnat',
            rules: [
              'counter jump VYOS_PRE_SNAT_HOOK',
              `oifname "${wan.interface}" ip saddr ${lan.net} counter masquerade comment "SRC-NAT-100"`,
            ],
          },
          { name: 'VYOS_PRE_DNAT_HOOK', rules: ['return'] },
          { name: 'VYOS_PRE_SNAT_HOOK', rules: ['return'] },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 179 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: inside },
      { ip: second, protocol: 'udp', port: 51820 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('server by its forwarded port', 'right', far.right.ip, wan.ip, outside),
      tcp('lan to the internet', 'left', pc, far.right.ip, 443),
      udp('tunnel by its forwarded port', 'right', far.right.ip, wan.ip, 51820),
      tcp('administration', 'left', pc, lan.ip, 22),
      udp('name server', 'left', second, lan.ip, 53),
      ping('ping from the lan', 'left', server, lan.ip),
      ping('ping from the internet', 'right', far.right.ip, wan.ip),
      tcp('routes with the neighbour', 'right', neighbour, wan.ip, 179),
      udp('time for the router', 'router', wan.ip, far.right.ip, 123),
      tcp('administration by another', 'left', second, lan.ip, 22),
      tcp('administration from the internet', 'right', far.right.ip, wan.ip, 22),
      tcp('inside from outside', 'right', far.right.ip, pc, 445),
    ],
  }
}
