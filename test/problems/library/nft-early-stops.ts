/** What nft stops before or beside the chains that one looks at, from threads: at a device's ingress, at a map of kube-proxy's. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const NFT_EARLY_STOPS: Problem[] = [
  {
    name: 'ingress-hardening-drops-the-fragments-of-replies',
    thread: {
      title: '[WIP] Added netdev table rule management',
      address: 'https://github.com/ipr-cnrs/nftables/pull/26',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.2/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  set blackhole {
    type ipv4_addr
    flags interval
  }
  set in_tcp_accept {
    type inet_service
    flags interval
    elements = { 22, 443 }
  }
  set in_udp_accept {
    type inet_service
    flags interval
  }
  set out_tcp_accept {
    type inet_service
    flags interval
    elements = { 53, 80, 443, 11371 }
  }
  set out_udp_accept {
    type inet_service
    flags interval
    elements = { 53, 67, 123 }
  }
  chain global {
    ct state established,related accept
    ct state invalid drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    jump global
    iif "lo" accept
    meta l4proto icmp accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, echo-request } accept
    ip6 daddr ff02::fb udp dport 5353 counter accept
    ip daddr 224.0.0.251 udp dport 5353 counter accept
    ip saddr @blackhole counter drop
    udp dport @in_udp_accept ct state new accept
    tcp dport @in_tcp_accept ct state new accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy drop;
    jump global
    oif "lo" accept
    meta l4proto icmp accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, echo-request } accept
    ip6 daddr ff02::16 accept
    udp dport @out_udp_accept ct state new accept
    tcp dport @out_tcp_accept ct state new accept
  }
}
table netdev filter {
  chain ingress {
    type filter hook ingress device "eth0" priority -500; policy accept;
    ip frag-off & 0x1fff != 0 counter drop
    tcp flags & (fin | syn | rst | psh | ack | urg) == fin | syn | rst | psh | ack | urg counter drop
    tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0 counter drop
    tcp flags syn tcp option maxseg size 1-535 counter drop
  }
}
`,
        },
      },
      resolver: { addresses: { eth0: ['192.0.2.1/24'] }, listeners: [{ protocol: 'udp', port: 123 }] },
    },
    links: [['server:eth0', 'resolver:eth0']],
    traced: 'server',
    setup: [
      [
        'resolver',
        `setsid python3 -c "
import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
s.bind(('0.0.0.0',53))
while True:
  d,a=s.recvfrom(2048)
  s.sendto(bytes(2000),a)
" >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -Hlun sport = :53 | grep -q . && exit 0; sleep 0.1; done; exit 1`,
      ],
    ],
    fails: { from: 'server', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '192.0.2.1', port: 123 }, seen: 'answered' },
      { sending: { from: 'resolver', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "A long reply comes in fragments, and all but the first are dropped at the device's ingress, before any chain of inet: the reply is never put together.",
      causes: [{ rule: 'ip frag-off', chain: 'netdev filter ingress' }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['server', 'nft flush chain netdev filter ingress']],
  },
  {
    name: 'kube-nft-rejects-the-loopback-port-that-is-proxied-now',
    thread: {
      title: "Localhost nodeport nftables proxy doesn't flip to enabled when conditions are met during proxy restart",
      address: 'https://github.com/kubernetes/kubernetes/issues/142183',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.244.1.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', address: '127.0.0.1', port: 30080 }],
        rules: {
          nft: `table ip kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips {
    type ipv4_addr
    comment "Active ClusterIPs"
    elements = { 10.96.0.1, 10.96.0.10, 10.96.44.7 }
  }
  set nodeport-ips {
    type ipv4_addr
    comment "IPs that accept NodePort traffic"
    elements = { 192.0.2.1 }
  }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { 10.96.0.10 . tcp . 9153 comment "kube-system/kube-dns:metrics" : goto reject-chain }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
  }
  map localhost-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to reject packets to service nodeports on loopback addresses"
    elements = { tcp . 30080 comment "default/web:http" : goto reject-chain,
                 udp . 30053 comment "default/dns:dns" : goto reject-chain }
  }
  map firewall-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "destinations that are subject to LoadBalancerSourceRanges"
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.44.7 . tcp . 80 : goto service-42NFTM6N-default/web/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
    elements = { tcp . 30080 : goto external-42NFTM6N-default/web/tcp/http }
  }
  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
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
  chain filter-output {
    type filter hook output priority -110; policy accept;
    ct state new jump service-endpoints-check
    ct state new jump firewall-check
  }
  chain filter-output-post-dnat {
    type filter hook output priority -90; policy accept;
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
  chain cluster-ips-check {
    ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
    ip daddr 10.96.0.0/12 drop comment "Drop traffic to unallocated ClusterIPs"
  }
  chain nodeport-endpoints-check {
    ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
    ip daddr 127.0.0.0/8 meta l4proto . th dport vmap @localhost-nodeports
  }
  chain service-endpoints-check {
    ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain firewall-check {
    ip daddr . meta l4proto . th dport vmap @firewall-ips
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
  chain reject-chain {
    reject comment "helper for @no-endpoint-services / @no-endpoint-nodeports"
  }
  chain service-42NFTM6N-default/web/tcp/http {
    ip daddr 10.96.44.7 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-OQW3M7PD-default/web/tcp/http__10.244.1.5/8080 }
  }
  chain external-42NFTM6N-default/web/tcp/http {
    jump mark-for-masquerade
    goto service-42NFTM6N-default/web/tcp/http
  }
  chain endpoint-OQW3M7PD-default/web/tcp/http__10.244.1.5/8080 {
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
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '127.0.0.1', port: 30080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.96.44.7', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '127.0.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'kube-proxy has been told to serve node ports on loopback and listens there, but its map still has the element that rejects them from the time when it was not.',
      causes: [
        { rule: '@localhost-nodeports', chain: 'ip kube-proxy nodeport-endpoints-check' },
        { rule: 'reject comment', chain: 'ip kube-proxy reject-chain' },
      ],
      status: ['rejected'],
    },
    mend: [['node', "nft delete element ip kube-proxy localhost-nodeports '{ tcp . 30080 }'"]],
  },
]
