/** nft's rules that somebody wrote by hand: lists of countries, one family's chain in both, an MSS too small, a chain that nothing calls. */
import { clientAndServer, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const NFT_HAND_WRITTEN: Problem[] = [
  {
    name: 'geo-filter-drops-replies-from-abroad',
    thread: {
      title: 'Allow outgoing traffic to blocked IP ranges',
      address: 'https://github.com/rpthms/nft-geo-filter/issues/5',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::2'],
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          nft: `table ip6 geo-filter {
  set filter-set {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { 2001:db8:1::/64, 2001:db8:2::-2001:db8:3:ffff:ffff:ffff:ffff:ffff }
  }
  chain filter-chain {
    type filter hook prerouting priority -190; policy accept;
    ip6 saddr @filter-set accept
    ip6 saddr { ::1, fe80::/10, fc00::/7 } accept
    counter drop
  }
}
table inet my_table {
  chain my_input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state invalid drop
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept
  }
}
`,
        },
      },
      gateway: {
        addresses: { eth0: ['2001:db8:1::2/64'], lo: ['2001:db8:9::9/128'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
      },
    },
    links: [['server:eth0', 'gateway:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:9::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'The geo filter drops all that comes from other countries, replies to own requests as well.',
      causes: [{ rule: 'drop', chain: 'ip6 geo-filter filter-chain' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['server', 'nft insert rule ip6 geo-filter filter-chain ct state established,related accept']],
  },
  {
    name: 'thread-ingress-filter-drops-ipv4-replies',
    thread: {
      title: '[firewall] leave IPv4 out of the nftables ingress filter',
      address: 'https://github.com/openthread/ot-br-posix/pull/3604',
    },
    backend: 'nft',
    hosts: {
      sensor: { addresses: { wpan0: ['192.168.255.2/24'] }, routes: ['default via 192.168.255.1'] },
      border: {
        addresses: { wpan0: ['192.168.255.1/24', 'fd11:22::1/64'], eth0: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 8081 }],
        rules: {
          nft: `table inet otbr {
  set ingress_deny_src {
    type ipv6_addr
    flags interval
    elements = { fd11:22::/64 }
  }
  set ingress_allow_dst {
    type ipv6_addr
    flags interval
    elements = { fd11:22::/64 }
  }
  chain forward_ingress {
    type filter hook forward priority filter; policy accept;
    oifname != "wpan0" return
    iifname "wpan0" meta pkttype host drop
    meta nfproto ipv6 ip6 saddr @ingress_deny_src drop
    meta nfproto ipv6 ip6 daddr @ingress_allow_dst accept
    meta pkttype host drop
    accept
  }
  chain nat_mangle {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wpan0" meta mark set 0x1001
  }
  chain nat_forward {
    type filter hook forward priority filter + 1; policy accept;
    oifname "wpan0" ct state established,related accept
    iifname "wpan0" accept
  }
  chain nat_postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark 0x1001 oifname "eth0" masquerade
  }
}
`,
        },
      },
      upstream: { addresses: { eth0: ['192.168.1.9/24'] } },
    },
    links: [
      ['sensor:wpan0', 'border:wpan0'],
      ['border:eth0', 'upstream:eth0'],
    ],
    traced: 'border',
    fails: { from: 'sensor', what: 'ping', to: '192.168.1.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'border', what: 'ping', to: '192.168.1.9' }, seen: 'answered' },
      { sending: { from: 'sensor', what: 'tcp', to: '192.168.1.1', port: 8081 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The filter was written for IPv6, but an inet chain sees IPv4 as well: the reply matches neither set and is dropped with the other unicast packets; nat_forward's accept does not help.",
      causes: [{ rule: 'pkttype', chain: 'inet otbr forward_ingress' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['border', 'nft insert rule inet otbr forward_ingress meta nfproto != ipv6 return']],
  },
  {
    name: 'netbird-udp-service-as-tcp-rule',
    thread: {
      title: 'UDP Services Generating TCP nftables rules on Routing Peers',
      address: 'https://github.com/netbirdio/netbird/issues/5734',
    },
    backend: 'nft',
    hosts: {
      proxy: { addresses: { wt0: ['100.94.56.138/16'] }, routes: ['192.168.1.0/24 via 100.94.0.1'] },
      peer: {
        addresses: { wt0: ['100.94.0.1/16'], ens18: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip netbird {
  set nb-sources {
    type ipv4_addr
    flags interval
    elements = { 100.94.0.0/16 }
  }
  chain netbird-rt-fwd {
    ip saddr @nb-sources ip daddr 192.168.1.2 tcp dport 443 counter accept
    ip saddr @nb-sources ip daddr 192.168.1.2 tcp dport 56789 counter accept
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    iifname "wt0" oifname "ens18" masquerade
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['192.168.1.2/24'] },
        listeners: [
          { protocol: 'udp', port: 56789 },
          { protocol: 'tcp', port: 443 },
        ],
      },
    },
    links: [
      ['proxy:wt0', 'peer:wt0'],
      ['peer:ens18', 'server:eth0'],
    ],
    traced: 'peer',
    fails: { from: 'proxy', what: 'udp', to: '192.168.1.2', port: 56789 },
    seen: 'nothing',
    others: [
      { sending: { from: 'proxy', what: 'tcp', to: '192.168.1.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'udp', to: '192.168.1.2', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: "The service is UDP, its rule says tcp dport: what comes from wt0 is dropped by the chain's last rule.",
      causes: [{ rule: 'tcp dport 56789', chain: 'ip netbird netbird-rt-fwd' }],
      status: ['dropped'],
    },
    mend: [
      [
        'peer',
        'nft add rule ip netbird netbird-rt-fwd ip saddr @nb-sources ip daddr 192.168.1.2 udp dport 56789 accept',
      ],
    ],
  },
  {
    name: 'sack-panic-rule-takes-small-mtu',
    thread: {
      title: 'IPtables filter may be inefective due to placement',
      address: 'https://github.com/Netflix/security-bulletins/issues/4',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 443 }],
      rules: {
        nft: `table inet early {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    tcp flags syn tcp option maxseg size 1-500 counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 443 } accept
  }
}
`,
      },
    }),
    setup: [['client', 'ip link set eth0 mtu 540']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The client's link has an MTU of 540 bytes, so its SYN offers an MSS of 500: the rule against SACK panic drops it.",
      causes: [{ rule: 'maxseg size 1-500', chain: 'inet early prerouting' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft flush chain inet early prerouting']],
  },
  {
    name: 'miniupnpd-chain-in-filter-not-called',
    thread: {
      title: 'Miniupnpd + nftables does not seem to work properly',
      address: 'https://github.com/miniupnp/miniupnp/issues/397',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip filter {
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established,related accept
    ip protocol icmp counter drop
    tcp dport { 22, 80, 443 } ct state new counter accept
    iifname "lo" accept
    iifname "lan" counter accept
    iifname "wan" counter drop
    drop
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "lan" oifname "wan" accept
    iifname "wan" oifname "lan" ct state established,related accept
  }
  chain miniupnpd {
    iifname "wan" ip daddr 192.168.1.10 tcp dport 3074 accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    jump miniupnpd
  }
  chain miniupnpd {
    iifname "wan" tcp dport 3074 dnat to 192.168.1.10:3074
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      {
        pc: { listeners: [{ protocol: 'tcp', port: 3074 }] },
        remote: { listeners: [{ protocol: 'tcp', port: 80 }] },
      },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 3074 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "miniupnpd's chain in table filter, which accepts the forwarded port, is called by no rule: forward's policy drops the connection.",
      causes: [{ chain: 'ip filter miniupnpd' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule ip filter forward jump miniupnpd']],
  },
]
