import type { Situation } from './situation.ts'

const outbound = { from: 'server', what: 'tcp', to: '192.0.2.80', port: 80 } as const
const BY_VPN = ['ip route add default via 198.51.100.7 dev vpn table 100']
/** As if it were behind a gateway: asks for neighbours with the link's own address. */
const AFAR = 'ip route add 198.51.100.1/32 dev vpn src 192.0.2.80'
const QUIET = 'sysctl -qw net.ipv4.conf.all.arp_announce=2'
const STRICT = 'sysctl -qw net.ipv4.conf.all.rp_filter=1'

/** The mark is to lead it out of vpn. */
const marked = (name: string, mangle: readonly string[], routing: readonly string[], truth: RegExp): Situation => ({
  name,
  rules: { mangle, nat: ['-A POSTROUTING -o vpn -j MASQUERADE'] },
  setup: { router: [...BY_VPN, ...routing] },
  packet: outbound,
  sees: 'nothing',
  truth,
  mended: 'answered',
})

const refused = (action: string, sees: Situation['sees']): Situation => ({
  name: `a routing rule says ${action}`,
  rules: { nat: ['-A POSTROUTING -o wan -j MASQUERADE'] },
  setup: { router: [`ip rule add to 192.0.2.0/24 priority 500 ${action}`] },
  packet: outbound,
  sees,
  truth: new RegExp(`rule 500.*${action}|${action}.*rule 500`),
  mended: 'answered',
})

const TPROXY =
  '-A PREROUTING -i lan -p tcp -m tcp --dport 80 -j TPROXY --on-port 3128 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1'

const tproxy = (name: string, setup: readonly string[], more: Partial<Situation> = {}): Situation => ({
  name,
  rules: {
    mangle: [TPROXY],
  },
  programs: ['legacy', 'xtables-nft'],
  versions: [4],
  setup: { router: setup },
  proxy: 3128,
  packet: outbound,
  sees: 'nothing',
  truth: /proxy-missing.*0x1/,
  never: /forwarding is off/,
  mended: 'answered',
  ...more,
})

export const ROUTES: readonly Situation[] = [
  {
    name: 'OUTPUT reroutes, and the source is of the first route',
    versions: [4],
    rules: { mangle: ['-A OUTPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff'], nat: [] },
    setup: { router: [...BY_VPN, 'ip rule add fwmark 0x1 lookup 100'], world: [STRICT] },
    packet: { ...outbound, from: 'router' },
    sees: 'nothing',
    truth: /203\.0\.113\.1\b.*vpn|vpn.*203\.0\.113\.1\b/,
    mended: 'answered',
  },
  {
    name: 'OUTPUT reroutes, and rp_filter drops the reply',
    versions: [4],
    rules: {
      mangle: ['-A OUTPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff'],
      nat: ['-A POSTROUTING -o vpn -j MASQUERADE'],
    },
    setup: { router: [...BY_VPN, 'ip rule add fwmark 0x1 lookup 100', STRICT] },
    packet: { ...outbound, from: 'router' },
    sees: 'nothing',
    truth: /rp_filter/,
    mended: 'answered',
  },
  marked(
    'a routing rule asks for another mark',
    ['-A PREROUTING -i lan -j MARK --set-xmark 0x1/0xffffffff'],
    ['ip rule add fwmark 0x2 lookup 100'],
    /0x1.*0x2|0x2.*0x1/,
  ),
  marked('no routing rule asks for the mark', ['-A PREROUTING -i lan -j MARK --set-xmark 0x1/0xffffffff'], [], /0x1/),
  marked(
    'a routing rule asks for more bits of the mark',
    ['-A PREROUTING -i lan -j MARK --set-xmark 0x11/0xffffffff'],
    ['ip rule add fwmark 0x1/0xff lookup 100'],
    /0x11.*0x1\/0xff|0x1\/0xff.*0x11/,
  ),
  marked(
    'a mark is overwritten',
    [
      '-A PREROUTING -i lan -j MARK --set-xmark 0x1/0xffffffff',
      '-A PREROUTING -p tcp -j MARK --set-xmark 0x20/0xffffffff',
    ],
    ['ip rule add fwmark 0x1 lookup 100'],
    /0x1\b.*PREROUTING.*0x20/,
  ),
  marked(
    'a mark is set for another interface',
    ['-A PREROUTING -i vpn -j MARK --set-xmark 0x1/0xffffffff'],
    ['ip rule add fwmark 0x1 lookup 100'],
    /0x1\b.*PREROUTING.*vpn/,
  ),
  marked(
    'a mark is set behind routing',
    ['-A FORWARD -i lan -j MARK --set-xmark 0x1/0xffffffff'],
    ['ip rule add fwmark 0x1 lookup 100'],
    /0x1\b.*FORWARD.*after the routing/,
  ),
  refused('prohibit', 'unreachable'),
  refused('unreachable', 'unreachable'),
  refused('blackhole', 'nothing'),
  tproxy('TPROXY without a routing rule', []),
  tproxy('TPROXY without a routing rule, nat behind it', ['sysctl -qw net.ipv4.ip_forward=0'], {
    rules: { mangle: [TPROXY], nat: ['-A POSTROUTING -o wan -j MASQUERADE'] },
  }),
  tproxy('TPROXY without a local route', ['ip rule add fwmark 0x1 lookup 100']),
  tproxy('TPROXY without a routing rule, forwarding off', ['sysctl -qw net.ipv4.ip_forward=0']),
  tproxy('TPROXY without a routing rule, forwarding off', ['sysctl -qw net.ipv4.ip_forward=0'], {
    name: "nft's tproxy without a routing rule, forwarding off",
    programs: ['nft'],
    nft: 'table ip mangle { chain PREROUTING { type filter hook prerouting priority -150; iifname "lan" tcp dport 80 tproxy to :3128 meta mark set 1 accept; }; }\ntable ip filter { chain FORWARD { type filter hook forward priority 0; }; chain INPUT { type filter hook input priority 0; }; }\n',
  }),
  {
    name: 'in by one uplink, and the reply out by the other',
    versions: [4],
    rules: { nat: ['-A PREROUTING -i vpn -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.10:80'] },
    setup: { world: [AFAR, QUIET, STRICT] },
    packet: { from: 'world', what: 'tcp', to: '198.51.100.1', port: 8080 },
    sees: 'nothing',
    truth: /reply-by-other-uplink/,
    mended: 'by hand',
  },
  {
    name: 'in by one uplink, where rp_filter expects the other',
    versions: [4],
    rules: { nat: ['-A PREROUTING -i vpn -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.10:80'] },
    setup: { world: [AFAR, QUIET], router: [STRICT] },
    packet: { from: 'world', what: 'tcp', to: '198.51.100.1', port: 8080 },
    sees: 'nothing',
    truth: /rp_filter/,
    mended: 'answered',
  },
  {
    name: 'a zone for requests alone',
    rules: {
      raw: ['-A PREROUTING -i lan -j CT --zone 1'],
      filter: [
        '-P FORWARD DROP',
        '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        '-A FORWARD -i lan -j ACCEPT',
      ],
    },
    programs: ['legacy', 'xtables-nft'],
    setup: { world: ['ip route add 10.9.0.0/24 via 203.0.113.1'] },
    packet: outbound,
    sees: 'nothing',
    truth: /zone/,
    mended: 'answered',
  },
]
