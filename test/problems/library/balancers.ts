/** Balancers, proxies and routers whose rewriting goes wrong elsewhere than where the packet ends. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MANGLE = NAT.replace(':OUTPUT', ':FORWARD ACCEPT [0:0]\n:OUTPUT')
const SSH = { protocol: 'tcp', port: 22 } as const

/** Takes connections in place of whoever was asked, until the lab ends. */
const transparentProxy = (port: number) => `python3 -c "import socket
s=socket.socket(); s.setsockopt(0,19,1); s.setsockopt(1,2,1); s.bind(('0.0.0.0',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

export const BALANCERS: Problem[] = [
  {
    name: 'v2ray-marks-what-its-own-host-replies',
    thread: {
      title: '透明代理的TProxy选项会导致入站流量被错误路由',
      address: 'https://github.com/kuoruan/luci-app-v2ray/issues/91',
    },
    backend: 'iptables-legacy',
    ...homeRouter({
      listeners: [SSH],
      rules: {
        v4: `*mangle
${MANGLE}:V2RAY - [0:0]
:V2RAY_MASK - [0:0]
-A PREROUTING -j V2RAY
-A OUTPUT -j V2RAY_MASK
-A V2RAY -d 192.168.0.0/16 -j RETURN
-A V2RAY -d 127.0.0.0/8 -j RETURN
-A V2RAY -d 203.0.113.1/32 -j RETURN
-A V2RAY -m mark --mark 0xff -j RETURN
-A V2RAY -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
-A V2RAY_MASK -d 192.168.0.0/16 -j RETURN
-A V2RAY_MASK -d 127.0.0.0/8 -j RETURN
-A V2RAY_MASK -m mark --mark 0xff -j RETURN
-A V2RAY_MASK -p tcp -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*nat
${NAT}-A POSTROUTING -o wan -j MASQUERADE
COMMIT
`,
      },
    }),
    setup: [
      ['router', 'ip rule add fwmark 1 lookup 100; ip route add local default dev lo table 100'],
      ['router', transparentProxy(12345)],
    ],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words: "The router's reply is marked in OUTPUT like a request of its own, and so is led back to the proxy.",
      causes: [
        { rule: 'MARK --set-xmark 0x1', chain: 'mangle V2RAY_MASK' },
        { rule: '-j V2RAY_MASK', chain: 'mangle OUTPUT' },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [['router', 'iptables -t mangle -I V2RAY_MASK -m conntrack --ctdir REPLY -j RETURN']],
  },
  {
    name: 'npt-beside-connection-tracking',
    thread: {
      title: 'Is there a way to have NPTv6 with connection tracking on Linux?',
      address:
        'https://unix.stackexchange.com/questions/331224/is-there-a-way-to-have-nptv6-with-connection-tracking-on-linux',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['fda3:1::10/64'] }, routes: ['default via fda3:1::1'] },
      router: {
        addresses: { lan: ['fda3:1::1/64'], wan: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v6: `*mangle
${MANGLE}-A PREROUTING -d 2001:db8:a::/64 -i wan -j DNPT --src-pfx 2001:db8:a::/64 --dst-pfx fda3:1::/64
-A POSTROUTING -s fda3:1::/64 -o wan -j SNPT --src-pfx fda3:1::/64 --dst-pfx 2001:db8:a::/64
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:a::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'The prefix is translated in mangle, behind connection tracking, which knows nothing of it: the reply is for an address that no entry has, and is not ESTABLISHED.',
      causes: [
        { rule: 'SNPT', chain: 'mangle POSTROUTING' },
        { rule: 'DNPT', chain: 'mangle PREROUTING' },
      ],
      status: ['reply-lost'],
      alsoTrue: ['invalid-state', 'reply-dropped'],
    },
    mend: [
      [
        'router',
        'ip6tables -t raw -A PREROUTING -i lan -s fda3:1::/64 -j CT --notrack; ip6tables -t raw -A PREROUTING -i wan -d 2001:db8:a::/64 -j CT --notrack; ip6tables -A FORWARD -i wan -d fda3:1::/64 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'router-keeps-its-packet-too-big',
    thread: {
      title: 'luci-app-firewall: rules: add ICMPv6 Packet Too Big (Type 2)',
      address: 'https://github.com/openwrt/luci/pull/4485',
    },
    backend: 'nft',
    ...homeRouter(
      {
        mtu: { wan: 1400 },
        rules: {
          nft: `table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    ct state established accept
    oifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request } accept
    ip protocol icmp accept
    ct state new udp dport { 53, 123 } accept
  }
}
`,
        },
      },
      { remote: { listeners: [{ protocol: 'udp', address: '2001:db8:f::9', port: 51820 }] } },
    ),
    fails: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 51820, bytes: 1420, tries: 2 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 51820 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'It is too long for wan, and the packet-too-big that the router answers with ends in its own output chain.',
      causes: [{ policy: 'inet fw output' }, { code: 'icmp-error-dropped' }, { code: 'vanished-mtu' }],
      status: ['lost'],
      alsoTrue: ['icmp-error-dropped', 'vanished-mtu', 'kernel-drop'],
    },
    mend: [['router', 'nft insert rule inet fw output icmpv6 type packet-too-big accept']],
  },
  {
    name: 'ipsec-second-client-behind-one-port',
    thread: {
      title: 'Router NAT settings can cause client reconnection issues',
      address: 'https://github.com/trailofbits/algo/issues/520',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tablet: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        bridges: { 'br-lan': ['p1', 'p2'] },
        addresses: { 'br-lan': ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -o wan -p udp -m udp --sport 500 -j SNAT --to-source 203.0.113.1:500
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 500 }, ...WEB] },
    },
    links: [
      ['phone:eth0', 'router:p1'],
      ['tablet:eth0', 'router:p2'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    earlier: { sendings: [{ from: 'phone', what: 'udp', to: '203.0.113.9', port: 500, sport: 500 }], change: [] },
    fails: { from: 'tablet', what: 'udp', to: '203.0.113.9', port: 500, sport: 500 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '203.0.113.9', port: 500, sport: 500 }, seen: 'answered' },
      { sending: { from: 'tablet', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule leaves one port for all, and the first client's connection has it: what cannot be told apart from that is dropped.",
      causes: [{ rule: '--to-source 203.0.113.1:500', chain: 'nat POSTROUTING' }],
      status: ['lost', 'unanswered', 'dropped'],
    },
    mend: [['router', 'iptables -t nat -D POSTROUTING 1']],
  },
  {
    name: 'nlb-sends-a-node-its-own-request',
    thread: { title: 'Using AWS NLB', address: 'https://github.com/kubernetes/kubernetes/issues/66796' },
    backend: 'nft',
    hosts: {
      node: {
        addresses: { eth0: ['10.0.0.10/24'] },
        routes: ['default via 10.0.0.5'],
        listeners: WEB,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
    tcp dport { 22, 80 } accept
  }
}
`,
        },
      },
      // keeps the client's address
      nlb: {
        addresses: { eth0: ['10.0.0.5/24'], eth1: ['10.0.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nlb {\n  chain prerouting { type nat hook prerouting priority dstnat; policy accept; ip daddr 10.0.0.5 tcp dport 80 dnat to 10.0.0.10:80; }\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }\n}\n',
        },
      },
      client: { addresses: { eth0: ['10.0.1.20/24'] }, routes: ['default via 10.0.1.1'] },
    },
    links: [
      ['node:eth0', 'nlb:eth0'],
      ['client:eth0', 'nlb:eth1'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '10.0.0.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.0.0.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The balancer sends the request back to the node that asked, with that node's own address as its source, and the kernel drops what comes in with that.",
      causes: [{ code: 'vanished-martian' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['nlb', 'nft add rule ip nlb postrouting ip saddr 10.0.0.10 ip daddr 10.0.0.10 masquerade']],
  },
  {
    name: 'nebula-hub-replies-by-either-uplink',
    thread: { title: 'Multi-home(Multi-WAN) issue', address: 'https://github.com/slackhq/nebula/issues/709' },
    backend: 'nft',
    hosts: {
      spoke: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      // each provider takes its own addresses alone
      providers: {
        addresses: { eth0: ['198.51.100.1/24'], isp1: ['192.0.2.254/24'], isp2: ['203.0.113.254/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "isp1" ip saddr != 192.0.2.0/24 drop; iifname "isp2" ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
      hub: {
        bridges: { virbr0: ['tap0'] },
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['203.0.113.1/24'], virbr0: ['10.5.0.1/24'] },
        routes: ['default nexthop via 192.0.2.254 weight 250 nexthop via 203.0.113.254 weight 1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "eth0", "eth1" } udp dport 4242 dnat ip to 10.5.0.2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.5.0.0/24 oifname { "eth0", "eth1" } masquerade
  }
}
`,
        },
      },
      lighthouse: {
        addresses: { eth0: ['10.5.0.2/24'] },
        routes: ['default via 10.5.0.1'],
        listeners: [{ protocol: 'udp', port: 4242 }],
      },
    },
    links: [
      ['spoke:eth0', 'providers:eth0'],
      ['providers:isp1', 'hub:eth0'],
      ['providers:isp2', 'hub:eth1'],
      ['hub:tap0', 'lighthouse:eth0'],
    ],
    traced: 'hub',
    fails: { from: 'spoke', what: 'udp', to: '203.0.113.1', port: 4242 },
    seen: 'nothing',
    others: [
      { sending: { from: 'spoke', what: 'udp', to: '192.0.2.1', port: 4242 }, seen: 'answered' },
      { sending: { from: 'lighthouse', what: 'ping', to: '198.51.100.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The default route has two next hops, and the reply takes the other provider's, with an address that is not theirs.",
      causes: [
        { code: 'reply-by-other-uplink', words: ['eth0', 'eth1'] },
        { code: 'wrong-way-out', words: ['eth0', 'eth1'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'hub',
        'nft "add chain inet nat uplinks { type filter hook prerouting priority mangle; }"; nft add rule inet nat uplinks iifname eth1 ct state new ct mark set 2; nft add rule inet nat uplinks iifname virbr0 meta mark set ct mark; ip route add default via 203.0.113.254 table 2; ip rule add fwmark 2 lookup 2',
      ],
    ],
  },
]
