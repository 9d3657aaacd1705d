/** Rules, marks and sockets that affect more, or less, than who wrote them meant. */
import { clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** Listens for IPv6 alone, or for IPv4 alone, until the lab ends: what a lab's own listener on :: does not do. */
const listenFor = (family: 'INET6' | 'INET', port: number): string =>
  `python3 -c "import socket
s=socket.socket(socket.AF_${family}); s.setsockopt(1,2,1)
${family === 'INET6' ? 's.setsockopt(41,26,1); ' : ''}s.bind(('${family === 'INET6' ? '::' : '0.0.0.0'}',${port})); s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt${family === 'INET6' ? 6 : 4} | grep -q :${port} && break; sleep .1; done`

const leakBlock = (tunnel: string): string => `table ip6 tiredvpn-v6block-${tunnel} {
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "lo" counter accept
    ip6 daddr { fe80::/10, ff00::/8 } counter accept
    ip6 daddr 2001:db8:5::443 counter accept
    counter reject with icmpv6 admin-prohibited
  }
}
`
const LEAK_BLOCKS = ['tvpn0', 'tvpn1', 'tvpn2']

const ZONE = '{ "eth2", "vti0", "eth2.200" }'

export const SIDE_EFFECTS: Problem[] = [
  {
    name: 'stalwart-listens-for-ipv6-alone',
    thread: { title: '[bug]: listeners are IPv6 only', address: 'https://github.com/stalwartlabs/stalwart/issues/320' },
    backend: 'nft',
    ...clientAndServer({
      listeners: SSH,
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related counter accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 8080 } counter accept
  }
}
`,
      },
    }),
    setup: [['server', listenFor('INET6', 8080)]],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'The service listens on :: for IPv6 alone (IPV6_V6ONLY): nothing listens on the port over IPv4.',
      causes: [
        { code: 'closed-port', words: ['IPv6'] },
        { code: 'refused-here', words: ['IPv6'] },
        { code: 'vanished-at-port', words: ['IPv6'] },
        { code: 'not-netfilter', words: ['IPv6'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['server', listenFor('INET', 8080)]],
  },
  {
    name: 'upsnap-directed-broadcast-stays-in-the-router',
    thread: {
      title: '[REQUEST] Individual Broadcast address to wakeup devices in other Subnets',
      address: 'https://github.com/seriousm4x/UpSnap/issues/225',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan -o lan -p udp -m udp --dport 9 -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
        },
      },
      {
        pc: { listeners: [{ protocol: 'udp', port: 9 }] },
        remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: WEB },
      },
    ),
    fails: { from: 'remote', what: 'udp', to: '192.168.1.255', port: 9 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'udp', to: '192.168.1.10', port: 9 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The LAN's broadcast address is one of the router's own: it takes the datagram itself and does not forward it (bc_forwarding is 0). Sent to the device's address it arrives.",
      causes: [
        { code: 'vanished-at-port', words: ['broadcast'] },
        { code: 'closed-port', words: ['broadcast'] },
        { code: 'kernel-drop', words: ['broadcast'] },
        { code: 'not-netfilter', words: ['broadcast'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['router', 'iptables -t nat -A PREROUTING -d 192.168.1.255 -p udp --dport 9 -j DNAT --to 192.168.1.10']],
  },
  {
    name: 'sslh-marks-what-it-does-not-proxy',
    thread: {
      title: 'ip rule + ip route isolate host. Bug?',
      address: 'https://github.com/longsleep/linux-pine64/issues/49',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [...SSH, ...WEB],
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SSLH - [0:0]
-A OUTPUT -o eth0 -p tcp -m tcp --sport 22 -j SSLH
-A OUTPUT -o eth0 -p tcp -m tcp --sport 4443 -j SSLH
-A SSLH -j MARK --set-xmark 0x1/0xffffffff
-A SSLH -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [['server', 'ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The mark meant for what sslh proxies is set on sshd's replies to clients that connect directly: its table says that every address is local, so the replies stay in the host.",
      causes: [
        { rule: '--sport 22', chain: 'mangle OUTPUT' },
        { rule: '--set-xmark 0x1/0xffffffff', chain: 'mangle SSLH' },
      ],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -t mangle -D OUTPUT -o eth0 -p tcp -m tcp --sport 22 -j SSLH']],
  },
  {
    name: 'firewalld-masquerades-its-own-loopback',
    thread: {
      title: 'Not masquerading loopback is broken',
      address: 'https://github.com/firewalld/firewalld/issues/61',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [...SSH, { protocol: 'tcp', port: 5000 }],
      rules: {
        nft: `table ip firewalld {
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    counter jump nat_POST_public_allow
  }
  chain nat_POST_public_allow {
    iifname != "lo" counter masquerade
  }
}
table inet service {
  chain input {
    type filter hook input priority filter; policy accept;
    ip saddr 127.0.0.0/8 tcp dport 5000 counter accept
    tcp dport 5000 counter reject with tcp reset
  }
}
`,
      },
    }),
    fails: { from: 'server', what: 'tcp', to: '127.0.0.1', port: 5000 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5000 }, seen: 'refused' },
    ],
    truth: {
      words:
        'A packet that the host sends has no input interface in postrouting, so it matches iifname != "lo": the loopback connection gets the address of eth0, and the service accepts 127.0.0.0/8 alone.',
      causes: [{ rule: 'iifname != "lo"', chain: 'ip firewalld nat_POST_public_allow' }],
      status: ['rejected', 'refused'],
    },
    mend: [
      [
        'server',
        'nft flush chain ip firewalld nat_POST_public_allow; nft add rule ip firewalld nat_POST_public_allow oifname != lo counter masquerade',
      ],
    ],
  },
  {
    name: 'tiredvpn-one-leak-block-per-tunnel',
    thread: {
      title: 'feat(tun): exceptions for the IPv6 leak block',
      address: 'https://github.com/tiredvpn/tiredvpn/pull/73',
    },
    backend: 'nft',
    hosts: {
      node: {
        addresses: { eth0: ['192.0.2.1/24'], he6: ['2001:db8:77b::2/64'] },
        routes: ['default via 2001:db8:77b::1'],
        rules: { nft: LEAK_BLOCKS.map(leakBlock).join('') },
      },
      client: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: WEB },
      broker: {
        addresses: { eth0: ['2001:db8:77b::1/64'], lo: ['2001:db8:f::9/128', '2001:db8:5::443/128'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['broker:eth0', 'node:he6'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:5::443', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Each of three tunnels has a table of its own that rejects all IPv6 the host sends, also by a tunnel that is none of them: each has to accept he6.',
      causes: LEAK_BLOCKS.map((tunnel) => ({ rule: 'reject', chain: `ip6 tiredvpn-v6block-${tunnel} output` })),
      status: ['rejected'],
    },
    mend: LEAK_BLOCKS.map((tunnel) => [
      'node',
      `nft insert rule ip6 tiredvpn-v6block-${tunnel} output oifname he6 counter accept`,
    ]),
  },
  {
    name: 'nixos-masquerade-changes-the-source-port',
    thread: {
      title: 'Allow non-random masquerade',
      address: 'https://github.com/thelegy/nixos-nftables-firewall/issues/23',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet firewall {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state { established, related } counter accept
    iifname "lan" oifname "wan" counter accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto ipv4 iifname "lan" oifname "wan" counter masquerade random
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [{ protocol: 'udp', port: 5060 }, ...WEB],
          rules: {
            nft: `table ip filter {
  chain input {
    type filter hook input priority filter; policy accept;
    udp dport 5060 udp sport != 5060 counter drop
  }
}
`,
          },
        },
      },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 5060, sport: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'udp', to: '203.0.113.9', port: 5060, sport: 5060 }, seen: 'answered' },
    ],
    truth: {
      words: 'masquerade random gives the datagram another source port, and the peer takes port 5060 alone.',
      causes: [{ rule: 'masquerade random', chain: 'inet firewall postrouting' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        'h=$(nft -a list chain inet firewall postrouting | sed -n "s/.*random.*handle //p"); nft replace rule inet firewall postrouting handle $h meta nfproto ipv4 iifname lan oifname wan counter masquerade; conntrack -D -p udp',
      ],
    ],
  },
  {
    name: 'vyos-zone-lacks-the-new-subinterface',
    thread: {
      title: 'firewall: T8761: Reintroduce VRF-interface names in generated config',
      address: 'https://github.com/vyos/vyos-1x/pull/5167',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.0.0/16 via 203.0.113.1'],
        listeners: WEB,
      },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth2: ['192.168.2.1/24'], 'eth2.100': ['192.168.100.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip vyos_filter {
  chain VYOS_ZONE_FORWARD {
    type filter hook forward priority filter + 1; policy accept;
    oifname ${ZONE} counter jump VZONE_LAN
    oifname "eth0" counter jump VZONE_WAN
  }
  chain VZONE_LAN {
    iifname ${ZONE} counter return
    iifname "eth0" counter jump NAME_WAN-LAN
    iifname "eth0" counter return
    counter drop comment "zone_LAN default-action drop"
  }
  chain VZONE_WAN {
    iifname "eth0" counter return
    iifname ${ZONE} counter jump NAME_LAN-WAN
    iifname ${ZONE} counter return
    counter drop comment "zone_WAN default-action drop"
  }
  chain NAME_WAN-LAN {
    ct state { established, related } counter accept
    counter drop comment "WAN-LAN default-action drop"
  }
  chain NAME_LAN-WAN {
    counter accept comment "LAN-WAN default-action accept"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'] },
      camera: { addresses: { eth0: ['192.168.100.10/24'] }, routes: ['default via 192.168.100.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth2', 'pc:eth0'],
      ['router:eth2.100', 'camera:eth0'],
    ],
    traced: 'router',
    fails: { from: 'camera', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.2.10' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The new subinterface eth2.100 belongs to the zone, but the rules still list the zone's older interfaces: no rule accepts what comes in by it.",
      causes: [
        { rule: 'zone_WAN default-action drop', chain: 'ip vyos_filter VZONE_WAN' },
        { rule: `iifname ${ZONE}`, chain: 'ip vyos_filter VZONE_WAN' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule ip vyos_filter VZONE_WAN iifname eth2.100 counter jump NAME_LAN-WAN']],
  },
]
