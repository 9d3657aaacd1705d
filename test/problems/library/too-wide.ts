/** What rules let or lead elsewhere by more than they mean: merged ranges, groups, IPv4 in a filter of IPv6, link addresses. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB = [{ protocol: 'tcp', port: 80 }] as const

export const TOO_WIDE: Problem[] = [
  {
    name: 'merged-ranges-take-what-lies-between',
    thread: {
      title: '`auto-merge` + `timeout` on user `config ipset` corrupts into phantom ranges',
      address: 'https://github.com/dl12345/mwan3/issues/10',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'], wanb: ['198.51.100.1/24'] },
        routes: ['default via 203.0.113.254', 'default via 198.51.100.254 table 2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet mwan3 {
  set games_v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 23.32.0.0-104.93.255.255, 155.133.224.0/19 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" meta mark & 0x3f00 == 0 ip daddr @games_v4 meta mark set meta mark | 0x0200
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wanb" } masquerade
  }
}
`,
        },
      },
      inet: {
        addresses: { wan: ['203.0.113.254/24'], lo: ['93.184.216.34/32', '8.8.4.4/32'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
      backup: { addresses: { wanb: ['198.51.100.254/24'] } },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'inet:wan'],
      ['router:wanb', 'backup:wanb'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2']],
    fails: { from: 'pc', what: 'tcp', to: '93.184.216.34', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '8.8.4.4', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'Two elements were merged to a range that has what lies between them: it is marked, and leaves by the other uplink.',
      causes: [
        { rule: '@games_v4', chain: 'inet mwan3 prerouting' },
        { code: 'wrong-way-out', words: ['0x200'] },
        { code: 'marked-astray' },
      ],
      status: ['unanswered', 'undetermined', 'lost'],
    },
    mend: [['router', 'nft delete element inet mwan3 games_v4 "{ 23.32.0.0-104.93.255.255 }"']],
  },
  {
    name: 'sandbox-rejects-link-local-and-groups',
    thread: {
      title: 'feat(sandbox): restore host-enforced intranet isolation',
      address: 'https://github.com/linuxarena/control-tower/pull/1987',
    },
    backend: 'iptables-legacy',
    hosts: {
      sandbox: {
        addresses: { eth0: ['2001:db8:1::2/64'] },
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INTRANET - [0:0]
-A OUTPUT -j INTRANET
-A INTRANET -o lo -j RETURN
-A INTRANET -d 2001:db8:1::1/128 -p tcp -m tcp --dport 8443 -j RETURN
-A INTRANET -d fc00::/7 -j REJECT
-A INTRANET -d fe80::/10 -j REJECT
-A INTRANET -d ff00::/8 -j REJECT
COMMIT
`,
        },
      },
      proxy: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [{ protocol: 'tcp', port: 8443, address: '2001:db8:1::1' }],
      },
    },
    links: [['sandbox:eth0', 'proxy:eth0']],
    traced: 'sandbox',
    setup: [
      ['sandbox', 'ip -6 neigh flush all'],
      ['proxy', 'ip -6 neigh flush all'],
    ],
    fails: { from: 'sandbox', what: 'tcp', to: '2001:db8:1::1', port: 8443 },
    seen: 'unreachable',
    others: [],
    truth: {
      words: 'The allowed proxy is asked for its link address by a group, and what goes to groups is rejected.',
      causes: [{ rule: '-d ff00::/8', chain: 'filter INTRANET' }, { code: 'neighbour-discovery-dropped' }],
      status: ['lost', 'unanswered', 'undetermined', 'rejected', 'dropped'],
      alsoTrue: ['neighbour-failed', 'rejected-by-rule'],
    },
    mend: [['sandbox', 'ip6tables -I INTRANET -p icmpv6 -j RETURN']],
  },
  {
    name: 'filter-of-ipv6-drops-ipv4-in-one-table',
    thread: {
      title: '[firewall] leave IPv4 out of the nftables ingress filter',
      address: 'https://github.com/openthread/ot-br-posix/pull/3604',
    },
    backend: 'nft',
    hosts: {
      thread: { addresses: { eth0: ['192.168.255.2/24'] }, routes: ['default via 192.168.255.1'] },
      border: {
        addresses: { wpan0: ['192.168.255.1/24', 'fd00:7::1/64'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet otbr {
  set ingress_deny_src {
    type ipv6_addr
    flags interval
    elements = { fd00:7::/64 }
  }
  set ingress_allow_dst {
    type ipv6_addr
    flags interval
    elements = { fd00:7::/64 }
  }
  chain forward_ingress {
    type filter hook forward priority filter; policy accept;
    oifname != "wpan0" return
    meta pkttype unicast iifname "wpan0" drop
    meta nfproto ipv6 ip6 saddr @ingress_deny_src drop
    meta nfproto ipv6 ip6 daddr @ingress_allow_dst accept
    meta pkttype unicast drop
  }
  chain nat_forward {
    type filter hook forward priority 10; policy accept;
    oifname "wpan0" ct state established,related accept
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "wpan0" oifname "eth0" masquerade
  }
}
`,
        },
      },
      far: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
    },
    links: [
      ['thread:eth0', 'border:wpan0'],
      ['border:eth0', 'far:eth0'],
    ],
    traced: 'border',
    fails: { from: 'thread', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'thread', what: 'ping', to: '192.168.255.1' }, seen: 'answered' }],
    truth: {
      words:
        "The filter is meant for IPv6 and stands in a table of both: IPv4's replies match none of its sets, and its last rule drops them.",
      causes: [{ rule: 'meta pkttype unicast drop', chain: 'inet otbr forward_ingress' }],
      status: ['reply-lost'],
    },
    mend: [['border', 'nft insert rule inet otbr forward_ingress meta nfproto != ipv6 return']],
  },
  {
    name: 'port-takes-one-link-address-alone',
    thread: {
      title: 'bridge: Add macspoofchk support',
      address: 'https://github.com/containernetworking/plugins/pull/639',
    },
    backend: 'nft',
    ...bridged(
      'cni0',
      '10.10.0.1/24',
      {
        sysctls: FORWARDS,
        rules: {
          nft: `table bridge nat {
  chain PREROUTING {
    type filter hook prerouting priority dstnat; policy accept;
    iifname "veth1" jump cni-br-iface-0
  }
  chain cni-br-iface-0 {
    ether saddr 02:42:0a:0a:00:02 return
    drop
  }
}
`,
        },
      },
      { listeners: WEB },
    ),
    setup: [['c1', 'ip link set eth0 address 02:42:0a:0a:00:77']],
    fails: { from: 'host', what: 'tcp', to: '10.10.0.2', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words: "The container's interface has another link address than the one that its port takes frames from.",
      causes: [
        { rule: 'drop', chain: 'bridge nat cni-br-iface-0' },
        { rule: 'ether saddr', chain: 'bridge nat cni-br-iface-0' },
        { code: 'neighbour-failed', words: ['cni-br-iface-0'] },
      ],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      ['c1', 'ip link set eth0 address 02:42:0a:0a:00:02; ip route replace default via 10.10.0.1'],
      ['host', 'ip neigh flush dev cni0'],
    ],
  },
]
