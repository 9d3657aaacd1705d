/** VPN clients and their routes, marks of uplinks, reverse paths, one family's reject, flags of a SYN. */
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { told } from './threads-a.ts'

const WEB6 = { protocol: 'tcp', address: '::', port: 80 } as const

export const THREADS_C: Problem[] = [
  {
    name: 'vpnfailsafe-replies-to-the-other-vlan',
    thread: {
      title: 'Unable to reach my localnets (missing routes in system)',
      address: 'https://github.com/wknapik/vpnfailsafe/issues/35',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['172.16.0.9/24'] }, routes: ['default via 172.16.0.1'] },
      gateway: { addresses: { eth0: ['172.16.0.1/24'], eth1: ['172.32.0.1/24'] }, sysctls: FORWARDS },
      ct: {
        addresses: { eth0: ['172.32.0.10/24'], tun0: ['10.8.0.6/24'] },
        routes: ['default via 172.32.0.1', '0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1'],
        listeners: [{ protocol: 'tcp', port: 8888 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:VPNFAILSAFE_INPUT - [0:0]
:VPNFAILSAFE_OUTPUT - [0:0]
-A INPUT -j VPNFAILSAFE_INPUT
-A OUTPUT -j VPNFAILSAFE_OUTPUT
-A VPNFAILSAFE_INPUT -s 192.0.2.77/32 -i eth0 -p udp -m udp --sport 1194 -j RETURN
-A VPNFAILSAFE_INPUT -s 172.16.0.0/12 ! -i tun0 -j RETURN
-A VPNFAILSAFE_INPUT -s 172.32.0.0/24 ! -i tun0 -j RETURN
-A VPNFAILSAFE_INPUT -i tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A VPNFAILSAFE_INPUT -i lo -j RETURN
-A VPNFAILSAFE_INPUT -j DROP
-A VPNFAILSAFE_OUTPUT -d 192.0.2.77/32 -o eth0 -p udp -m udp --dport 1194 -j RETURN
-A VPNFAILSAFE_OUTPUT -d 172.16.0.0/12 ! -o tun0 -j RETURN
-A VPNFAILSAFE_OUTPUT -d 172.32.0.0/24 ! -o tun0 -j RETURN
-A VPNFAILSAFE_OUTPUT -d 172.16.0.0/12 -o tun0 -j DROP
-A VPNFAILSAFE_OUTPUT -o tun0 -j RETURN
-A VPNFAILSAFE_OUTPUT -o lo -j RETURN
-A VPNFAILSAFE_OUTPUT -j DROP
COMMIT
`,
        },
      },
      vpn: { addresses: { eth0: ['10.8.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'ct:eth0'],
      ['ct:tun0', 'vpn:eth0'],
    ],
    traced: 'ct',
    fails: { from: 'client', what: 'tcp', to: '172.32.0.10', port: 8888 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '172.32.0.10', port: 8888 }, seen: 'answered' },
      { sending: { from: 'ct', what: 'tcp', to: '10.8.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "OpenVPN's routes send the reply to the other VLAN into the tunnel, and a rule lets no private network into the tunnel: a route by the LAN's gateway is missing.",
      causes: [
        { rule: '-d 172.16.0.0/12 -o tun0 -j DROP', chain: 'filter VPNFAILSAFE_OUTPUT' },
        ...told(['wrong-way-out', 'reply-by-other-uplink', 'reply-dropped'], 'tun0'),
      ],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['ct', 'ip route add 172.16.0.0/24 via 172.32.0.1']],
  },
  {
    name: 'fw4-restores-the-uplinks-mark-on-the-request',
    thread: {
      title: 'firewall4: should enforce "strong host" model',
      address: 'https://github.com/openwrt/firewall4/issues/93',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
      isp2: {
        addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] },
        sysctls: FORWARDS,
      },
      isp1: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: WEB },
      router: {
        addresses: { wan: ['192.0.2.1/24'], wan2: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 192.0.2.254', 'default via 203.0.113.254 table 2'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table inet fw4 {
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wan2" ct state new ct mark set 0x00000002 comment "new inbound flow on wan2"
    meta mark set ct mark comment "back by the way that it came"
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    ct mark 0x00000002 meta mark set ct mark
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iif "lo" accept
    tcp dport 22 accept comment "!fw4: Allow-SSH"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" oifname { "wan", "wan2" } accept comment "!fw4: Accept lan to wan forwarding"
    iifname { "wan", "wan2" } ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "wan", "wan2" } tcp dport 8080 dnat ip to 192.168.1.10:80 comment "!fw4: web"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wan2" } meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'isp2:eth0'],
      ['isp2:eth1', 'router:wan2'],
      ['isp1:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip rule add pref 1002 fwmark 2 lookup 2'],
      ['isp2', 'ip route add blackhole 192.168.0.0/16'],
    ],
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'isp1', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The connection's mark is put on the request, too, not on replies alone: with it the forwarded request is routed by wan2's table, which has no route to the LAN, and goes back out of wan2.",
      causes: [
        { rule: 'meta mark set ct mark', chain: 'inet fw4 mangle_prerouting' },
        ...told(['wrong-way-out', 'marked-astray', 'not-netfilter'], 'wan2'),
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'router',
        'nft flush chain inet fw4 mangle_prerouting; nft add rule inet fw4 mangle_prerouting iifname wan2 ct state new ct mark set 2; nft add rule inet fw4 mangle_prerouting ct direction reply meta mark set ct mark',
      ],
    ],
  },
  {
    name: 'firewalld-reverse-path-without-the-requests-mark',
    thread: {
      title: 'IPv6_rpfilter=strict drops symmetric IPv6 traffic on WireGuard interface',
      address: 'https://github.com/firewalld/firewalld/issues/1600',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { eth0: ['2001:db8:1::1/64'], wg0: ['fd00:8::2/64'] },
        routes: ['default via 2001:db8:1::fe', 'default via fd00:8::1 table 51'],
        rules: {
          nft: `table inet firewalld {
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
}
table inet tunnelled {
  chain output {
    type route hook output priority mangle; policy accept;
    ip6 daddr 2001:db8:9::/48 meta mark set 0x00000051
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wg0" masquerade
  }
}
`,
        },
      },
      gateway: { addresses: { eth0: ['2001:db8:1::fe/64'] }, listeners: [WEB6] },
      peer: { addresses: { wg0: ['fd00:8::1/64'], lo: ['2001:db8:9::9/128'] }, listeners: [WEB6] },
    },
    links: [
      ['host:eth0', 'gateway:eth0'],
      ['host:wg0', 'peer:wg0'],
    ],
    traced: 'host',
    setup: [['host', 'ip -6 rule add pref 51 fwmark 0x51 lookup 51']],
    fails: { from: 'host', what: 'tcp', to: '2001:db8:9::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1::fe', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: 'fd00:8::1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request goes into the tunnel by its mark. The reply has none: without it the way back to its source is eth0, and the reverse path filter drops it on wg0.',
      causes: [{ rule: 'fib saddr . mark . iif oif', chain: 'inet firewalld filter_PREROUTING' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'host',
        'nft add rule inet tunnelled output meta mark 0x51 ct mark set meta mark; nft "add chain inet tunnelled prerouting { type filter hook prerouting priority mangle; }"; nft add rule inet tunnelled prerouting ct direction reply meta mark set ct mark',
      ],
    ],
  },
  {
    name: 'docker-ipv6-has-no-rule-before-the-reject',
    thread: {
      title: 'docker chain rule missing from ip6table',
      address: 'https://github.com/docker/hub-feedback/issues/1267',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: {
        addresses: { eth0: ['2001:db8:4::242:ac11:3/64', '172.17.0.3/16'] },
        routes: ['default via 2001:db8:4::1', 'default via 172.17.0.1'],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: {
          docker0: ['2001:db8:4::1/64', '172.17.0.1/16'],
          comsvc0: ['2001:db8:10::1/64', '192.0.2.1/24'],
        },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARD_IN_ZONES - [0:0]
:FWDI_public - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp6-adm-prohibited
-A FORWARD_IN_ZONES -i comsvc0 -g FWDI_public
-A FORWARD_IN_ZONES -g FWDI_public
-A FWDI_public -p ipv6-icmp -j ACCEPT
COMMIT
`,
        },
      },
      mail: {
        addresses: { eth0: ['2001:db8:10::34:77/64', '192.0.2.77/24'] },
        routes: ['2001:db8:4::/64 via 2001:db8:10::1'],
        listeners: [
          { protocol: 'tcp', address: '2001:db8:10::34:77', port: 25 },
          { protocol: 'tcp', address: '192.0.2.77', port: 25 },
        ],
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:comsvc0', 'mail:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '2001:db8:10::34:77', port: 25 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.77', port: 25 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '2001:db8:10::34:77' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker has its rules in iptables alone: in ip6tables nothing accepts what the container sends, and firewalld's last rule of FORWARD rejects it.",
      causes: [
        { rule: '-j REJECT --reject-with icmp6-adm-prohibited', chain: 'filter FORWARD' },
        { rule: '-i docker0 ! -o docker0 -j ACCEPT', chain: 'filter FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'ip6tables -I FORWARD -i docker0 ! -o docker0 -j ACCEPT']],
  },
  {
    name: 'firewall-takes-a-syn-with-ecn-for-none',
    thread: {
      title: 'Explicit Congestion Notification (ECN) - Firewall Problems',
      address: 'https://coofdy.com/blog/2004-11-22-ecn/',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', port: 80 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 80 },
      ],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    ip protocol tcp tcp flags != syn ct state new counter drop comment "new and not SYN"
    tcp dport 80 accept
  }
}
`,
      },
    }),
    // without a second try that asks for no ECN
    setup: [['client', 'sysctl -qw net.ipv4.tcp_ecn=1 net.ipv4.tcp_ecn_fallback=0']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule compares all flags with SYN: a client that offers ECN sets ECE and CWR in its SYN, too, and is dropped as new and not SYN.',
      causes: [{ rule: 'tcp flags != syn', chain: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        "nft insert rule inet filter input 'tcp flags & (fin|syn|rst|ack) == syn' ct state new tcp dport 80 accept",
      ],
    ],
  },
]
