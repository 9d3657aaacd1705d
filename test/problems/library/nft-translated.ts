/** Addresses and ways that are translated or handed on: a transparent proxy, IPv6 prefixes, a tunnel, an older container. */
import { bridged, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** What a proxy's socket has and a lab's listener has not: it takes connections to foreign addresses (IP_TRANSPARENT, 19). */
export const transparent = (port: number): string =>
  `perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 6); setsockopt(S, 0, 19, 1) or die; bind(S, sockaddr_in(${port}, INADDR_ANY)) or die; listen(S, 9); while (accept(C, S)) { close C }' >/dev/null 2>&1 </dev/null & for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

export const NFT_TRANSLATED: Problem[] = [
  {
    name: 'tproxy-mark-in-the-way-back',
    thread: {
      title: 'docs: TPROXY requires net.ipv4.conf.all.src_valid_mark=0 (Tailscale conflict causes silent packet drops)',
      address: 'https://github.com/nikkinikki-org/OpenWrt-nikki/pull/904',
    },
    backend: 'nft',
    ...homeRouter({
      sysctls: { 'net.ipv4.conf.all.src_valid_mark': '1' },
      rules: {
        nft: `table inet nikki {
  set reserved_ip {
    type ipv4_addr
    flags interval
    elements = { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 }
  }
  chain lan_tproxy {
    type filter hook prerouting priority mangle; policy accept;
    fib daddr type { local, broadcast, anycast, multicast } counter return
    ip daddr @reserved_ip counter return
    iifname "lan" meta nfproto ipv4 meta l4proto { tcp, udp } meta mark set 0x00000081 tproxy ip to :7892 counter accept
  }
}
`,
      },
    }),
    setup: [
      ['router', 'ip rule add pref 1024 fwmark 0x81 lookup 81; ip route add local default dev lo table 81'],
      ['router', transparent(7892)],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "src_valid_mark is 1, so the kernel looks up the way back to the source with the proxy's mark, whose table says that all is local: it drops the packet as one with its own source.",
      causes: [
        { code: 'vanished-martian', words: ['src_valid_mark'] },
        { code: 'proxy-missing', words: ['src_valid_mark'] },
        { code: 'kernel-drop', words: ['src_valid_mark'] },
        { code: 'not-netfilter', words: ['src_valid_mark'] },
      ],
      status: ['lost'],
      alsoTrue: ['vanished-martian'],
    },
    mend: [['router', 'sysctl -w net.ipv4.conf.all.src_valid_mark=0']],
  },
  {
    name: 'nptv6-prefix-without-neighbour',
    thread: {
      title: 'Feature Request: Support NPTv6 (RFC 6296)',
      address: 'https://github.com/NICMx/Jool/issues/359',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], lan: ['fd01:203:405:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" ip6 saddr fd01:203:405:1::/64 snat prefix to 2001:db8:f::/64
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" ip6 daddr 2001:db8:f::/64 ip6 daddr != 2001:db8:f::1 dnat prefix to fd01:203:405:1::/64
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['fd01:203:405:1::10/64'] }, routes: ['default via fd01:203:405:1::1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: 'fd01:203:405:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The translated source lies in the uplink's own network and is no address of this host, so nobody answers when the other side asks for its link address.",
      causes: [
        { code: 'not-masqueraded', words: ['2001:db8:f::10'] },
        { code: 'not-netfilter', words: ['2001:db8:f::10', 'proxy'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['router', 'sysctl -w net.ipv6.conf.wan.proxy_ndp=1; ip -6 neigh add proxy 2001:db8:f::10 dev wan']],
  },
  {
    name: 'ipv6-tunnel-not-in-forward',
    thread: {
      title: '[READY] - Enable the firewall',
      address: 'https://github.com/socallinuxexpo/scale-network/pull/1150',
    },
    backend: 'nft',
    hosts: {
      broker: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'udp', address: '2001:db8:f::9', port: 53 }],
      },
      isp: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 53 }] },
      router: {
        addresses: {
          wan: ['203.0.113.1/24'],
          'he-tunnel': ['2001:db8:f::1/64'],
          lan: ['192.168.1.1/24', '2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "lan" } accept
    ct state { established, related } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request, packet-too-big } accept
    log prefix "NFINP: "
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state { established, related } accept
    iifname "lan" oifname "wan" accept
    iifname "he-tunnel" oifname "lan" icmpv6 type { echo-request, packet-too-big, time-exceeded } accept
    log prefix "NFFWD: "
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
      },
    },
    links: [
      ['broker:eth0', 'router:he-tunnel'],
      ['isp:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'broker', what: 'udp', to: '2001:db8:1::10', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: 'forward accepts what leaves for wan, and IPv6 leaves by the tunnel.',
      causes: [
        { rule: 'oifname "wan" accept', chain: 'inet filter forward' },
        { policy: 'inet filter forward' },
        { chain: 'inet filter forward' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet filter forward iifname lan oifname he-tunnel accept']],
  },
  {
    name: 'podman-removed-container-first',
    thread: {
      title: 'Podman fails to clean dnat rules for restarted/recreated containers',
      address: 'https://github.com/podman-container-tools/podman/issues/27516',
    },
    backend: 'nft',
    ...bridged(
      'podman0',
      '10.88.0.1/16',
      {
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.88.0.0/16 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 10.88.0.0/16 ct state { established, related } accept
    ip saddr 10.88.0.0/16 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 10.88.0.0/16 jump nv_2f259bab_10_88_0_0_nm16
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 3001 jump nv_2f259bab_10_88_0_0_nm16_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
  }
  chain nv_2f259bab_10_88_0_0_nm16 {
    ip daddr 10.88.0.0/16 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_2f259bab_10_88_0_0_nm16_dnat {
    tcp dport 3001 dnat ip to 10.88.0.20:3001
    ip saddr 10.88.0.0/16 tcp dport 3001 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 3001 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 3001 dnat ip to 10.88.0.2:3001
  }
}
`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 3001 }] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3001 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.88.0.2', port: 3001 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule of a container that is gone stands before that of its successor, and leads to an address that nobody has.',
      causes: [
        { rule: 'dnat ip to 10.88.0.20:3001', chain: 'inet netavark nv_2f259bab_10_88_0_0_nm16_dnat' },
        { code: 'neighbour-failed', words: ['10.88.0.20'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'nft delete rule inet netavark nv_2f259bab_10_88_0_0_nm16_dnat handle $(nft -a list chain inet netavark nv_2f259bab_10_88_0_0_nm16_dnat | sed -n "s/.*10.88.0.20:3001 # handle //p")',
      ],
    ],
  },
]
