/** A router with two uplinks: each flow keeps its own by ct mark, rules of routing ask for the mark, replies of the router too. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftUplinks: MakeSetup = (random, { sides, hosts, far }) => {
  // the second uplink's modem stands in the lan
  const [first, lan] = [sides.left, sides.right]
  const provider = hosts.find(({ side }) => side === 'left')!.ip
  const [modem, server, phone] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const outside = random.int(7000, 7999)
  const inside = random.pick([443, 5001, 22])
  const byMap = random.chance(0.5)
  const [one, two] = random.pick([
    ['0x100', '0x200'],
    ['0x1', '0x2'],
  ] as const)
  const whole = one === '0x1'
  const is = (mark: string) => (whole ? `meta mark ${mark}` : `meta mark & 0xf00 == ${mark}`)
  const asks = (mark: string) => (whole ? mark : `${mark}/0xf00`)
  return {
    name: 'nft uplinks',
    about: `${outside} → ${inside}, marks ${asks(one)} and ${asks(two)}${byMap ? ', by a map of sources' : ''}`,
    settings: [['net.ipv4.conf.all.src_valid_mark', '1']],
    routing: {
      add: [
        `route del ${far.left.net} via ${provider}`,
        `route add default via ${modem}`,
        `route add ${lan.net} dev ${lan.interface} table 101`,
        `route add default via ${provider} table 101`,
        `route add ${lan.net} dev ${lan.interface} table 102`,
        `route add default via ${modem} table 102`,
        `rule add pref 1001 fwmark ${asks(one)} lookup 101`,
        `rule add pref 1002 fwmark ${asks(two)} lookup 102`,
      ],
      del: [],
    },
    tables: [
      {
        name: 'inet uplinks',
        sets: byMap
          ? [
              {
                ...{ kind: 'map', name: 'by_source', define: 'type ipv4_addr : mark;' },
                elements: [`${server} : ${one}`, `${phone} : ${two}`],
              },
            ]
          : [{ kind: 'set', name: 'by_first', define: 'type ipv4_addr;', elements: [server] }],
        chains: [
          {
            name: 'prerouting',
            base: 'type filter hook prerouting priority mangle',
            rules: [
              'ct state established,related meta mark set ct mark accept',
              `iifname "${first.interface}" meta mark set ${one}`,
              `iifname "${lan.interface}" fib daddr type != local jump choose`,
              'ct mark set meta mark',
            ],
          },
          {
            name: 'output',
            base: 'type route hook output priority mangle',
            rules: [
              'ct direction reply meta mark set ct mark accept',
              `ip daddr ${far.left.net} meta mark set ${one}`,
              'ct mark set meta mark',
            ],
          },
          {
            name: 'choose',
            rules: byMap
              ? [`ip daddr ${lan.net} return`, 'meta mark set ip saddr map @by_source']
              : [
                  `ip daddr ${lan.net} return`,
                  `ip saddr @by_first meta mark set ${one} return`,
                  `meta mark set ${two}`,
                ],
          },
        ],
      },
      {
        name: 'ip filter',
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'iif "lo" accept',
              'ct state vmap { established : accept, related : accept, invalid : drop }',
              `iifname "${first.interface}" tcp dport { 22, 8022 } accept`,
              `ip saddr ${lan.net} udp dport 53 accept`,
              'icmp type echo-request accept',
            ],
          },
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: 'DROP',
            rules: [
              'ct state established,related accept',
              'ct status dnat accept',
              `iifname "${lan.interface}" ip saddr ${lan.net} ct mark { ${one}, ${two} } accept`,
            ],
          },
        ],
      },
      {
        name: 'ip nat',
        chains: [
          {
            name: 'prerouting',
            base: 'type nat hook prerouting priority dstnat',
            rules: [
              `iifname "${first.interface}" tcp dport ${outside} dnat to ${server}:${inside}`,
              `iifname "${first.interface}" udp dport 1194 dnat to ${phone}`,
            ],
          },
          {
            name: 'postrouting',
            base: 'type nat hook postrouting priority srcnat',
            rules: [
              `oifname "${first.interface}" ip saddr ${lan.net} masquerade`,
              `${is(two)} oifname "${lan.interface}" ip saddr ${lan.net} snat to ${lan.ip}`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: inside },
      { ip: phone, protocol: 'udp', port: 1194 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
      { ip: far.left.ip, protocol: 'udp', port: 123 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('server by the first uplink', 'left', far.left.ip, first.ip, outside),
      tcp('server to the internet by the first uplink', 'right', server, far.left.ip, 443),
      tcp('phone to the internet by the second uplink', 'right', phone, far.right.ip, 443),
      udp('tunnel by the first uplink', 'left', far.left.ip, first.ip, 1194),
      tcp('ssh to the router by the first uplink', 'left', far.left.ip, first.ip, 22),
      udp('name server', 'right', phone, lan.ip, 53),
      ping('ping by the first uplink', 'left', far.left.ip, first.ip),
      udp('time for the router', 'router', first.ip, far.left.ip, 123),
      tcp('a port that is not forwarded', 'left', far.left.ip, first.ip, 9999),
      tcp('inside from outside', 'left', far.left.ip, phone, 445),
    ],
  }
}
