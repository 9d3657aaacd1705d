/** What a route or a link promises and does not keep: no carrier, no next hop, a smaller MTU, a prefix without its route. */
import { bridged, clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const LINKS: Problem[] = [
  {
    name: 'b4-default-route-without-next-hop',
    thread: {
      title: 'Fix routing for Ethernet/VLAN egress by using gateway-aware policy routes',
      address: 'https://github.com/DanielLavrushin/b4/pull/154',
    },
    backend: 'nft',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      isp2: {
        addresses: { eth0: ['198.51.100.254/24'], eth1: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
      },
      site: { addresses: { eth0: ['192.0.2.80/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      router: {
        addresses: { wan: ['203.0.113.1/24'], wan2: ['198.51.100.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet b4_mangle {
  set b4_route_wan2_v4 {
    type ipv4_addr
    flags interval
    elements = { 192.0.2.0/24 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" ip daddr @b4_route_wan2_v4 counter meta mark set 0x00000400
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wan2" } counter masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['isp2:eth0', 'router:wan2'],
      ['isp2:eth1', 'site:eth0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add pref 400 fwmark 0x400 lookup 400; ip route add default dev wan2 table 400']],
    fails: { from: 'pc', what: 'tcp', to: '192.0.2.80', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '198.51.100.254' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The default route of the table that the mark selects names an Ethernet interface and no next hop: the router asks that network for the link address of every destination, and nobody has it.',
      causes: [
        { code: 'neighbour-failed', words: ['via'] },
        { code: 'neighbour-failed', words: ['next hop'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['router', 'ip route replace default via 198.51.100.254 dev wan2 table 400']],
  },
  {
    name: 'sonic-route-of-a-link-without-carrier',
    thread: {
      title: '[sysctl]: Enable ignore_routes_with_linkdown to prevent using routes via interfaces that are down',
      address: 'https://github.com/sonic-net/sonic-buildimage/pull/24461',
    },
    backend: 'nft',
    hosts: {
      switch: {
        addresses: { Ethernet0: ['2001:db8:1::1/64'], PortChannel02: ['2001:db8:10::1/64'] },
        routes: ['2001:db8:10::/64 via 2001:db8:1::2', 'default via 2001:db8:1::2'],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
    ct state established,related counter accept
  }
}
`,
        },
      },
      spine: {
        addresses: { eth0: ['2001:db8:1::2/64'], eth1: ['2001:db8:2::1/64'] },
        routes: ['2001:db8:10::2/128 via 2001:db8:2::2'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 179 }],
      },
      leaf: {
        addresses: { eth0: ['2001:db8:2::2/64'], lo: ['2001:db8:10::2/128'] },
        routes: ['default via 2001:db8:2::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 179 }],
      },
      patch: { addresses: {} },
    },
    links: [
      ['switch:Ethernet0', 'spine:eth0'],
      ['spine:eth1', 'leaf:eth0'],
      ['switch:PortChannel02', 'patch:eth0'],
    ],
    traced: 'switch',
    setup: [['patch', 'ip link set eth0 down']],
    fails: { from: 'switch', what: 'tcp', to: '2001:db8:10::2', port: 179 },
    seen: 'unreachable',
    others: [{ sending: { from: 'switch', what: 'tcp', to: '2001:db8:1::2', port: 179 }, seen: 'answered' }],
    truth: {
      words:
        'The connected route of an interface without carrier has the better metric, and the kernel uses it: ignore_routes_with_linkdown is 0. The other route would arrive.',
      causes: [
        { code: 'neighbour-failed', words: ['carrier'] },
        { code: 'neighbour-failed', words: ['linkdown'] },
        { code: 'kernel-drop', words: ['carrier'] },
        { code: 'not-netfilter', words: ['carrier'] },
        { code: 'not-netfilter', words: ['linkdown'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['switch', 'sysctl -w net.ipv6.conf.all.ignore_routes_with_linkdown=1']],
  },
  {
    name: 'netlab-bridge-port-smaller-than-its-bridge',
    thread: {
      title: '[BUG] MTU larger than 1500 bytes does not work over Linux bridges',
      address: 'https://github.com/ipspace/netlab/issues/1985',
    },
    backend: 'nft',
    ...bridged(
      'br0',
      '10.1.0.1/24',
      {
        rules: {
          nft: `table inet filter {
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "br0" udp dport 4789 counter accept
  }
}
`,
        },
      },
      { mtu: { eth0: 1600 }, listeners: [{ protocol: 'udp', port: 4789 }] },
    ),
    setup: [['host', 'ip link set br0 mtu 1600']],
    fails: { from: 'host', what: 'udp', to: '10.1.0.2', port: 4789, bytes: 1550 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'udp', to: '10.1.0.2', port: 4789 }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '10.1.0.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The bridge's MTU is 1600, that of its port veth1 is 1500: the bridge drops what is longer at the port, without a word.",
      causes: [
        { code: 'vanished-mtu', words: ['1500'] },
        { code: 'kernel-drop', words: ['1500'] },
        { code: 'not-netfilter', words: ['1500'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['host', 'ip link set veth1 mtu 1600']],
  },
  {
    name: 'dhcpcd-rejects-its-own-delegated-prefix',
    thread: {
      title: 'Rejection route added incorrectly',
      address: 'https://github.com/NetworkConfiguration/dhcpcd/issues/173',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related counter accept
    iifname "lan" oifname "wan" counter accept
    meta l4proto ipv6-icmp counter accept
  }
}
`,
        },
      },
      { remote: { listeners: [{ protocol: 'tcp', address: '::', port: 80 }] } },
    ),
    setup: [['router', 'ip -6 route add unreachable 2001:db8:1::/64 dev lo metric 203']],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "An unreachable route for the LAN's own prefix has a better metric than the connected one: the router refuses every packet to the LAN, replies too.",
      causes: [
        { code: 'vanished-no-route', words: ['unreachable'] },
        { code: 'kernel-drop', words: ['unreachable'] },
        { code: 'reply-dropped', words: ['unreachable'] },
        { code: 'not-netfilter', words: ['unreachable'] },
      ],
      status: ['reply-lost'],
    },
    mend: [['router', 'ip -6 route del unreachable 2001:db8:1::/64 dev lo metric 203']],
  },
  {
    name: 'networkd-address-without-prefix-route',
    thread: {
      title: 'networkd - 227 - ipv6 "noprefixroute" - "Network is unreachable"',
      address: 'https://github.com/systemd/systemd/issues/1520',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', address: '::', port: 22 }, ...SSH.map((one) => ({ ...one, port: 23 }))],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [
      [
        'server',
        'ip -6 addr del 2001:db8:1::1/64 dev eth0; ip -6 addr add 2001:db8:1::1/64 dev eth0 noprefixroute nodad',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'answered' }],
    truth: {
      words:
        "The server's address was added with noprefixroute, and nobody added the route of its prefix: the server has no route to the client on the same link.",
      causes: [
        { code: 'vanished-no-route', words: ['2001:db8:1::'] },
        { code: 'kernel-drop', words: ['route'] },
        { code: 'reply-dropped', words: ['route'] },
        { code: 'not-netfilter', words: ['route'] },
      ],
      status: ['reply-lost', 'lost'],
    },
    mend: [['server', 'ip -6 route add 2001:db8:1::/64 dev eth0']],
  },
]
