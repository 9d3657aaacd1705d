/** From threads of containers and clusters, by nft: services and host ports asked from their own bridge, a load balancer without an endpoint here. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const APP = { protocol: 'tcp', port: 8080 } as const

const KUBE_NFT = `table ip kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips {
    type ipv4_addr
    comment "Active ClusterIPs"
    elements = { 10.96.0.1, 10.96.45.6 }
  }
  set nodeport-ips {
    type ipv4_addr
    comment "IPs that accept NodePort traffic"
    elements = { 192.0.2.11 }
  }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { 198.51.100.80 . tcp . 80 comment "sys-ingress-priv/internal:web" : drop }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
    elements = { tcp . 30980 comment "sys-ingress-priv/internal:web" : drop }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.45.6 . tcp . 80 : goto service-2QRHZV4L-default/web/tcp/http, 198.51.100.80 . tcp . 80 : goto external-2QRHZV4L-default/web/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
    elements = { tcp . 30980 : goto external-2QRHZV4L-default/web/tcp/http }
  }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new jump nodeport-endpoints-check
    ct state new jump service-endpoints-check
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
  }
  chain filter-output-post-dnat {
    type filter hook output priority -90; policy accept;
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
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
  chain nodeport-endpoints-check {
    ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
  }
  chain service-endpoints-check {
    ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain cluster-ips-check {
    ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
    ip daddr 10.96.0.0/12 drop comment "Drop traffic to unallocated ClusterIPs"
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain service-2QRHZV4L-default/web/tcp/http {
    ip daddr 10.96.45.6 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-OQHV3KJL-default/web/tcp/http__10.244.2.5/8080 }
  }
  chain external-2QRHZV4L-default/web/tcp/http {
    ip saddr 10.244.0.0/16 goto service-2QRHZV4L-default/web/tcp/http comment "short-circuit pod traffic"
    fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"
    fib saddr type local goto service-2QRHZV4L-default/web/tcp/http comment "short-circuit local traffic"
  }
  chain endpoint-OQHV3KJL-default/web/tcp/http__10.244.2.5/8080 {
    ip saddr 10.244.2.5 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.2.5:8080
  }
}
`

/** A person's own table in place of kube-proxy, and CNI's bridge. */
const OWN_SERVICES = `table ip services {
  map service-ips {
    type ipv4_addr . inet_service : ipv4_addr . inet_service
    elements = { 10.96.0.20 . 80 : 10.10.0.63 . 8080, 10.96.0.21 . 80 : 192.0.2.9 . 80 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    dnat ip to ip daddr . tcp dport map @service-ips
  }
  chain output {
    type nat hook output priority -100; policy accept;
    dnat ip to ip daddr . tcp dport map @service-ips
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.10.0.0/25 oifname "eth0" masquerade
  }
}
`

/** By the plugins cni-nftables-portmap and cni-nftables-firewall. */
const PORTMAP = `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump cni-npo-6a1f0c1f1f6f8b1a2d3e4f5
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump cni-npr-6a1f0c1f1f6f8b1a2d3e4f5
  }
  chain output {
    type nat hook output priority -100; policy accept;
  }
  chain cni-npr-6a1f0c1f1f6f8b1a2d3e4f5 {
    iifname != "mynet0" tcp dport 9090 dnat to 10.88.0.54:9090
  }
  chain cni-npo-6a1f0c1f1f6f8b1a2d3e4f5 {
    iifname "mynet0" ip saddr 10.88.0.54 ip daddr 224.0.0.0/24 counter return
    iifname "mynet0" ip saddr 10.88.0.54 counter masquerade
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump cni-ffw-6a1f0c1f1f6f8b1a2d3e4f5
    oifname "mynet0" ip daddr 10.88.0.54 tcp dport 9090 counter accept
  }
  chain cni-ffw-6a1f0c1f1f6f8b1a2d3e4f5 {
    oifname "mynet0" ip daddr 10.88.0.54 ct state established,related counter accept
    iifname "mynet0" ip saddr 10.88.0.54 counter accept
    iifname "mynet0" ip saddr 10.88.0.53 counter accept
    oifname "mynet0" ip daddr 10.88.0.53 ct state established,related counter accept
    iifname "mynet0" oifname "mynet0" counter accept
  }
}
`

export const SERVICES_ASKED_FROM_THEIR_OWN_BRIDGE: Problem[] = [
  {
    name: 'own-services-of-containers-at-one-bridge-are-answered-past-the-host',
    thread: {
      title: 'bridge: Container<-->Container traffic bypasses host gateway',
      address: 'https://github.com/containernetworking/plugins/issues/508',
    },
    backend: 'nft',
    hosts: {
      outside: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTP], routes: ['10.96.0.0/24 via 192.0.2.1'] },
      host: {
        bridges: { 'cni-bridge': ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], 'cni-bridge': ['10.10.0.1/25'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: { nft: OWN_SERVICES },
      },
      c1: { addresses: { eth0: ['10.10.0.62/25'] }, routes: ['default via 10.10.0.1'] },
      c2: { addresses: { eth0: ['10.10.0.63/25'] }, routes: ['default via 10.10.0.1'], listeners: [APP, SSH] },
    },
    links: [
      ['outside:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '10.96.0.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '10.96.0.21', port: 80 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.96.0.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.10.0.63', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Both containers are on one bridge: the server replies to the client by the bridge, with its own address, past conntrack, so the client gets a reply from an address that it did not ask.',
      causes: [
        { code: 'not-masqueraded' },
        { code: 'bridge-nf-call' },
        { rule: 'map @service-ips', chain: 'ip services prerouting' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'nft add rule ip services postrouting ip saddr 10.10.0.0/25 ip daddr 10.10.0.0/25 ct status dnat masquerade',
      ],
    ],
  },
  {
    name: 'portmap-leaves-out-what-comes-from-its-own-bridge',
    thread: {
      title: 'No access from container to container via host ip',
      address: 'https://github.com/greenpau/cni-plugins/issues/17',
    },
    backend: 'nft',
    hosts: {
      outside: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.88.0.0/24 via 192.0.2.1'] },
      host: {
        bridges: { mynet0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], mynet0: ['10.88.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.route_localnet': '1' },
        listeners: [SSH],
        rules: { nft: PORTMAP },
      },
      agent: { addresses: { eth0: ['10.88.0.53/24'] }, routes: ['default via 10.88.0.1'] },
      prometheus: {
        addresses: { eth0: ['10.88.0.54/24'] },
        routes: ['default via 10.88.0.1'],
        listeners: [SSH, { protocol: 'tcp', port: 9090 }],
      },
    },
    links: [
      ['outside:eth0', 'host:eth0'],
      ['host:veth1', 'agent:eth0'],
      ['host:veth2', 'prometheus:eth0'],
    ],
    traced: 'host',
    fails: { from: 'agent', what: 'tcp', to: '192.0.2.1', port: 9090 },
    seen: 'refused',
    others: [
      { sending: { from: 'outside', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'answered' },
      { sending: { from: 'agent', what: 'tcp', to: '10.88.0.54', port: 9090 }, seen: 'answered' },
      { sending: { from: 'agent', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '10.88.0.54', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule of the host port leaves out what comes from the containers' own bridge: the host itself is asked, where nothing listens on the port.",
      causes: [{ rule: 'iifname != "mynet0" tcp dport 9090', chain: 'ip nat cni-npr-6a1f0c1f1f6f8b1a2d3e4f5' }],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [
      [
        'host',
        `nft add rule ip nat cni-npr-6a1f0c1f1f6f8b1a2d3e4f5 ip daddr 192.0.2.1 tcp dport 9090 dnat to 10.88.0.54:9090
nft add rule ip nat cni-npo-6a1f0c1f1f6f8b1a2d3e4f5 ip saddr 10.88.0.0/24 ip daddr 10.88.0.54 ct status dnat masquerade`,
      ],
    ],
  },
  {
    name: 'healthy-kube-proxy-short-circuits-a-pod-where-no-endpoint-is',
    thread: {
      title: 'nftables short-circuit local traffic to external addresses',
      address: 'https://github.com/kubernetes/kubernetes/pull/132456',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['198.51.100.80/32 via 192.0.2.11', '10.244.2.0/24 via 192.0.2.12', '10.244.1.0/24 via 192.0.2.11'],
      },
      node: {
        addresses: { eth0: ['192.0.2.11/24'], veth1: ['10.244.1.1/24'] },
        routes: ['default via 192.0.2.9', '10.244.2.0/24 via 192.0.2.12'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: KUBE_NFT },
      },
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      // the other node, and the endpoint on it
      far: {
        addresses: { eth0: ['192.0.2.12/24'], lo: ['10.244.2.5/32'] },
        routes: ['10.244.1.0/24 via 192.0.2.11'],
        listeners: [APP],
      },
    },
    links: [
      ['node:veth1', 'pod:eth0'],
      ['node:eth0', 'switch:p1'],
      ['far:eth0', 'switch:p2'],
      ['client:eth0', 'switch:p3'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '198.51.100.80', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.45.6', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '198.51.100.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.11', port: 30980 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.11', port: 22 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
]
