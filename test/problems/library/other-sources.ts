/** Routing rules, tables and source addresses that lead a packet, or its reply, out by a way of others. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const
const DISCOVERY = { protocol: 'udp', port: 22026 } as const
const ENDPOINT = '2001:db8:4700:d0::1'
const FAR = '2001:db8:99::9'

export const OTHER_SOURCES: Problem[] = [
  {
    name: 'skywire-tunnel-takes-gateways-replies',
    thread: {
      title: 'fix(vpnrouter): policy-route by input interface, not source subnet',
      address: 'https://github.com/skycoin/skywire/pull/3551',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { eth0: ['192.168.42.10/24'] }, routes: ['default via 192.168.42.1'] },
      gateway: {
        addresses: { wlan0: ['192.168.42.1/24'], tun0: ['10.9.0.2/24'] },
        sysctls: FORWARDS,
        listeners: [{ ...DNS, address: '192.168.42.1' }],
        rules: {
          nft: `table ip vpnrouter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "wlan0" oifname "tun0" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "tun0" masquerade
  }
}
`,
        },
      },
      vpn: { addresses: { eth0: ['10.9.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['phone:eth0', 'gateway:wlan0'],
      ['gateway:tun0', 'vpn:eth0'],
    ],
    traced: 'gateway',
    setup: [
      [
        'gateway',
        'ip route add default via 10.9.0.1 dev tun0 table 100; ip rule add from 192.168.42.0/24 lookup 100 pref 1000',
      ],
    ],
    fails: { from: 'phone', what: 'udp', to: '192.168.42.1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'phone', what: 'tcp', to: '10.9.0.1', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The routing rule asks for the LAN's network as source, and the gateway's own address is in it: its replies to the LAN go into the tunnel.",
      causes: [
        { code: 'wrong-way-out', words: ['tun0'] },
        { code: 'reply-by-other-uplink', words: ['tun0'] },
        { code: 'not-netfilter', words: ['tun0', 'wlan0'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      ['gateway', 'ip rule del from 192.168.42.0/24 lookup 100 pref 1000; ip rule add iif wlan0 lookup 100 pref 1000'],
    ],
  },
  {
    name: 'vyos-uplink-table-without-internal-routes',
    thread: {
      title: 'wan: T8480: add suppress_prefixlength ip rules for internal routing',
      address: 'https://github.com/vyos/vyos-1x/pull/5119',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { eth0: ['192.168.1.1/24'], eth1: ['203.0.113.1/24'], eth2: ['172.16.0.1/24'] },
        routes: ['default via 203.0.113.254', '10.2.0.0/24 via 172.16.0.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip vyos_wanloadbalance {
  chain wlb_mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "eth0" ct state new jump wlb_mangle_isp_eth1
    iifname "eth0" counter meta mark set ct mark
  }
  chain wlb_mangle_isp_eth1 {
    counter ct mark set 0x000000c9
  }
  chain wlb_nat_postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ct mark 0x000000c9 oifname "eth1" counter snat to 203.0.113.1
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['203.0.113.254/24'] }, listeners: WEB },
      core: {
        addresses: { eth0: ['172.16.0.2/24'], lo: ['10.2.0.10/32'] },
        routes: ['default via 172.16.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['pc:eth0', 'router:eth0'],
      ['router:eth1', 'isp:eth0'],
      ['router:eth2', 'core:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 203.0.113.254 dev eth1 table 201; ip rule add fwmark 0xc9 lookup 201 pref 201',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '10.2.0.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '10.2.0.10', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The balancer's mark chooses a table that has a default route alone, so the route to the network inside, which is in main, is never asked: the packet leaves by the uplink.",
      causes: [
        { code: 'wrong-way-out', words: ['eth1'] },
        { rule: 'ct mark set', chain: 'ip vyos_wanloadbalance wlb_mangle_isp_eth1' },
        { rule: 'meta mark set ct mark', chain: 'ip vyos_wanloadbalance wlb_mangle_prerouting' },
        { code: 'not-netfilter', words: ['201'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip rule add pref 200 fwmark 0xc9 lookup main suppress_prefixlength 0']],
  },
  {
    name: 'discosrv-answers-from-first-address',
    thread: {
      title: 'discosrv as of today does not answer UDP packets correctly',
      address: 'https://github.com/syncthing/discosrv/issues/12',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['10.0.0.66/24'] } },
      server: {
        addresses: { eth0: ['10.0.0.10/24', '10.0.0.1/24'] },
        listeners: [DISCOVERY, ...WEB],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p udp -m udp --dport 22026 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'udp', to: '10.0.0.1', port: 22026 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '10.0.0.10', port: 22026 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The program is bound to no address, so its answer leaves with the interface's first one, 10.0.0.10, and whoever asked 10.0.0.1 does not take it.",
      causes: [
        { code: 'reply-from-other-address', words: ['10.0.0.10'] },
        { code: 'not-netfilter', words: ['10.0.0.10'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip route replace 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1']],
  },
  {
    name: 'openwrt-default-route-for-the-prefix-alone',
    thread: {
      title: "Interface option network.wan6.sourcefilter='0' is ignored",
      address: 'https://github.com/openwrt/openwrt/issues/14954',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['fd00:1::10/64'] }, routes: ['default via fd00:1::1'] },
      router: {
        addresses: { lan: ['fd00:1::1/64'], wan: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: 'fd00:1::1', port: 80 }],
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv6 masquerade comment "!fw4: Masquerade IPv6 wan traffic"
  }
}
`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:f::9/64'], lo: [`${FAR}/128`] },
        listeners: [{ protocol: 'tcp', address: FAR, port: 80 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 route add default from 2001:db8:8403:1e00::/56 via 2001:db8:f::9 dev wan; ip -6 route add default from 2001:db8:f::1 via 2001:db8:f::9 dev wan',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: FAR, port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: 'fd00:1::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: FAR, port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The default routes are for sources in the delegated prefix alone. A packet is routed before it is masqueraded, and from its private source there is no route.',
      causes: [{ code: 'vanished-no-route' }, { code: 'not-netfilter', words: ['2001:db8:8403:1e00::/56'] }],
      status: ['lost'],
    },
    mend: [['router', 'ip -6 route add default via 2001:db8:f::9 dev wan']],
  },
  {
    name: 'openwrt-asks-endpoint-from-tunnel-address',
    thread: {
      title: 'Wireguard: IPv6 over IPv6 can cause ouroboros',
      address: 'https://github.com/openwrt/openwrt/issues/22018',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['2001:db8:a::10/64'] }, routes: ['default via 2001:db8:a::1'] },
      router: {
        addresses: {
          lan: ['2001:db8:a::1/64'],
          'pppoe-wan': ['fe80::2/64'],
          warp: ['2001:db8:4700:110::2/128'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    meta l4proto ipv6-icmp accept comment "!fw4: Allow-ICMPv6-Input"
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" oifname "pppoe-wan" accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "pppoe-wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      isp: {
        addresses: { eth0: ['fe80::1/64'], eth1: ['2001:db8:4700:d0::fe/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip6 edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip6 saddr != 2001:db8:a::/64 drop; }\n}\n',
        },
      },
      peer: { addresses: { eth0: ['2001:db8:4700:110::1/64'] } },
      endpoint: {
        addresses: { eth0: [`${ENDPOINT}/64`] },
        routes: ['default via 2001:db8:4700:d0::fe'],
        listeners: [
          { protocol: 'udp', address: ENDPOINT, port: 2408 },
          { protocol: 'tcp', address: ENDPOINT, port: 80 },
        ],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:pppoe-wan', 'isp:eth0'],
      ['router:warp', 'peer:eth0'],
      ['isp:eth1', 'endpoint:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip -6 route add default via fe80::1 dev pppoe-wan'],
      ['isp', 'ip -6 route add 2001:db8:a::/64 via fe80::2 dev eth0'],
    ],
    fails: { from: 'router', what: 'udp', to: ENDPOINT, port: 2408 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: ENDPOINT, port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The uplink has no global address of its own, so the kernel takes the one that looks most like the endpoint's: the tunnel's. The provider drops it.",
      causes: ['wrong-way-out', 'not-netfilter', 'reply-by-other-uplink', 'not-masqueraded'].map((code) => ({
        code,
        words: ['2001:db8:4700:110::2', 'warp'],
      })),
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['router', 'ip -6 route replace default via fe80::1 dev pppoe-wan src 2001:db8:a::1']],
  },
]
