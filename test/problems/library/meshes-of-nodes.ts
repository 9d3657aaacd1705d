/** By nft, from threads on clusters: a mesh of nodes whose masquerade has no address of its own, and whose marks leave a peer out. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** The API server beyond the mesh, and a machine at the edge with cameras; what kube-proxy and Talos write. */
const EDGE_RULES = `table inet talos {
  chain kubespan_prerouting {
    type filter hook prerouting priority filter; policy accept;
    meta mark & 0x00000060 == 0x00000020 accept
    ip daddr { 10.99.0.2, 10.99.0.3 } meta mark set meta mark & 0xffffffdf | 0x00000040 accept
  }
  chain kubespan_outgoing {
    type route hook output priority filter; policy accept;
    meta mark & 0x00000060 == 0x00000020 accept
    oifname "lo" accept
    ip daddr { 10.99.0.2, 10.99.0.3 } meta mark set meta mark & 0xffffffdf | 0x00000040 accept
  }
}
table ip kube-proxy {
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.1 . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https }
  }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.44 . tcp . 80 : goto reject-chain }
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
    ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump masquerading
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain service-2QRHZV4L-default/kubernetes/tcp/https {
    ip daddr 10.96.0.1 tcp dport 443 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-default/kubernetes/tcp/https__10.99.0.2/6443 }
  }
  chain endpoint-5OJB2KTY-default/kubernetes/tcp/https__10.99.0.2/6443 {
    ip saddr 10.99.0.2 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.99.0.2:6443
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain reject-chain {
    reject
  }
}
`

export const MESHES_OF_NODES: Problem[] = [
  {
    name: 'kubespan-has-no-address-and-masquerade-takes-a-cameras',
    thread: {
      title:
        'Multi-homed node: KubeSpan: kube-proxy masquerade selects wrong source IP when kubespan interface has no IPv4',
      address: 'https://github.com/siderolabs/talos/issues/12499',
    },
    backend: 'nft',
    hosts: {
      camera: { addresses: { eth0: ['192.168.211.20/24'] } },
      cp: {
        addresses: { lo: ['10.99.0.2/32'] },
        routes: ['172.31.32.252/32 dev kubespan', '10.244.3.0/24 dev kubespan'],
        listeners: [{ protocol: 'tcp', port: 6443 }],
      },
      modem: { addresses: { eth0: ['172.31.32.1/24'] } },
      edge: {
        addresses: {
          enp2s0: ['192.168.211.1/24'],
          enp0s21: ['172.31.32.252/24'],
        },
        routes: ['default via 172.31.32.1'],
        listeners: [SSH],
        rules: { nft: EDGE_RULES },
      },
    },
    links: [
      ['edge:enp2s0', 'camera:eth0'],
      ['edge:enp0s21', 'modem:eth0'],
      ['edge:kubespan', 'cp:kubespan'],
    ],
    traced: 'edge',
    setup: [
      [
        'edge',
        'ip route add default dev kubespan table 180; ip rule add pref 32500 fwmark 0x40/0x60 lookup 180; ip route flush cache',
      ],
    ],
    fails: { from: 'edge', what: 'tcp', to: '10.96.0.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'edge', what: 'tcp', to: '10.99.0.2', port: 6443 }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '192.168.211.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'edge', what: 'tcp', to: '10.96.0.44', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The interface of the mesh has no address, so the masquerade takes the first of another interface: that of the cameras’ network, which the control plane has no route to. The source it had before was right.',
      causes: [
        { rule: 'masquerade', chain: 'ip kube-proxy masquerading' },
        { code: 'snat-changed-source', words: ['192.168.211.1'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'edge',
        'nft insert rule ip kube-proxy masquerading oifname kubespan meta mark and 0x4000 == 0x4000 snat to 172.31.32.252',
      ],
    ],
  },
  {
    name: 'kubespan-marks-nothing-for-the-peer-that-joined-last',
    thread: {
      title: 'kubespan peers out of sync with nftables chains',
      address: 'https://github.com/siderolabs/talos/issues/9426',
    },
    backend: 'nft',
    hosts: {
      provider: { addresses: { eth0: ['172.20.0.1/24'] } },
      peers: {
        addresses: { lo: ['198.51.100.106/32', '198.51.100.107/32', '10.244.1.9/32', '10.244.2.9/32'] },
        routes: ['172.20.0.2/32 dev kubespan', '10.244.0.0/24 via 172.20.0.2 dev kubespan onlink'],
        listeners: [HTTP],
      },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['172.20.0.2/24'], cni0: ['10.244.0.1/24'] },
        routes: ['default via 172.20.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet talos {
  chain ingress {
    type filter hook input priority filter + 10; policy drop;
    iifname { "lo", "kubespan", "cni0" } accept
    ct state vmap { invalid : drop, established : accept, related : accept }
    meta l4proto icmp limit rate 5/second accept
    tcp dport { 22, 50000 } accept
  }
  chain kubespan_prerouting {
    type filter hook prerouting priority filter; policy accept;
    meta mark & 0x00000060 == 0x00000020 accept
    ip daddr { 198.51.100.106, 10.244.1.0/24 } meta mark set meta mark & 0xffffffdf | 0x00000040 accept
    ip6 daddr fd4e:cae:686b:1902:a44b:28ff:febf:e664 meta mark set meta mark & 0xffffffdf | 0x00000040 accept
  }
  chain kubespan_outgoing {
    type route hook output priority filter; policy accept;
    meta mark & 0x00000060 == 0x00000020 accept
    oifname "lo" accept
    ip daddr { 198.51.100.106, 10.244.1.0/24 } meta mark set meta mark & 0xffffffdf | 0x00000040 accept
    ip6 daddr fd4e:cae:686b:1902:a44b:28ff:febf:e664 meta mark set meta mark & 0xffffffdf | 0x00000040 accept
  }
}
table ip flannel-ipv4 {
  chain postrtg {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 == 0x00004000 return
    ip saddr 10.244.0.0/16 ip daddr 10.244.0.0/16 return
    ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr 10.244.0.0/16 accept
    ip daddr 10.244.0.0/16 accept
  }
}
`,
        },
      },
      pod: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
    },
    links: [
      ['node:eth0', 'provider:eth0'],
      ['node:kubespan', 'peers:kubespan'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip route add default dev kubespan table 180; ip rule add pref 32500 fwmark 0x40/0x60 lookup 180'],
    ],
    fails: { from: 'pod', what: 'tcp', to: '10.244.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.244.1.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '198.51.100.106', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '172.20.0.1', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rule marks what goes to the peers, and the mark leads into the mesh. The peer that joined last is not in its set: what goes there is not marked, and leaves by the provider, who drops it.',
      causes: [
        { rule: 'ip daddr {', chain: 'inet talos kubespan_prerouting' },
        { chain: 'inet talos kubespan_prerouting' },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [
      [
        'node',
        'nft insert rule inet talos kubespan_prerouting ip daddr 10.244.2.0/24 meta mark set meta mark and 0xffffffdf or 0x40 accept',
      ],
    ],
  },
]
