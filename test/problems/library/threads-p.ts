/** nft rules that read a packet otherwise than they were meant to, from threads: a mark, a next header, a source of a solicitation; and a routing rule of one user. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const APP = { protocol: 'tcp', port: 8080 } as const

/** A service that is not root's: its user decides by which routing rule its replies go. */
const AS_NOBODY = `setpriv --reuid=65534 --regid=65534 --clear-groups perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die; alarm 240; while ($c = $s->accept) { close $c }' >/dev/null 2>&1 </dev/null & for i in $(seq 100); do ss -lnt | grep -q :8080 && break; sleep .1; done`

export const THREADS_P: Problem[] = [
  {
    name: 'wsl-mark-of-its-own-takes-podmans-away',
    thread: {
      title:
        '`networkingMode=mirrored` is WSL2 makes loopback interface unreachable for ports exposed by Podman/Docker',
      address: 'https://github.com/microsoft/WSL/issues/13868',
    },
    backend: 'nft',
    hosts: {
      windows: { addresses: { eth0: ['192.0.2.9/24'] } },
      wsl: {
        bridges: { podman0: ['veth0'] },
        addresses: { eth0: ['192.0.2.1/24'], podman0: ['10.88.0.1/16'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.88.0.0/16 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ip daddr 10.88.0.0/16 ct state established,related accept
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
    tcp dport 8080 jump nv_2f259bab_10_88_0_0_nm16_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain nv_2f259bab_10_88_0_0_nm16 {
    ip daddr 10.88.0.0/16 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_2f259bab_10_88_0_0_nm16_dnat {
    ip saddr 10.88.0.0/16 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip to 10.88.0.3:8080
  }
}
table inet filter {
  chain WSLOUTPUT {
    type filter hook output priority filter; policy accept;
    counter meta mark set 0x00000001 comment "mirrored"
  }
}
`,
        },
      },
      web: { addresses: { eth0: ['10.88.0.3/16'] }, routes: ['default via 10.88.0.1'], listeners: [APP] },
    },
    links: [
      ['windows:eth0', 'wsl:eth0'],
      ['wsl:veth0', 'web:eth0'],
    ],
    traced: 'wsl',
    setup: [['wsl', 'sysctl -qw net.ipv4.conf.podman0.route_localnet=1']],
    fails: { from: 'wsl', what: 'tcp', to: '127.0.0.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'windows', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'wsl', what: 'tcp', to: '10.88.0.3', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Podman marks the packet in nat, and the chain of WSL at the same hook sets the whole mark to 1: nothing masquerades it, and it leaves with the source 127.0.0.1.',
      causes: [{ rule: 'meta mark set 0x00000001', chain: 'inet filter WSLOUTPUT' }],
      status: ['unanswered', 'lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'wsl',
        'nft flush chain inet filter WSLOUTPUT; nft add rule inet filter WSLOUTPUT counter meta mark set meta mark or 0x1',
      ],
    ],
  },
  {
    name: 'refkit-next-header-of-a-report-is-hop-by-hop',
    thread: {
      title: 'Nftables ruleset does not match valid MLD packets',
      address: 'https://github.com/intel/intel-iot-refkit/issues/338',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] } },
      switch: {
        bridges: { br0: ['p1', 'p2'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0', 'net.bridge.bridge-nf-call-ip6tables': '0' },
      },
      board: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct state established,related accept
    ip protocol icmp accept
    ip6 nexthdr ipv6-icmp accept
    udp dport { 53, 123 } accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['board:eth0', 'switch:p2'],
    ],
    traced: 'board',
    // the querier asks each second; what the port was known to want is forgotten
    setup: [
      [
        'switch',
        'ip link set br0 type bridge mcast_snooping 1 mcast_query_response_interval 10 mcast_query_interval 100 mcast_startup_query_interval 100; ip link set p2 down; ip link set p2 up; ip link set br0 type bridge mcast_querier 1; sleep 3',
      ],
    ],
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'board', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "A report of MLD has a hop-by-hop header, so its next header is not ICMPv6: the policy drops it, and the switch forwards no solicitation to the board's port.",
      causes: [{ rule: 'ip6 nexthdr ipv6-icmp', chain: 'inet filter output' }, { policy: 'inet filter output' }],
      status: ['dropped'],
    },
    mend: [['board', 'nft add rule inet filter output meta l4proto ipv6-icmp accept']],
    showsAfter: 3,
  },
  {
    name: 'mullvad-takes-solicitations-from-link-local-addresses-alone',
    thread: {
      title: 'IPv6 NDP packets are blocked with a source other than link-local',
      address: 'https://github.com/mullvad/mullvadvpn-app/issues/5893',
    },
    backend: 'nft',
    hosts: {
      laptop: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        rules: {
          nft: `table inet mullvad {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    udp sport 67 udp dport 68 accept
    ip6 saddr fe80::/10 udp sport 547 ip6 daddr fe80::/10 udp dport 546 accept
    ip6 saddr fe80::/10 icmpv6 type nd-router-advert icmpv6 code no-route accept
    ip6 saddr fe80::/10 icmpv6 type nd-redirect icmpv6 code no-route accept
    ip6 saddr fe80::/10 icmpv6 type nd-neighbor-solicit icmpv6 code no-route accept
    icmpv6 type nd-neighbor-advert icmpv6 code no-route accept
    ip6 saddr 2001:db8:1::1 udp sport 51820 accept
    ip saddr 192.0.2.1 udp sport 51820 accept
    reject
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    udp sport 68 udp dport 67 accept
    ip6 daddr { ff02::1:ff00:0/104, fe80::/10 } icmpv6 type nd-neighbor-solicit icmpv6 code no-route accept
    icmpv6 type nd-neighbor-advert icmpv6 code no-route accept
    ip6 daddr 2001:db8:1::1 udp dport 51820 accept
    ip daddr 192.0.2.1 udp dport 51820 accept
    reject
  }
}
`,
        },
      },
      relay: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [
          { protocol: 'udp', address: '2001:db8:1::1', port: 51820 },
          { protocol: 'udp', port: 51820 },
        ],
      },
    },
    links: [['laptop:eth0', 'relay:eth0']],
    traced: 'laptop',
    // an advertisement has told the laptop the router's link address; the router has to ask for the laptop's
    setup: [
      ['relay', 'ip link set eth0 address 02:00:00:00:00:01'],
      [
        'laptop',
        'ip -6 neigh replace 2001:db8:1::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent; ip -6 neigh show dev eth0',
      ],
      ['relay', 'ip -6 neigh flush dev eth0'],
    ],
    fails: { from: 'laptop', what: 'udp', to: '2001:db8:1::1', port: 51820 },
    seen: 'nothing',
    others: [{ sending: { from: 'laptop', what: 'udp', to: '192.0.2.1', port: 51820 }, seen: 'answered' }],
    truth: {
      words:
        'The router solicits with its global address, and the rule accepts solicitations from fe80::/10 alone: it never learns where to send the reply.',
      causes: [
        { rule: 'nd-neighbor-solicit', chain: 'inet mullvad input' },
        { rule: 'reject', chain: 'inet mullvad input' },
        { code: 'neighbour-discovery-dropped' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      ['laptop', 'nft insert rule inet mullvad input icmpv6 type nd-neighbor-solicit accept'],
      ['relay', 'ip -6 neigh flush dev eth0'],
    ],
  },
  {
    name: 'odroid-routing-rule-is-for-root-alone',
    thread: { title: 'ip rule uidrange issue on C4 and N2', address: 'https://github.com/hardkernel/linux/issues/409' },
    backend: 'nft',
    hosts: {
      odroid: {
        addresses: { eth0: ['192.0.2.10/24'], wg0: ['10.70.1.1/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    iifname "wg0" tcp dport { 22, 8080 } accept
  }
}
`,
        },
      },
      isp: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.80.0.2/24'] },
        sysctls: FORWARDS,
        // no private sources from its customers
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip saddr 10.0.0.0/8 drop; }\n}\n',
        },
      },
      vpn: { addresses: { wg0: ['10.70.1.254/24'], eth0: ['10.80.0.1/24'] }, sysctls: FORWARDS },
      lan: { bridges: { br0: ['q1', 'q2', 'q3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      reader: {
        addresses: { eth0: ['10.80.0.9/24'] },
        routes: ['10.70.1.0/24 via 10.80.0.1', '192.0.2.0/24 via 10.80.0.2'],
      },
    },
    links: [
      ['odroid:eth0', 'isp:eth0'],
      ['odroid:wg0', 'vpn:wg0'],
      ['isp:eth1', 'lan:q1'],
      ['vpn:eth0', 'lan:q2'],
      ['reader:eth0', 'lan:q3'],
    ],
    traced: 'odroid',
    setup: [
      [
        'odroid',
        'ip route add default via 10.70.1.254 table 51900; ip rule add from 10.70.1.1 uidrange 0-0 lookup 51900',
      ],
      ['odroid', AS_NOBODY],
    ],
    fails: { from: 'reader', what: 'tcp', to: '10.70.1.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'reader', what: 'tcp', to: '10.70.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'reader', what: 'ping', to: '10.70.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The routing rule for the tunnel's address is for root's packets alone; the service is another user's, and its reply leaves by the provider, which takes no private source.",
      causes: [
        { code: 'reply-by-other-uplink' },
        { code: 'wrong-way-out' },
        { code: 'not-netfilter', words: ['uidrange'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['odroid', 'ip rule del from 10.70.1.1 uidrange 0-0 lookup 51900; ip rule add from 10.70.1.1 lookup 51900']],
  },
]
