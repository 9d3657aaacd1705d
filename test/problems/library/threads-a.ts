/** Bridges that hold frames back, lists of incus and fw4, policies behind another NAT, bans in the routing rules. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Cause, Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const

/** Whatever tells what the kernel did without a rule, if it says one of these words. */
export const told = (codes: readonly string[], ...words: readonly string[]): Cause[] =>
  codes.flatMap((code) => words.map((word) => ({ code, words: [word] })))

export const THREADS_A: Problem[] = [
  {
    name: 'incus-bridge-snoops-and-hears-no-report',
    thread: {
      title: 'Add option to disable multicast_snooping on bridges',
      address: 'https://github.com/lxc/incus/issues/3294',
    },
    backend: 'nft',
    hosts: {
      host: {
        bridges: { incusbr0: ['veth1', 'veth2'] },
        addresses: { incusbr0: ['10.66.0.1/24', 'fd42:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.66.0.0/24 ip daddr != 10.66.0.0/24 masquerade
    ip6 saddr fd42:1::/64 ip6 daddr != fd42:1::/64 masquerade
  }
  chain in.incusbr0 {
    type filter hook input priority filter; policy accept;
    iifname "incusbr0" udp dport { 53, 67, 547 } accept
    iifname "incusbr0" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
  }
}
`,
        },
      },
      c1: {
        addresses: { eth0: ['10.66.0.2/24', 'fd42:1::2/64'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
      },
      c2: {
        addresses: { eth0: ['10.66.0.3/24', 'fd42:1::3/64'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
        rules: {
          nft: `table inet guest {
  chain output {
    type filter hook output priority filter; policy accept;
    icmpv6 type { mld-listener-report, mld2-listener-report } drop
  }
}
`,
        },
      },
    },
    links: [
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip link set incusbr0 type bridge mcast_snooping 1 mcast_query_response_interval 100; ip link set veth2 down; ip link set veth2 up; ip link set incusbr0 type bridge mcast_querier 1; sleep 3; ip -6 neigh flush dev incusbr0',
      ],
    ],
    fails: { from: 'host', what: 'tcp', to: 'fd42:1::3', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'host', what: 'tcp', to: 'fd42:1::2', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '10.66.0.3' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The bridge snoops MLD and has a querier, and it never hears a report of c2: it forwards no neighbour solicitation to c2's port.",
      causes: told(['neighbour-failed', 'kernel-drop', 'not-netfilter', 'neighbour-discovery-dropped'], 'snooping'),
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['host', 'ip link set incusbr0 type bridge mcast_snooping 0']],
  },
  {
    name: 'incus-acl-rejects-what-the-network-accepts',
    thread: {
      title: 'ACL against Network Bridge Drop DNS by default',
      address: 'https://github.com/lxc/incus/issues/1919',
    },
    backend: 'nft',
    ...bridged('incusbr0', '10.66.0.1/24', {
      listeners: [{ ...DNS, address: '10.66.0.1' }],
      rules: {
        nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.66.0.0/24 ip daddr != 10.66.0.0/24 masquerade
  }
  chain in.incusbr0 {
    type filter hook input priority filter; policy accept;
    iifname "incusbr0" tcp dport 53 accept
    iifname "incusbr0" udp dport 53 accept
    iifname "incusbr0" udp dport 67 accept
  }
  chain aclin.incusbr0 {
    type filter hook input priority filter; policy accept;
    iifname "incusbr0" jump acl.incusbr0
  }
  chain aclfwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    iifname "incusbr0" jump acl.incusbr0
    oifname "incusbr0" jump acl.incusbr0
  }
  chain acl.incusbr0 {
    ct state established,related accept
    iifname "incusbr0" ip daddr 192.0.2.9 tcp dport { 80, 443 } accept
    iifname "incusbr0" reject
    oifname "incusbr0" reject
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'udp', to: '10.66.0.1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.66.0.2', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The network's chain accepts DNS, which ends that chain alone: the ACL's chain in the same hook comes next and rejects what the ACL does not name.",
      causes: [{ rule: 'reject', chain: 'inet incus acl.incusbr0' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet incus acl.incusbr0 iifname incusbr0 meta l4proto udp udp dport 53 accept']],
  },
  {
    name: 'fw4-rule-asks-address-and-link-address-at-once',
    thread: {
      title: 'Use of both `src_ip` and `ipset` in a rule is unclear',
      address: 'https://github.com/openwrt/firewall4/issues/48',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['fd31:aeb1::10/64'] }, routes: ['default via fd31:aeb1::1'] },
      router: {
        addresses: { lan: ['fd31:aeb1::1/64'], opc: ['fd31:aeb2::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  set Brians-trusted-hosts {
    type ether_addr
    elements = { 3c:7c:3f:00:00:01, 3c:7c:3f:00:00:02 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname { "lan", "opc" } accept comment "!fw4: Handle lan IPv4/IPv6 input traffic"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain forward_lan {
    ip6 saddr { fd31:aeb1::2, fd31:aeb1::10 } tcp dport 22 ether saddr @Brians-trusted-hosts counter jump accept_to_opc comment "!fw4: Brians PC and server to OPC network for SSH"
    tcp dport 443 counter jump accept_to_opc comment "!fw4: HTTPS to OPC"
  }
  chain accept_to_opc {
    oifname "opc" counter accept comment "!fw4: accept opc IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
}
`,
        },
      },
      opc: {
        addresses: { eth0: ['fd31:aeb2::20/64'] },
        routes: ['default via fd31:aeb2::1'],
        listeners: [
          { protocol: 'tcp', address: '::', port: 22 },
          { protocol: 'tcp', address: '::', port: 443 },
        ],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:opc', 'opc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: 'fd31:aeb2::20', port: 22 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: 'fd31:aeb2::20', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: 'fd31:aeb2::20', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'With a list of addresses and a set of link addresses the rule asks for both: the address is in the list, the link address is not in the set.',
      causes: [{ rule: 'ether saddr @Brians-trusted-hosts', chain: 'inet fw4 forward_lan' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_lan ip6 saddr fd31:aeb1::10 tcp dport 22 jump accept_to_opc']],
  },
  {
    name: 'kube-router-policy-sees-the-other-nodes-address',
    thread: {
      title: 'NetworkPolicy ipBlock cannot set the real client IP address',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1199',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      front: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.0.0.1/24'] },
        routes: ['10.244.2.0/24 via 10.0.0.2'],
        sysctls: FORWARDS,
        // in place of IPVS
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.2.10:80
-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE
COMMIT
`,
        },
      },
      node: {
        bridges: { 'kube-bridge': ['veth1'] },
        addresses: { eth0: ['10.0.0.2/24'], 'kube-bridge': ['10.244.2.1/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create KUBE-SRC-7AJH2MVKZ5 hash:net
add KUBE-SRC-7AJH2MVKZ5 192.0.2.0/24
create KUBE-DST-SDW4VNLPX2 hash:ip
add KUBE-DST-SDW4VNLPX2 10.244.2.10
`,
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-POD-FW-DH4XGCTQLW - [0:0]
:KUBE-NWPLCY-QM3RVZ5K6N - [0:0]
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A KUBE-ROUTER-FORWARD -d 10.244.2.10/32 -m comment --comment "rule to jump traffic destined to POD name:whoami" -j KUBE-POD-FW-DH4XGCTQLW
-A KUBE-POD-FW-DH4XGCTQLW -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "rule for stateful firewall for pod" -j ACCEPT
-A KUBE-POD-FW-DH4XGCTQLW -s 10.0.0.2/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod's local node" -j ACCEPT
-A KUBE-POD-FW-DH4XGCTQLW -m comment --comment "run through nw policy allow-office" -j KUBE-NWPLCY-QM3RVZ5K6N
-A KUBE-POD-FW-DH4XGCTQLW -m mark ! --mark 0x10000/0x10000 -m comment --comment "rule to REJECT traffic destined for POD name:whoami" -j REJECT --reject-with icmp-port-unreachable
-A KUBE-NWPLCY-QM3RVZ5K6N -p tcp -m set --match-set KUBE-SRC-7AJH2MVKZ5 src -m set --match-set KUBE-DST-SDW4VNLPX2 dst -m tcp --dport 80 -m comment --comment "rule to ACCEPT traffic from specified ipBlocks to dest pods" -j MARK --set-xmark 0x10000/0x10000
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.244.2.10/24'] }, routes: ['default via 10.244.2.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'front:eth0'],
      ['front:eth1', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'refused',
    looksAt: { protocol: 'tcp', dst: '10.244.2.10' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.244.2.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'front', what: 'ping', to: '10.244.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The policy's block has the client; what comes by the service was masqueraded on the other node, and that node's address is not in the set.",
      causes: [
        { rule: '--match-set KUBE-SRC-7AJH2MVKZ5 src', chain: 'filter KUBE-NWPLCY-QM3RVZ5K6N' },
        { code: 'not-in-set', words: ['KUBE-SRC-7AJH2MVKZ5'] },
      ],
      status: ['rejected'],
    },
    mend: [['node', 'ipset add KUBE-SRC-7AJH2MVKZ5 10.0.0.1']],
  },
  {
    name: 'fail2ban-bans-replies-of-one-port-by-a-routing-rule',
    thread: {
      title: 'Added Policy Based Routing (pbr) action',
      address: 'https://github.com/fail2ban/fail2ban/pull/3466',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [
          { protocol: 'tcp', address: '::', port: 22 },
          { protocol: 'tcp', address: '::', port: 443 },
        ],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 443 } accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      [
        'server',
        'ip -6 route add unreachable default table 4211; ip -6 rule add pref 4211 to 2001:db8:1::2 ipproto tcp sport 22 lookup 4211',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules accept it. A routing rule for what port 22 replies to this address leads to a table whose only route is unreachable: the SYN-ACK has no way.',
      causes: told(
        ['reply-dropped', 'vanished-no-route', 'kernel-drop', 'not-netfilter', 'wrong-way-out'],
        '4211',
        'unreachable',
      ),
      status: ['reply-lost', 'lost', 'unanswered'],
    },
    mend: [['server', 'ip -6 rule del pref 4211']],
  },
]
