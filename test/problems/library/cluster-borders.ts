/** Where a cluster's or a container's network meets another one: by two ways, or with an address that hides who asks. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const CLUSTER_BORDERS: Problem[] = [
  {
    name: 'kube-invalid-state-one-way-ipv6',
    thread: {
      title: 'kube-proxy: Drop packets in INVALID state drops packets from outside the pod range',
      address: 'https://github.com/kubernetes/kubernetes/issues/94861',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:e::9/64'] }, routes: ['default via 2001:db8:e::1'] },
      gw: {
        addresses: { eth0: ['2001:db8:e::1/64'], eth1: ['2001:db8:c::1/64'], eth2: ['2001:db8:a::1/64'] },
        sysctls: FORWARDS,
      },
      pod: {
        addresses: { eth1: ['2001:db8:c::5/64'], eth0: ['2001:db8:b::5/64'] },
        routes: ['default via 2001:db8:b::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:c::5', port: 80 }],
      },
      node: {
        addresses: { cni0: ['2001:db8:b::1/64'], eth0: ['2001:db8:a::2/64'] },
        routes: ['default via 2001:db8:a::1', '2001:db8:c::/64 via 2001:db8:b::5'],
        sysctls: FORWARDS,
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'gw:eth0'],
      ['gw:eth1', 'pod:eth1'],
      ['pod:eth0', 'node:cni0'],
      ['node:eth0', 'gw:eth2'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:c::5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'ping', to: '2001:db8:a::1' }, seen: 'nothing', either: true },
      { sending: { from: 'node', what: 'ping', to: '2001:db8:e::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request came another way, so the reply belongs to no connection here, and kube-proxy drops what is invalid.',
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter KUBE-FORWARD' }],
      status: ['dropped', 'reply-lost'],
    },
    mend: [['node', 'ip6tables -D KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP']],
  },
  {
    name: 'antrea-egress-by-other-interface',
    thread: {
      title: 'Support Egress feature for hybrid mode',
      address: 'https://github.com/antrea-io/antrea/issues/2060',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.10.1.5/24'] }, routes: ['default via 10.10.1.1'] },
      node1: {
        addresses: { lxc1: ['10.10.1.1/24'], gw0: ['10.10.9.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['203.0.113.0/24 via 10.10.9.2', '10.10.2.0/24 via 192.0.2.2'],
        sysctls: FORWARDS,
      },
      node2: {
        addresses: { 'antrea-gw0': ['10.10.9.2/24'], eth0: ['192.0.2.2/24'], eth1: ['203.0.113.2/24'] },
        routes: ['10.10.1.0/24 via 192.0.2.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:ANTREA-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-POSTROUTING ! -o antrea-gw0 -s 10.10.0.0/16 -m comment --comment "Antrea: SNAT Pod to external packets" -j SNAT --to-source 203.0.113.2
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 53 }] },
    },
    links: [
      ['pod:eth0', 'node1:lxc1'],
      ['node1:gw0', 'node2:antrea-gw0'],
      ['node1:eth0', 'node2:eth0'],
      ['node2:eth1', 'far:eth0'],
    ],
    traced: 'node2',
    setup: [
      [
        'node2',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.antrea-gw0.rp_filter=1',
      ],
      [
        'node1',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gw0.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0',
      ],
    ],
    fails: { from: 'pod', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node2', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'ping', to: '10.10.9.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "It comes by the tunnel's interface, and the route to the pod leads by eth0: the strict rp_filter drops it.",
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['lost'],
    },
    mend: [['node2', 'sysctl -w net.ipv4.conf.antrea-gw0.rp_filter=2']],
  },
  {
    name: 'incus-masquerades-between-bridges',
    thread: {
      title: 'Disable NAT between incus bridges on the same host',
      address: 'https://github.com/lxc/incus/issues/3513',
    },
    backend: 'nft',
    hosts: {
      ap: { addresses: { eth0: ['100.126.0.9/22'] }, routes: ['default via 100.126.0.1'] },
      host: {
        bridges: { incusbr0: ['veth1'], wifi0: ['veth2'] },
        addresses: { incusbr0: ['100.125.0.1/22'], wifi0: ['100.126.0.1/22'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet incus {
  chain pstrt.incusbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 100.125.0.0/22 ip daddr != 100.125.0.0/22 masquerade
  }
  chain fwd.incusbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "incusbr0" accept
    ip version 4 iifname "incusbr0" accept
  }
  chain pstrt.wifi0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 100.126.0.0/22 ip daddr != 100.126.0.0/22 masquerade
  }
  chain fwd.wifi0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "wifi0" accept
    ip version 4 iifname "wifi0" accept
  }
}
`,
        },
      },
      // as a RADIUS server, which answers the clients that it knows
      radius: {
        addresses: { eth0: ['100.125.0.7/22'] },
        routes: ['default via 100.125.0.1'],
        listeners: [{ protocol: 'udp', port: 1812 }, ...WEB],
        rules: {
          nft: 'table ip clients {\n  chain input {\n    type filter hook input priority filter; policy accept;\n    udp dport 1812 ip saddr != 100.126.0.9 drop\n  }\n}\n',
        },
      },
    },
    links: [
      ['radius:eth0', 'host:veth1'],
      ['ap:eth0', 'host:veth2'],
    ],
    traced: 'host',
    fails: { from: 'ap', what: 'udp', to: '100.125.0.7', port: 1812 },
    seen: 'nothing',
    others: [
      { sending: { from: 'ap', what: 'tcp', to: '100.125.0.7', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '100.125.0.7', port: 1812 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Between two bridges of one host the packet gets the host's source, and the server answers only clients that it knows.",
      causes: [
        { rule: 'ip saddr 100.126.0.0/22 ip daddr != 100.126.0.0/22 masquerade', chain: 'inet incus pstrt.wifi0' },
        { code: 'snat-changed-source', words: ['100.126.0.9'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['host', 'nft insert rule inet incus pstrt.wifi0 ip daddr 100.125.0.0/22 accept']],
  },
  {
    name: 'kubenet-masquerade-spares-ten',
    thread: {
      title: '[kubenet] users should set non-masquerade-cidr for kubenet',
      address: 'https://github.com/kubernetes/website/issues/1759',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['192.168.1.5/24'] }, routes: ['default via 192.168.1.1'] },
      node: {
        bridges: { cbr0: ['veth1'] },
        addresses: { cbr0: ['192.168.1.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
COMMIT
`,
        },
      },
      gw: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['10.1.2.3/32', '203.0.113.9/32'] },
        listeners: [{ protocol: 'udp', address: '10.1.2.3', port: 53 }, ...WEB],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'gw:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '10.1.2.3', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.1.2.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'All of 10.0.0.0/8 is taken for the cluster, so what goes there keeps the address of the pod, which nobody there has a route to.',
      causes: [
        { rule: '! -d 10.0.0.0/8', chain: 'nat POSTROUTING' },
        { code: 'not-masqueraded', words: ['192.168.1.5'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      ['node', 'iptables -t nat -R POSTROUTING 1 ! -d 192.168.1.0/24 -m addrtype ! --dst-type LOCAL -j MASQUERADE'],
    ],
  },
]
