/** By nft, from threads, of IPv6: a proxy that takes the router's own questions and its servers' replies; and a translated prefix that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Forwards, and what is bridged is no business of its rules, as where br_netfilter is not loaded. */
const ROUTES = {
  ...FORWARDS,
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
}

const SSH6 = { protocol: 'tcp', port: 22, address: '::' } as const

const HTTPS6 = { protocol: 'tcp', port: 443, address: '::' } as const

const DNS6 = { protocol: 'udp', port: 53, address: '::' } as const

/** Takes connections of IPv6 in place of whoever was asked, until the lab ends. */
const transparentProxy6 = (port: number) => `python3 -c "import socket
s=socket.socket(socket.AF_INET6); s.setsockopt(41,75,1); s.setsockopt(1,2,1); s.bind(('::',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

const FW4 = (more: { input?: string; forward?: string; wan?: string; chains?: string } = {}) => `  chain input {
    type filter hook input priority filter; policy drop;
${more.input ?? ''}    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
${more.forward ?? ''}    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
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
    ip6 saddr fe80::/10 icmpv6 type . icmpv6 code { mld-listener-query . 0, mld-listener-report . 0, mld-listener-done . 0, mld2-listener-report . 0 } counter accept comment "!fw4: Allow-MLD"
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, nd-router-solicit, nd-router-advert, packet-too-big, nd-neighbor-solicit, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: Accept lan to wan forwarding"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply, packet-too-big } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
${more.wan ?? ''}    jump handle_reject
  }
${more.chains ?? ''}`

const LOCALNETWORK6 = `  set localnetwork6 {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { ::/127, ::ffff:0.0.0.0/96, 64:ff9b::/96, 100::/64, 2001::/32, 2001:20::/28, 2001:db8:1::/64, 2001:db8:f::1, 2002::/16, fc00::/7, fe80::/10, ff00::/8 }
  }
`

const home6 = {
  remote: {
    addresses: { eth0: ['2001:db8:f::9/64'] },
    routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
    listeners: [HTTPS6, DNS6],
  },
  pc: {
    addresses: { eth0: ['2001:db8:1::20/64'] },
    routes: ['default via 2001:db8:1::1'],
  },
}

export const THREADS_AV_SIXES: Problem[] = [
  {
    name: 'openclash-redirects-its-routers-questions-to-any-resolver-of-ipv6',
    thread: {
      title: 'fix: limit router-self IPv6 DNS hijack to loopback',
      address: 'https://github.com/vernesong/OpenClash/pull/5252',
    },
    backend: 'nft',
    hosts: {
      remote: home6.remote,
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['2001:db8:1::1/64'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: ROUTES,
        // the proxy answers questions by IPv4 alone
        listeners: [SSH6, DNS6, { protocol: 'udp', port: 7874 }],
        rules: {
          nft: `table inet fw4 {
${LOCALNETWORK6}${FW4({
  chains: `  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    meta nfproto ipv4 tcp dport 53 counter redirect to :7874 comment "OpenClash DNS Hijack"
    meta nfproto ipv4 udp dport 53 counter redirect to :7874 comment "OpenClash DNS Hijack"
  }
  chain nat_output {
    type nat hook output priority filter - 1; policy accept;
    meta nfproto ipv6 ip6 nexthdr { tcp, udp } th dport 53 ip6 daddr ::/0 meta skgid != 65534 counter redirect to :7874
    meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 ip daddr 127.0.0.1 meta skgid != 65534 counter redirect to :7874
    meta nfproto ipv6 counter jump openclash_output_v6
  }
  chain openclash_output_v6 {
    meta skuid 65534 counter return
    ip6 daddr @localnetwork6 counter return
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
`,
})}}
`,
        },
      },
      pc: home6.pc,
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'router', what: 'udp', to: '2001:db8:f::9', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The rule for the router's own questions has ::/0 for the loopback address: it redirects what the router asks any resolver by IPv6 to its proxy's port, where nobody listens for IPv6.",
      causes: [{ rule: 'redirect to :7874', chain: 'inet fw4 nat_output' }],
      status: ['refused', 'rejected', 'unanswered'],
      alsoTrue: ['closed-port', 'nat-to-nowhere'],
    },
    mend: [['router', 'nft insert rule inet fw4 nat_output udp dport 53 ip6 daddr != ::1 accept']],
  },
  {
    name: 'openclash-takes-what-a-server-of-ipv6-replies',
    thread: {
      title: '[Bug] 启动后 nftables ipv6的 开放端口无效，外网无法通过ipv6 转发到内网',
      address: 'https://github.com/vernesong/OpenClash/issues/3523',
    },
    backend: 'nft',
    hosts: {
      remote: home6.remote,
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['2001:db8:1::1/64'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: ROUTES,
        listeners: [SSH6, DNS6],
        rules: {
          nft: `table inet fw4 {
${LOCALNETWORK6}${FW4({
  input: `    iifname "wan" ip6 saddr != @localnetwork6 counter jump openclash_wan6_input
`,
  forward: `    meta l4proto { tcp, udp } iifname "utun" counter accept comment "OpenClash TUN Forward"
`,
  wan: `    meta nfproto ipv6 ip6 daddr 2001:db8:1::10 tcp dport 10000 counter accept comment "!fw4: Allow-NAS"
    meta nfproto ipv6 ip6 daddr 2001:db8:1::10 udp dport 10001 counter accept comment "!fw4: Allow-NAS"
`,
  chains: `  chain openclash_wan6_input {
    udp dport { 7874, 7890, 7891, 7892, 7893, 7895, 9090 } counter reject
    tcp dport { 7874, 7890, 7891, 7892, 7893, 7895, 9090 } counter reject
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    meta nfproto ipv6 counter jump openclash_mangle_v6
  }
  chain openclash_mangle_v6 {
    iifname "utun" counter return
    ip6 daddr @localnetwork6 counter return
    udp dport 53 counter return
    ip6 nexthdr tcp meta mark set 0x00000162 tproxy ip6 to :7895 counter accept comment "OpenClash TCP Tproxy"
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    meta nfproto ipv6 counter jump openclash_mangle_output_v6
  }
  chain openclash_mangle_output_v6 {
    meta skgid 65534 counter return
    ip6 daddr @localnetwork6 counter return
  }
`,
})}}
`,
        },
      },
      nas: {
        addresses: { eth0: ['2001:db8:1::10/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [
          { protocol: 'tcp', port: 10000, address: '::' },
          { protocol: 'udp', port: 10001, address: '::' },
        ],
      },
      pc: home6.pc,
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'nas:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip -6 rule add fwmark 0x162 lookup 354; ip -6 route add local ::/0 dev lo table 354'],
      ['router', transparentProxy6(7895)],
    ],
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 10000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'udp', to: '2001:db8:1::10', port: 10001 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:1::10' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::10', port: 10000 }, seen: 'answered' },
      // the proxy answers in place of whoever was asked
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "fw4 forwards the connection to the NAS. What the NAS replies is TCP to an address that is not local: the TPROXY rule takes it for a connection of the lan's own and gives it to the proxy.",
      causes: [{ rule: 'tproxy ip6 to :7895', chain: 'inet fw4 openclash_mangle_v6' }],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['router', 'nft insert rule inet fw4 openclash_mangle_v6 ct direction reply return']],
  },
  {
    name: 'healthy-prefix-is-translated-by-a-map-of-its-own',
    thread: {
      title: 'odhcpd does not advertise gateway',
      address: 'https://github.com/openwrt/odhcpd/issues/229',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:aa::/64 via 2001:db8:f::1'],
        listeners: [HTTPS6],
      },
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['fd42:7a1c:33::1/64'] },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: ROUTES,
        listeners: [SSH6],
        rules: {
          nft: `table inet fw4 {
${FW4({
  chains: `  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oif "wan" ip6 saddr fd42:7a1c:33::/64 counter snat ip6 prefix to ip6 saddr map { fd42:7a1c:33::/64 : 2001:db8:aa::/64 }
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
`,
})}}
`,
        },
      },
      pc: { addresses: { eth0: ['fd42:7a1c:33::10/64'] }, routes: ['default via fd42:7a1c:33::1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'Nothing is wrong: the map gives the prefix that is routed to this router, and replies are translated back.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
