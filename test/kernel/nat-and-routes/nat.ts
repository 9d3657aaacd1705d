import type { Situation } from './situation.ts'

const inbound = { from: 'world', what: 'tcp', to: '203.0.113.1', port: 8080 } as const
const outbound = { from: 'server', what: 'tcp', to: '192.0.2.80', port: 80 } as const
const TO_SERVER = '-j DNAT --to-destination 10.9.0.10:80'

/** Connections are tracked, without nat. */
const TRACKING =
  'table ip fw { chain forward { type filter hook forward priority 0; policy accept; ct state invalid drop; }; }'

/** One word of the rule is another one. */
const dnat = (name: string, rule: string, truth: RegExp): Situation => ({
  name: `dnat with ${name}`,
  rules: { nat: [`-A PREROUTING ${rule} ${TO_SERVER}`] },
  packet: inbound,
  sees: 'refused',
  truth,
  mended: 'answered',
})

const snat = (name: string, rules: readonly string[], truth: RegExp): Situation => ({
  name,
  rules: { nat: rules },
  packet: outbound,
  sees: 'nothing',
  truth,
  mended: 'answered',
})

export const NAT: readonly Situation[] = [
  dnat('another -d', '-d 203.0.113.2/32 -p tcp -m tcp --dport 8080', /203\.0\.113\.2|8:1::2/),
  dnat('another -i', '-i vpn -p tcp -m tcp --dport 8080', /vpn/),
  // whom a rule is for is nobody's to widen: one of its own is for this source
  dnat('another -s', '-s 198.51.100.0/24 -p tcp -m tcp --dport 8080', /198\.51\.100\.0|8:2::/),
  dnat('another port', '-d 203.0.113.1/32 -p tcp -m tcp --dport 8081', /8081/),
  dnat('another protocol', '-d 203.0.113.1/32 -p udp -m udp --dport 8080', /udp/),
  {
    ...dnat('another -d, INPUT drops', '-d 203.0.113.2/32 -p tcp -m tcp --dport 8080', /203\.0\.113\.2|8:1::2/),
    rules: {
      nat: [`-A PREROUTING -d 203.0.113.2/32 -p tcp -m tcp --dport 8080 ${TO_SERVER}`],
      filter: ['-P INPUT DROP', '-A INPUT -p icmp -j ACCEPT'],
    },
    sees: 'nothing',
  },
  {
    ...dnat('another port, INPUT rejects', '', /8081/),
    rules: {
      nat: [`-A PREROUTING -i wan -p tcp -m tcp --dport 8081 ${TO_SERVER}`],
      filter: ['-A INPUT -p tcp -j REJECT --reject-with tcp-reset'],
    },
  },
  {
    name: 'dnat in PREROUTING for what the host itself sends',
    rules: { nat: [`-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8080 ${TO_SERVER}`] },
    packet: { ...inbound, from: 'router' },
    sees: 'refused',
    truth: /PREROUTING.*OUTPUT|OUTPUT.*PREROUTING/,
    mended: 'answered',
  },
  {
    name: 'dnat into a network without a route',
    setup: { router: ['ip route del default'] },
    rules: { nat: ['-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.8.0.10:80'] },
    packet: inbound,
    sees: 'unreachable',
    truth: /(10\.8\.0\.10|fd00:8::10).*PREROUTING/,
    mended: 'by hand',
  },
  {
    name: 'dnat into a network behind the default route',
    rules: { nat: ['-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.8.0.10:80'] },
    packet: inbound,
    sees: 'nothing',
    truth: /PREROUTING.*(10\.8\.0\.10|fd00:8::10)/,
    mended: 'by hand',
  },
  {
    name: 'dnat to a host that is not there',
    rules: { nat: ['-A PREROUTING -i wan -p udp -m udp --dport 8080 -j DNAT --to-destination 10.9.0.99:53'] },
    packet: { ...inbound, what: 'udp' },
    earlier: { sendings: [{ ...inbound, what: 'udp' }], change: ['sleep 4'] },
    sees: 'nothing',
    truth: /PREROUTING.*(10\.9\.0\.99|fd00:9::99)/,
    mended: 'by hand',
  },
  {
    name: 'dnat to a port that refuses',
    rules: { nat: ['-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.10:81'] },
    packet: inbound,
    sees: 'refused',
    truth: /PREROUTING.*81/,
    mended: 'by hand',
  },
  {
    name: 'redirect to a port on which nobody listens',
    rules: { nat: ['-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3129'] },
    listeners: [{ protocol: 'tcp', port: 3128 }],
    packet: inbound,
    sees: 'refused',
    truth: /3128/,
    mended: 'answered',
  },
  {
    name: 'of two dnats the first wins',
    rules: {
      nat: [
        '-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.10:81',
        `-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8080 ${TO_SERVER}`,
      ],
    },
    packet: inbound,
    sees: 'refused',
    truth: /PREROUTING.*81|never reached/,
    mended: 'answered',
  },
  {
    name: 'a connection older than a changed dnat',
    programs: ['legacy', 'xtables-nft'],
    rules: { nat: ['-A PREROUTING -d 203.0.113.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.9.0.99'] },
    packet: { from: 'world', what: 'udp', to: '203.0.113.1', port: 53, sport: 5353 },
    earlier: {
      sendings: [{ from: 'world', what: 'udp', to: '203.0.113.1', port: 53, sport: 5353 }],
      change: [
        'iptables -t nat -R PREROUTING 1 -d 203.0.113.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.9.0.10',
      ],
    },
    sees: 'nothing',
    truth: /stale-conntrack/,
    mended: 'answered',
  },
  {
    name: 'a connection older than the masquerade',
    programs: ['legacy', 'xtables-nft'],
    rules: { nat: [], filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] },
    packet: { from: 'server', what: 'udp', to: '203.0.113.7', port: 53, sport: 5353 },
    earlier: {
      sendings: [{ from: 'server', what: 'udp', to: '203.0.113.7', port: 53, sport: 5353 }],
      change: ['iptables -t nat -A POSTROUTING -o wan -j MASQUERADE'],
    },
    sees: 'nothing',
    truth: /stale-conntrack/,
    mended: 'answered',
  },
  {
    name: 'a connection older than all of nat, for this host',
    programs: ['nft'],
    rules: {},
    nft: TRACKING,
    packet: { from: 'world', what: 'udp', to: '203.0.113.1', port: 53, sport: 5353 },
    earlier: {
      sendings: [{ from: 'world', what: 'udp', to: '203.0.113.1', port: 53, sport: 5353 }],
      change: [
        "nft 'table ip nat { chain pre { type nat hook prerouting priority -100; udp dport 53 dnat to 10.9.0.10; }; }'",
      ],
    },
    sees: 'refused',
    truth: /stale-conntrack/,
    mended: 'answered',
  },
  {
    name: 'a connection older than all of nat, that leaves',
    programs: ['nft'],
    rules: {},
    nft: TRACKING,
    packet: { from: 'server', what: 'udp', to: '203.0.113.7', port: 53, sport: 5353 },
    earlier: {
      sendings: [{ from: 'server', what: 'udp', to: '203.0.113.7', port: 53, sport: 5353 }],
      change: [
        "nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname wan masquerade; }; }'",
      ],
    },
    sees: 'nothing',
    truth: /stale-conntrack/,
    mended: 'answered',
  },
  snat('masquerade with another -o', ['-A POSTROUTING -o vpn -j MASQUERADE'], /vpn/),
  snat('masquerade with another -s', ['-A POSTROUTING -s 10.8.0.0/24 -o wan -j MASQUERADE'], /10\.8\.0\.0|fd00:8::/),
  snat('masquerade with another protocol', ['-A POSTROUTING -s 10.9.0.0/24 -p udp -j MASQUERADE'], /udp/),
  snat(
    'snat with another -d',
    ['-A POSTROUTING -d 198.51.100.0/24 -j SNAT --to-source 203.0.113.1'],
    /198\.51\.100\.0|8:2::/,
  ),
  snat('no masquerade', [], /not-masqueraded/),
  {
    ...snat('no masquerade, connections tracked', [], /not-masqueraded/),
    rules: { nat: [], filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] },
  },
  snat('masquerade in a chain that nothing jumps to', ['-N out', '-A out -o wan -j MASQUERADE'], /out/),
  snat('snat to nobody', ['-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.99'], /(203\.0\.113\.99|8:1::99).*not/),
  snat(
    'snat to the address of the other uplink',
    ['-A POSTROUTING -o wan -j SNAT --to-source 10.9.0.1'],
    /(10\.9\.0\.1|fd00:9::1)\b/,
  ),
]
