/** Of nft, from threads: what a node answers of ARP, a set without an end, an address that is local as well, a source that was to stay. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const THREADS_AN: Problem[] = [
  {
    name: 'kube-proxy-lets-no-interface-answer-for-the-pods-gateway',
    thread: {
      title: 'kube-proxy/IPVS: arp_ignore and arp_announce break some CNI plugins',
      address: 'https://github.com/kubernetes/kubernetes/issues/71555',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.20.0.0/24 via 192.0.2.1', '10.21.0.0/24 via 192.0.2.1'],
      },
      node: {
        // veth1 has no address of its own and borrows that of the second card
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.20.0.1/24'], veth2: ['10.21.0.1/24'] },
        routes: ['10.20.0.5 dev veth1'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: [SSH],
        rules: {
          nft: `table ip kube-proxy {
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.20 . tcp . 80 : goto endpoint-two }
  }
  chain endpoint-two {
    meta l4proto tcp dnat to 10.21.0.5:8080
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state invalid drop
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip daddr { 10.20.0.0/24, 10.21.0.0/24 } accept
    iifname "veth*" accept
  }
}
`,
        },
      },
      vpc: { addresses: { eth0: ['10.20.0.254/24'] } },
      pod: {
        addresses: { eth0: ['10.20.0.5/32'] },
        routes: ['10.20.0.1 dev eth0', 'default via 10.20.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      other: {
        addresses: { eth0: ['10.21.0.5/24'] },
        routes: ['default via 10.21.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['remote:eth0', 'node:eth0'],
      ['node:eth1', 'vpc:eth0'],
      ['node:veth1', 'pod:eth0'],
      ['node:veth2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'remote', what: 'tcp', to: '10.20.0.5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '10.21.0.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'ping', to: '10.20.0.1' }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.20.0.5' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The pod asks by ARP for its gateway, an address of the node's second card. arp_ignore=1 lets the node answer for addresses of the very interface alone, and veth1 has none: the pod cannot reply.",
      causes: [
        { code: 'unanswered', words: ['arp_ignore'] },
        { code: 'no-reply', words: ['arp_ignore'] },
        { code: 'not-netfilter', words: ['arp_ignore'] },
        { code: 'neighbour-failed', words: ['arp_ignore'] },
        { code: 'neighbour-discovery-dropped', words: ['arp_ignore'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['node', 'sysctl -qw net.ipv4.conf.all.arp_ignore=0']],
  },
  {
    name: 'networkd-puts-its-address-into-a-set-of-ranges-without-an-end',
    thread: {
      title: 'NFTSet= of an address into a "flags interval" set configures to an unbounded ending range',
      address: 'https://github.com/systemd/systemd/issues/35803',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['192.0.2.9/24'], lo: ['203.0.113.9/32', '8.8.8.8/32'] },
        listeners: [
          { protocol: 'tcp', port: 443 },
          { ...DNS, address: '8.8.8.8' },
        ],
      },
      host: {
        addresses: { eth0: ['192.0.2.10/24'], podman0: ['10.88.0.1/16'] },
        bridges: { podman0: ['veth1'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet guard {
  set host_addresses {
    type ipv4_addr
    flags interval
    elements = { 192.0.2.10-255.255.255.255 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "podman0" ip daddr @host_addresses counter drop comment "no container asks the host itself"
  }
}
table inet netavark {
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
  chain nv_2f259bab_10_88_0_0_nm16 {
    ip daddr 10.88.0.0/16 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
}
`,
        },
      },
      container: { addresses: { eth0: ['10.88.0.2/16'] }, routes: ['default via 10.88.0.1'] },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['host:veth1', 'container:eth0'],
    ],
    traced: 'host',
    fails: { from: 'container', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'container', what: 'udp', to: '8.8.8.8', port: 53 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '192.0.2.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.0.2.10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The element for the host's address has no end: whatever is numerically above it counts as the host and is dropped.",
      causes: [{ rule: 'ip daddr @host_addresses', chain: 'inet guard prerouting' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft delete element inet guard host_addresses { 192.0.2.10-255.255.255.255 }; nft add element inet guard host_addresses { 192.0.2.10 }',
      ],
    ],
  },
  {
    name: 'liqo-gateway-has-the-address-of-a-pod-in-the-other-cluster',
    thread: {
      title:
        '[Networking] correctly route traffic to remote pods whose IP collides with the gateway pod IP on overlapping pod CIDRs',
      address: 'https://github.com/liqotech/liqo/pull/3383',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['fd00:80::2/64'] }, routes: ['fd00:20:1::/64 via fd00:80::1'] },
      gateway: {
        addresses: { gnv: ['fd00:80::1/64'], eth0: ['fd00:10:1::5/64'], tunnel: ['fd00:99::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 8081, address: '::' }],
        rules: {
          nft: `table ip6 remote-cluster {
  chain cidr-remap {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "gnv" ip6 daddr fd00:20:1::/64 dnat ip6 prefix to fd00:10:1::/64
  }
  chain fw {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "gnv" oifname "tunnel" accept
  }
}
`,
        },
      },
      own: { addresses: { eth0: ['fd00:10:1::9/64'] } },
      remote: {
        addresses: { tunnel: ['fd00:99::2/64'], lo: ['fd00:10:1::5/128', 'fd00:10:1::6/128'] },
        routes: ['fd00:80::/64 via fd00:99::1'],
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
      },
    },
    links: [
      ['pod:eth0', 'gateway:gnv'],
      ['gateway:eth0', 'own:eth0'],
      ['gateway:tunnel', 'remote:tunnel'],
    ],
    traced: 'gateway',
    setup: [
      [
        'gateway',
        'ip -6 route add fd00:10:1::/64 via fd00:99::2 dev tunnel table 100; ip -6 rule add pref 98 iif gnv lookup 100',
      ],
    ],
    fails: { from: 'pod', what: 'tcp', to: 'fd00:20:1::5', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:20:1::6', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:80::1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'own', what: 'tcp', to: 'fd00:10:1::5', port: 8081 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Behind the DNAT the destination is the gateway's own address, too: the rule that looks up the table local comes before the one that leads into the tunnel, so the gateway takes the packet itself.",
      causes: [
        { code: 'closed-port', words: ['fd00:10:1::5'] },
        { code: 'refused-here', words: ['fd00:10:1::5'] },
        { code: 'wrong-way-out', words: ['local'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['gateway', 'ip -6 rule add pref 32765 lookup local; ip -6 rule del pref 0']],
  },
  {
    name: 'ovn-spares-local-addresses-alone-behind-its-own-dnat',
    thread: {
      title: 'port management-port-related iptables code to nftables',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/pull/3709',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [DNS] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], 'ovn-k8s-mp0': ['10.244.0.2/24'] },
        routes: ['169.254.169.3 via 10.244.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet ovn-kubernetes {
  set mgmtport-no-snat-nodeports {
    type inet_proto . inet_service
    elements = { tcp . 30080 }
  }
  chain etp-local {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 30080 dnat ip to 169.254.169.3:30080
  }
  chain mgmtport-snat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "ovn-k8s-mp0" return
    meta nfproto ipv4 ip saddr 10.244.0.2 counter return
    fib daddr type local meta l4proto . th dport @mgmtport-no-snat-nodeports counter return
    counter snat ip to 10.244.0.2
  }
  chain egress {
    type nat hook postrouting priority 101; policy accept;
    oifname "eth0" ip saddr 10.244.0.0/24 masquerade
  }
}
`,
        },
      },
      ovn: {
        addresses: { mp0: ['10.244.0.1/24'], pods: ['10.244.1.1/24'] },
        routes: ['default via 10.244.0.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip ovn {
  chain balancer {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 169.254.169.3 tcp dport 30080 dnat to 10.244.1.5:8080
  }
  chain policies {
    type filter hook forward priority filter; policy accept;
    oifname "pods" tcp dport 8080 ip saddr != 192.0.2.0/24 drop
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.1.5/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: [
          { protocol: 'tcp', port: 8080 },
          { protocol: 'tcp', port: 8181 },
        ],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:ovn-k8s-mp0', 'ovn:mp0'],
      ['ovn:pods', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'ip route add 10.244.1.0/24 via 10.244.0.1']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.5', port: 8181 }, seen: 'answered' },
      { sending: { from: 'ovn', what: 'udp', to: '192.0.2.9', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule that keeps a client's source asks for a local destination, but the node's own DNAT has already sent the packet on to 169.254.169.3: it gets the source of the management port, and the pod's policy knows clients alone.",
      causes: [
        { rule: '@mgmtport-no-snat-nodeports', chain: 'inet ovn-kubernetes mgmtport-snat' },
        { rule: 'snat ip to 10.244.0.2', chain: 'inet ovn-kubernetes mgmtport-snat' },
        { code: 'snat-changed-source', words: ['10.244.0.2'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'nft insert rule inet ovn-kubernetes mgmtport-snat meta l4proto . th dport @mgmtport-no-snat-nodeports counter return',
      ],
    ],
  },
  {
    name: 'near-ovn-keeps-its-packet-too-big-from-other-nodes',
    thread: {
      title: 'Guard against PMTUD route caching for Kubernetes Node IPs',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/pull/5153',
    },
    backend: 'nft',
    hosts: {
      node2: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['10.244.1.0/24 via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], pods: ['10.244.1.1/24'] },
        mtu: { pods: 1400 },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet ovn-kubernetes {
  set remote-node-ips-v4 {
    type ipv4_addr
    comment "Block egress ICMP needs frag to remote Kubernetes nodes"
    elements = { 192.0.2.2, 192.0.2.3 }
  }
  chain no-pmtud {
    type filter hook output priority filter; policy accept;
    ip daddr @remote-node-ips-v4 icmp type destination-unreachable icmp code 4 counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "eth0" oifname "pods" accept
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.1.5/24'] },
        mtu: { eth0: 1400 },
        routes: ['default via 10.244.1.1'],
        listeners: [DNS, { protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['node2:eth0', 'node:eth0'],
      ['node:pods', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node2', what: 'udp', to: '10.244.1.5', port: 53, bytes: 1600 },
    seen: 'answered',
    others: [{ sending: { from: 'node2', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'Nothing is wrong: what comes in fragments may be cut smaller, so nobody is told of the smaller MTU.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
