/** What rules ask for beside addresses: sizes, link addresses, users, devices of a VRF; sets of several dimensions; IPv6 in one chain with IPv4. */
import { bridged, clientAndServer, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB = [{ protocol: 'tcp', port: 80 }] as const

export const NAMES_AND_SIZES: Problem[] = [
  {
    name: 'hardening-drops-the-smallest-usual-segment',
    thread: {
      title: 'Fix off-by-one when blocking TCP packages with small max segment size',
      address: 'https://github.com/gene-git/blog/pull/5',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: WEB,
      rules: {
        nft: `table inet filter {
  chain early {
    type filter hook prerouting priority -300; policy accept;
    tcp flags syn tcp option maxseg size 1-536 counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 80 } accept
  }
}
`,
      },
    }),
    setup: [['client', 'ip route replace 192.0.2.0/24 dev eth0 advmss 536']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words: "The client's SYN offers segments of 536 bytes, the default of IPv4, and the rule drops up to 536.",
      causes: [{ rule: 'maxseg size 1-536', chain: 'inet filter early' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'h=$(nft -a list chain inet filter early | sed -n "s/.*maxseg.*handle //p"); nft replace rule inet filter early handle $h tcp flags syn tcp option maxseg size 1-535 counter drop',
      ],
    ],
  },
  {
    name: 'geo-filter-beside-connection-tracking',
    thread: {
      title: 'Allow outgoing traffic to blocked IP ranges',
      address: 'https://github.com/rpthms/nft-geo-filter/issues/5',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        rules: {
          nft: `table inet my_table {
  chain my_input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state invalid drop
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
}
table inet geo-filter {
  set filter-v4 {
    type ipv4_addr
    flags interval
    elements = { 88.209.64.0/18, 192.0.2.0/24 }
  }
  chain filter-chain {
    type filter hook prerouting priority -200; policy drop;
    ct state established,related accept
    ip saddr @filter-v4 accept
    iif "lo" accept
    counter drop
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['198.51.100.9/32'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
    },
    links: [['host:eth0', 'far:eth0']],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '192.0.2.254', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'The filter has the priority of connection tracking and was registered later, so it comes first: no reply is established there.',
      causes: [
        { rule: 'counter', chain: 'inet geo-filter filter-chain' },
        { rule: 'ct state established', chain: 'inet geo-filter filter-chain' },
      ],
      status: ['reply-lost'],
    },
    mend: [
      [
        'host',
        'nft list table inet geo-filter | sed "s/priority -200/priority -190/; s/priority conntrack/priority -190/" > /tmp/geo.$$; nft delete table inet geo-filter; nft -f /tmp/geo.$$; rm /tmp/geo.$$',
      ],
    ],
  },
  {
    name: 'dnat-to-a-range-takes-its-first-port',
    thread: {
      title: '缺少端口段重定向到端口段',
      address: 'https://github.com/arloor/nftables-nat-rust/issues/53',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip self-nat {
  chain PREROUTING {
    type nat hook prerouting priority -110; policy accept;
    iifname "wan" tcp dport 53051-53080 dnat to 192.168.1.10:51051-51080
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 51053 }] } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 53053 },
    seen: 'refused',
    others: [{ sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' }],
    truth: {
      words: 'A range of ports behind dnat is no shift: each connection goes to the first port of it.',
      causes: [{ rule: 'dnat to 192.168.1.10:51051-51080', chain: 'ip self-nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['refused-there', 'closed-port'],
    },
    mend: [['router', 'nft insert rule ip self-nat PREROUTING iifname wan tcp dport 53053 dnat to 192.168.1.10:51053']],
  },
  {
    name: 'set-of-addresses-and-ports-asked-for-one',
    thread: { title: 'Error with ipset', address: 'https://github.com/ghostcompute/framework/issues/88' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: WEB,
      rules: {
        ipset: 'create friends hash:ip,port family inet\nadd friends 192.0.2.2,tcp:80\nadd friends 192.0.2.2,udp:53\n',
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m set --match-set friends src -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words:
        'A set of addresses and ports is asked with one direction alone: the kernel then never finds anything in it.',
      causes: [{ rule: '--match-set friends src', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT -m set --match-set friends src,dst -j ACCEPT']],
  },
  {
    name: 'resolver-asks-as-another-user',
    thread: {
      title: "per-user iptables rules don't work with systemd-resolved",
      address: 'https://github.com/systemd/systemd/issues/8987',
    },
    backend: 'iptables-nft',
    hosts: {
      desk: {
        addresses: { eth0: ['192.0.2.2/24'] },
        routes: ['default via 192.0.2.1'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1000 -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A OUTPUT -j DROP
COMMIT
`,
        },
      },
      dns: { addresses: { eth0: ['192.0.2.1/24'] }, listeners: [{ protocol: 'udp', port: 53 }] },
    },
    links: [['desk:eth0', 'dns:eth0']],
    traced: 'desk',
    fails: { from: 'desk', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'desk', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    truth: {
      words: "The resolver asks with its own user, and the rule that accepts queries is for the person's.",
      causes: [
        { rule: '--uid-owner 1000', chain: 'filter OUTPUT' },
        { rule: '-A OUTPUT -j DROP', chain: 'filter OUTPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['desk', 'iptables -I OUTPUT -p udp --dport 53 -m owner --uid-owner 0 -j ACCEPT']],
  },
  {
    name: 'accepts-the-prefix-of-last-week',
    thread: {
      title: 'Using ipv6-rules.sh when having a dynamic ipv6 prefix',
      address: 'https://github.com/toralf/torutils/issues/4',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 9001, address: '2001:db8:1::1' }],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s fe80::/10 -d ff02::1/128 -p udp -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -d 2001:db8:41::1/128 -p tcp -m tcp --dport 9001 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9001 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' }],
    truth: {
      words: 'The provider has given another prefix since, and the rule accepts the address of the old one.',
      causes: [{ rule: '-d 2001:db8:41::1/128', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -A INPUT -d 2001:db8:1::1 -p tcp --dport 9001 -j ACCEPT']],
  },
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
