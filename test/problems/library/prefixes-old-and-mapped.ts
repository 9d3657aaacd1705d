/** Routers of IPv6: a proxy that knows the prefix of before, a proxy that refuses what the router sends itself; and two that are healthy, a mapped prefix and questions that are turned to the resolver beside. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTPS6 = { protocol: 'tcp', port: 443, address: '::' } as const
const DNS = { protocol: 'udp', port: 53 } as const

/** Takes connections of both families in place of whoever was asked. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(socket.AF_INET6); s.setsockopt(41,75,1); s.setsockopt(1,2,1); s.bind(('::',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q ':${port} ' && break; sleep .1; done`

const FW4 = `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta nfproto ipv6 udp dport 546 counter accept comment "!fw4: Allow-DHCPv6"
    icmpv6 type { echo-request, nd-router-solicit, nd-router-advert, packet-too-big, nd-neighbor-solicit, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    icmpv6 type { echo-request, echo-reply, packet-too-big } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    jump handle_reject
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

export const PREFIXES_OLD_AND_MAPPED: Problem[] = [
  {
    name: 'shellcrash-passes-by-the-proxy-what-has-the-new-prefix',
    thread: {
      title: '[Bug] IPv6 TProxy rules are not refreshed after DHCPv6 delegated prefix changes',
      address: 'https://github.com/juewuy/ShellCrash/issues/1337',
    },
    backend: 'nft',
    hosts: {
      site: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [HTTPS6, { protocol: 'tcp', port: 8000, address: '::' }],
        rules: {
          nft: `table inet border {
  chain input {
    type filter hook input priority filter; policy accept;
    tcp dport 443 drop
  }
}
`,
        },
      },
      router: {
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', '2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `${FW4}table inet shellcrash {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    tcp dport 53 return
    udp dport 53 return
    meta mark 0x00001ed6 return
    meta skgid 7890 return
    ip daddr != 28.0.0.0/8 tcp dport != { 22, 80, 143, 194, 443, 465, 587, 853, 993, 995, 5222, 8080, 8443 } return
    ip6 daddr != fc00::/16 tcp dport != { 22, 80, 143, 194, 443, 465, 587, 853, 993, 995, 5222, 8080, 8443 } return
    ip daddr { 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 } return
    ip saddr != 192.168.1.0/24 return
    ip6 daddr { ::, ::1, ::ffff:0.0.0.0/96, 64:ff9b::/96, 100::/64, 2001::/32, 2002::/16, fc00::/7, fe80::/10, ff00::/8 } return
    ip6 saddr != { 2001:db8:2::/64, fd00::/8, fe80::/10 } return
    meta l4proto { tcp, udp } meta mark set 0x00001ed4 tproxy to :7893
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
      ['site:eth0', 'router:wan'],
      ['router:br-lan', 'pc:eth0'],
    ],
    setup: [
      [
        'router',
        `ip rule add fwmark 0x1ed4 lookup 100; ip route add local default dev lo table 100
ip -6 rule add fwmark 0x1ed4 lookup 101; ip -6 route add local default dev lo table 101
${transparentProxy(7893)}`,
      ],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 8000 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule that keeps other sources off the proxy knows the prefix that was delegated before: the PC has the new one, passes by the proxy, and the site takes nothing that comes straight.',
      causes: [
        { rule: 'ip6 saddr != {', chain: 'inet shellcrash prerouting' },
        { rule: 'tproxy to :7893', chain: 'inet shellcrash prerouting' },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        `h=$(nft -a list chain inet shellcrash prerouting | sed -n 's/.*ip6 saddr != .*handle //p'); nft add rule inet shellcrash prerouting handle $h ip6 saddr != '{ 2001:db8:1::/64, fd00::/8, fe80::/10 }' return; nft delete rule inet shellcrash prerouting handle $h`,
      ],
    ],
  },
  {
    name: 'open-box-rejects-what-the-router-itself-sends-by-ipv6',
    thread: {
      title: '[Bug] IPv6 bypass mode rejects local IPv6 output and breaks DHCPv6-PD',
      address: 'https://github.com/liandu2024/Open-Box/issues/47',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'udp', port: 547, address: '::' }, HTTPS, HTTPS6],
      },
      router: {
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', '2001:db8:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `${FW4}table inet sing-box {
  set inet4_local_address_set {
    type ipv4_addr
    flags interval
    elements = { 192.168.1.0/24, 203.0.113.0/24 }
  }
  chain prerouting {
    type nat hook prerouting priority mangle; policy accept;
    iifname "tun0" counter return
    ip daddr @inet4_local_address_set counter return
    meta nfproto ipv6 counter return
  }
  chain output {
    type nat hook output priority mangle; policy accept;
    meta mark 0x00002024 counter return
    meta nfproto ipv6 counter reject with icmpv6 no-route
    ip daddr @inet4_local_address_set counter return
    oifname "tun0" meta l4proto tcp counter redirect to :45831
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
      ['isp:eth0', 'router:wan'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'router', what: 'udp', to: '2001:db8:f::9', port: 547 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:1::10', port: 443 }, seen: 'refused' },
    ],
    truth: {
      words: "The proxy's chain rejects all of IPv6 that the router itself sends, the question for a prefix with it.",
      causes: [{ rule: 'meta nfproto ipv6 counter', chain: 'inet sing-box output' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet sing-box output udp dport 547 accept']],
  },
  {
    name: 'healthy-mapped-prefix-that-nothing-on-the-router-has',
    thread: {
      title: 'T166: Changed NPTv6 to use NETMAP',
      address: 'https://github.com/vyos-legacy/vyatta-cfg-firewall/pull/12',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:a::/64 via 2001:db8:f::1'],
        listeners: [HTTPS6],
      },
      router: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['fd00:1::1/64'] },
        routes: ['default via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 2001:db8:a::/64 -i eth0 -j NETMAP --to fd00:1::/64
-A POSTROUTING -s fd00:1::/64 -o eth0 -j NETMAP --to 2001:db8:a::/64
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_POST_FW_FWD_HOOK - [0:0]
:WAN6_IN - [0:0]
-A FORWARD -j VYATTA_FW_IN_HOOK
-A FORWARD -j VYATTA_POST_FW_FWD_HOOK
-A VYATTA_FW_IN_HOOK -i eth0 -j WAN6_IN
-A VYATTA_POST_FW_FWD_HOOK -j ACCEPT
-A WAN6_IN -m comment --comment WAN6_IN-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN6_IN -m comment --comment WAN6_IN-20 -m state --state INVALID -j DROP
-A WAN6_IN -p ipv6-icmp -m comment --comment WAN6_IN-30 -j RETURN
-A WAN6_IN -d fd00:1::10/128 -p tcp -m comment --comment WAN6_IN-40 -m tcp --dport 443 -j RETURN
-A WAN6_IN -m comment --comment "WAN6_IN-10000 default-action drop" -j DROP
COMMIT
`,
        },
      },
      server: { addresses: { eth0: ['fd00:1::10/64'] }, routes: ['default via fd00:1::1'], listeners: [HTTPS6] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:a::10', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:a::10', port: 22 }, seen: 'nothing' },
    ],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
  {
    name: 'healthy-question-turned-to-the-resolver-beside-the-one-who-asks',
    thread: {
      title: 'Make all DNS queries redirect to local pi-hole',
      address: 'https://github.com/coolhva/usg-kpn-ftth/issues/35',
    },
    backend: 'nft',
    hosts: {
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        bridges: { lan: ['lan1', 'lan2'] },
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" udp dport 53 drop
    iifname "lan" oifname "wan" accept
    ct status dnat accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "lan" ip saddr != 192.168.1.2 ip daddr != 192.168.1.2 udp dport 53 dnat to 192.168.1.2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "lan" ip saddr 192.168.1.0/24 ip daddr 192.168.1.2 udp dport 53 masquerade
    oifname "wan" masquerade
  }
}
`,
        },
      },
      pihole: { addresses: { eth0: ['192.168.1.2/24'] }, routes: ['default via 192.168.1.1'], listeners: [DNS] },
      phone: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['net:eth0', 'router:wan'],
      ['router:lan1', 'pihole:eth0'],
      ['router:lan2', 'phone:eth0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'udp', to: '198.51.100.53', port: 53 },
    seen: 'answered',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pihole', what: 'udp', to: '198.51.100.53', port: 53 }, seen: 'nothing' },
    ],
    truth: HEALTHY,
    mend: [['router', 'true']],
  },
]
