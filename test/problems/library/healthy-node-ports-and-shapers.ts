/** Rules that read as if they would stop something and do not, from threads: a firewall at input for what is forwarded, a shaper's drops above its rates. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const HEALTHY_NODE_PORTS_AND_SHAPERS: Problem[] = [
  {
    name: 'talos-filters-a-node-port-at-input-and-it-is-forwarded',
    thread: {
      title: 'fix: make ingress firewall filter traffic to nodeports',
      address: 'https://github.com/siderolabs/talos/pull/10354',
    },
    backend: 'nft',
    hosts: {
      outside: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['203.0.113.1/24'], cni0: ['10.244.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'tcp', port: 10250 }, { protocol: 'tcp', port: 50000 }],
        rules: {
          nft: `table inet talos {
  chain ingress {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "siderolink", "kubespan" } counter accept
    ct state { established, related } counter accept
    ct state invalid counter drop
    meta l4proto icmp limit rate 5/second burst 5 packets counter accept
    meta l4proto ipv6-icmp limit rate 5/second burst 5 packets counter accept
    ip saddr { 10.244.0.0/16 } counter accept
    ip saddr { 203.0.113.0/29 } tcp dport 10250 counter accept
    tcp dport 50000 counter accept
    ip saddr { 203.0.113.0/29 } tcp dport 30000-32767 counter accept
  }
}
table ip kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips {
    type ipv4_addr
    comment "Active ClusterIPs"
    elements = { 10.96.0.1, 10.96.45.6 }
  }
  set nodeport-ips {
    type ipv4_addr
    comment "IPs that accept NodePort traffic"
    elements = { 203.0.113.1 }
  }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
  }
  map firewall-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "destinations that are subject to LoadBalancerSourceRanges"
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.45.6 . tcp . 80 : goto service-2QRHZV4L-default/web/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
    elements = { tcp . 30080 : goto external-2QRHZV4L-default/web/tcp/http }
  }
  chain filter-prerouting-pre-dnat {
    type filter hook prerouting priority -110; policy accept;
    ct state new jump firewall-check
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
  chain firewall-check {
    ip daddr . meta l4proto . th dport vmap @firewall-ips
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
  chain external-2QRHZV4L-default/web/tcp/http {
    jump mark-for-masquerade
    goto service-2QRHZV4L-default/web/tcp/http
  }
  chain service-2QRHZV4L-default/web/tcp/http {
    ip daddr 10.96.45.6 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-OQHV3KJL-default/web/tcp/http__10.244.1.5/8080 }
  }
  chain endpoint-OQHV3KJL-default/web/tcp/http__10.244.1.5/8080 {
    ip saddr 10.244.1.5 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.1.5:8080
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.1.5/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['outside:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'outside', what: 'tcp', to: '203.0.113.1', port: 30080 },
    seen: 'answered',
    others: [
      { sending: { from: 'outside', what: 'tcp', to: '203.0.113.1', port: 10250 }, seen: 'nothing' },
      { sending: { from: 'outside', what: 'tcp', to: '203.0.113.1', port: 30081 }, seen: 'nothing' },
      { sending: { from: 'outside', what: 'tcp', to: '203.0.113.1', port: 50000 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.96.45.6', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.1', port: 30080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing stops it: kube-proxy sends the node port on to a pod in prerouting, so the packet is forwarded, and the firewall at input, which names the node ports, never sees it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
  {
    name: 'qosmate-drops-acks-above-rates-that-nobody-reaches',
    thread: {
      title: 'Game packets not redirected to pfifo real time gaming and bulk issue.',
      address: 'https://github.com/hudra0/qosmate/issues/65',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "lan" oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
table inet dscptag {
  set xfst4ack {
    typeof ct id . ct direction
    size 65535
    flags dynamic,timeout
    timeout 5m
  }
  set slow4ack {
    typeof ct id . ct direction
    size 65535
    flags dynamic,timeout
    timeout 5m
  }
  set udp_meter4 {
    type ipv4_addr . inet_service
    size 65535
    flags dynamic,timeout
    timeout 5m
  }
  chain mark_cs0 {
    ip dscp set cs0 return
    ip6 dscp set cs0
  }
  chain mark_cs1 {
    ip dscp set cs1 return
    ip6 dscp set cs1
  }
  chain mark_af42 {
    ip dscp set af42 return
    ip6 dscp set af42
  }
  chain drop995 {
    numgen random mod 1000 < 995 drop
  }
  chain drop50 {
    numgen random mod 1000 < 500 drop
  }
  chain dscptag {
    type filter hook forward priority filter; policy accept;
    iif "lo" accept
    counter jump mark_cs0
    meta l4proto udp ct original proto-src { 6881-6889, 51413 } counter jump mark_cs1
    meta l4proto tcp ct original proto-dst { 6881-6889, 51413 } counter jump mark_cs1
    meta length < 100 tcp flags ack add @xfst4ack { ct id . ct direction limit rate over 150000/second burst 5 packets } counter jump drop995
    meta length < 100 tcp flags ack add @slow4ack { ct id . ct direction limit rate over 1500/second burst 5 packets } counter jump drop50
    meta l4proto udp ip dscp < cs1 add @udp_meter4 { ip saddr . udp sport limit rate over 450/second burst 5 packets } counter jump mark_cs0
    meta l4proto tcp ct bytes > 20971520 ip dscp != cs1 counter jump mark_cs1
    ip daddr 203.0.113.9 udp dport 27015 counter jump mark_af42
    meta priority set ip dscp map { cs0 : 1:13, cs1 : 1:15, af42 : 1:11 } counter
  }
}
`,
        },
      },
      {
        remote: { listeners: [...WEB, { protocol: 'udp', port: 27015 }] },
        pc: { listeners: [SSH] },
      },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 27015, bytes: 60 },
    seen: 'answered',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: 'Nothing is wrong: the shaper marks the game, and its drops are for rates above any here.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
