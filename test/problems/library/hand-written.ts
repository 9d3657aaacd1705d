/** Firewalls that somebody wrote by hand: prefixes of yesterday, a misspelled interface, sets that hold everyone, one family's chain in both. */
import { clientAndServer, FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const HAND_WRITTEN: Problem[] = [
  {
    name: 'game-server-length-of-first-datagram',
    thread: { title: 'Message spamming in console', address: 'https://github.com/rehlds/ReHLDS/issues/247' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'udp', port: 27015 }],
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 27015 -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 27015 -m state --state NEW -m length --length 33:250 -j ACCEPT
-A INPUT -p udp -m udp --dport 27015 -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 27015, bytes: 400 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 27015, bytes: 60 }, seen: 'answered' }],
    truth: {
      words: 'A first datagram may be 33 to 250 bytes long, and this one is longer: the rule behind drops it.',
      causes: [{ rule: '--length 33:250', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      ['server', 'iptables -R INPUT 2 -p udp --dport 27015 -m state --state NEW -m length --length 33:1400 -j ACCEPT'],
    ],
  },
  {
    name: 'openvpn-snat-to-prefix-of-yesterday',
    thread: {
      title: 'stale hardcoded SNAT entries in openvpn-iptables.service',
      address: 'https://github.com/Nyr/openvpn-install/issues/991',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: {
        addresses: { tun0: ['fddd:1194:1194:1194::2/64'] },
        routes: ['default via fddd:1194:1194:1194::1'],
      },
      server: {
        addresses: { eth0: ['2001:db8:f::1/64'], tun0: ['fddd:1194:1194:1194::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s fddd:1194:1194:1194::/64 ! -d fddd:1194:1194:1194::/64 -j SNAT --to-source 2001:db8:a::1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s fddd:1194:1194:1194::/64 -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['blackhole 2001:db8:a::/64'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['phone:tun0', 'server:tun0'],
      ['server:eth0', 'web:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: "The SNAT rule has the address of the provider's prefix of yesterday; replies to it come to nobody.",
      causes: [{ rule: 'SNAT --to-source 2001:db8:a::1', chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'server',
        'ip6tables -t nat -R POSTROUTING 1 -s fddd:1194:1194:1194::/64 ! -d fddd:1194:1194:1194::/64 -j SNAT --to-source 2001:db8:f::1',
      ],
    ],
  },
  {
    name: 'netdata-output-interface-misspelled',
    thread: { title: 'web console not responding', address: 'https://github.com/netdata/netdata/issues/4457' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 19999 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
-A OUTPUT -o etn0 -p tcp -m tcp --sport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 19999 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule for the replies says etn0, where eth0 is meant: OUTPUT's policy drops them.",
      causes: [{ rule: '-o etn0', chain: 'filter OUTPUT' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['server', 'iptables -R OUTPUT 3 -o eth0 -p tcp --sport 19999 -m state --state NEW,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'relay-accepts-address-of-older-prefix',
    thread: {
      title: 'Using ipv6-rules.sh when having a dynamic ipv6 prefix',
      address: 'https://github.com/toralf/torutils/issues/4',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '::', port: 443 },
        { protocol: 'tcp', address: '::', port: 22 },
      ],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s fe80::/10 -d ff02::1/128 -p udp -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 6/sec -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -d 2001:db8:ee00::1/128 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 9001 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule for the relay has the address that the host had before its prefix changed.',
      causes: [{ rule: '-d 2001:db8:ee00::1/128', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -R INPUT 10 -d 2001:db8:1::1/128 -p tcp --dport 443 -j ACCEPT']],
  },
  {
    name: 'allowlist-has-resolver-port-as-destination',
    thread: {
      title: '[upcloud] Fixed issue where DNS would be blocked while using allowlist',
      address: 'https://github.com/kubernetes-sigs/kubespray/pull/9510',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::2'],
        listeners: [{ protocol: 'tcp', address: '::', port: 22 }],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 2001:db8:1::53/128 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -s 2001:db8:1::54/128 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
        },
      },
      resolver: {
        addresses: { eth0: ['2001:db8:1::53/64', '2001:db8:1::2/64'] },
        listeners: [{ protocol: 'udp', address: '2001:db8:1::53', port: 53 }],
      },
    },
    links: [['node:eth0', 'resolver:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'udp', to: '2001:db8:1::53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'resolver', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'resolver', what: 'udp', to: '2001:db8:1::1', port: 5353 }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule for the resolver's replies has 53 as destination port; in a reply it is the source port.",
      causes: [{ rule: '-s 2001:db8:1::53/128 -p udp -m udp --dport 53', chain: 'filter INPUT' }],
      status: ['reply-lost', 'dropped'],
    },
    mend: [['node', 'ip6tables -R INPUT 4 -s 2001:db8:1::53/128 -p udp --sport 53 -j ACCEPT']],
  },
  {
    name: 'spoofed-sources-are-the-own-lan',
    thread: {
      title: 'Blocking packets from private subnets',
      address: 'https://github.com/trimstray/iptables-essentials/issues/7',
    },
    backend: 'iptables-nft',
    hosts: {
      phone: { addresses: { eth0: ['192.168.1.20/24', '2001:db8:1::20/64'] } },
      box: {
        addresses: { eth0: ['192.168.1.5/24', '2001:db8:1::5/64'] },
        listeners: [SSH, { protocol: 'tcp', address: '2001:db8:1::5', port: 22 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 224.0.0.0/3 -j DROP
-A PREROUTING -s 169.254.0.0/16 -j DROP
-A PREROUTING -s 172.16.0.0/12 -j DROP
-A PREROUTING -s 192.0.2.0/24 -j DROP
-A PREROUTING -s 192.168.0.0/16 -j DROP
-A PREROUTING -s 10.0.0.0/8 -j DROP
-A PREROUTING -s 0.0.0.0/8 -j DROP
-A PREROUTING -s 127.0.0.0/8 ! -i lo -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['phone:eth0', 'box:eth0']],
    traced: 'box',
    fails: { from: 'phone', what: 'ping', to: '192.168.1.5' },
    seen: 'nothing',
    others: [{ sending: { from: 'phone', what: 'tcp', to: '2001:db8:1::5', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The rules against spoofed sources drop all private networks, and the LAN is one of them.',
      causes: [{ rule: '-s 192.168.0.0/16 -j DROP', chain: 'mangle PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['box', 'iptables -t mangle -D PREROUTING -s 192.168.0.0/16 -j DROP']],
  },
  {
    name: 'pbr-table-of-tunnel-without-default-route',
    thread: {
      title: '[pbr] issue: IPv6, missing default route in VPN table if the default route is not present in main table',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/202',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
      tv: { addresses: { eth0: ['2001:db8:2::20/64'] }, routes: ['default via 2001:db8:2::1'] },
      router: {
        addresses: {
          lan: ['2001:db8:1::1/64'],
          guest: ['2001:db8:2::1/64'],
          wan: ['2001:db8:f::1/64'],
          wg0: ['fd00:8::2/64'],
        },
        routes: ['2001:db8:9::/64 via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          v6: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PBR_PREROUTING - [0:0]
-A PREROUTING -m mark --mark 0x0/0xff0000 -j PBR_PREROUTING
-A PBR_PREROUTING -s 2001:db8:1::/64 -j MARK --set-xmark 0x20000/0xff0000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -i guest -o wan -j ACCEPT
COMMIT
`,
        },
      },
      internet: {
        addresses: { eth0: ['2001:db8:f::9/64'], wg0: ['fd00:8::1/64'], lo: ['2001:db8:9::9/128'] },
        routes: ['2001:db8:1::/64 via fd00:8::2', '2001:db8:2::/64 via 2001:db8:f::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['tv:eth0', 'router:guest'],
      ['router:wan', 'internet:eth0'],
      ['router:wg0', 'internet:wg0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 rule add pref 29999 fwmark 0x20000/0xff0000 lookup 257; ip -6 route add unreachable default table 257',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:9::9', port: 443 },
    seen: 'unreachable',
    others: [{ sending: { from: 'tv', what: 'tcp', to: '2001:db8:9::9', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        "The mark sends the LAN's packets to the tunnel's table, which has no default route but an unreachable one.",
      causes: [
        { rule: '--set-xmark 0x20000/0xff0000', chain: 'mangle PBR_PREROUTING' },
        { code: 'vanished-no-route', words: ['257'] },
      ],
      status: ['lost', 'rejected', 'dropped', 'refused'],
    },
    mend: [
      ['router', 'ip -6 route del unreachable default table 257; ip -6 route add default via fd00:8::1 table 257'],
    ],
  },
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
