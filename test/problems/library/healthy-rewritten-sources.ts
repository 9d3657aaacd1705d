/** Sources that are rewritten, and look wrong, but are right: a guest that reaches itself by the host's address, and a pod that a service takes for its source although the node masquerades it. */
import { bridged } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** LXD's table, with what a proxy device with nat=true adds for c1. */
const LXD = `table inet lxd {
  chain pstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.188.132.0/24 ip daddr != 10.188.132.0/24 masquerade
  }
  chain fwd.lxdbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "lxdbr0" accept
    ip version 4 iifname "lxdbr0" accept
  }
  chain in.lxdbr0 {
    type filter hook input priority filter; policy accept;
    iifname "lxdbr0" tcp dport 53 accept
    iifname "lxdbr0" udp dport 53 accept
    iifname "lxdbr0" udp dport 67 accept
  }
  chain proxynat.prert.c1.proxy-http {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 192.0.2.1 tcp dport 80 dnat ip to 10.188.132.2:80
  }
  chain proxynat.out.c1.proxy-http {
    type nat hook output priority -100; policy accept;
    ip daddr 192.0.2.1 tcp dport 80 dnat ip to 10.188.132.2:80
  }
  chain proxynat.pstrt.c1.proxy-http {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.188.132.2 ip daddr 10.188.132.2 tcp dport 80 masquerade
  }
}
`

/** kube-proxy's, of a balanced service with loadBalancerSourceRanges. */
const RANGES = `table ip kube-proxy {
  map firewall-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 203.0.113.80 . tcp . 5678 : goto firewall-5OJ5X2JX-vote/vote-lb/tcp/ }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 203.0.113.80 . tcp . 5678 : goto external-5OJ5X2JX-vote/vote-lb/tcp/,
      10.96.1.75 . tcp . 5678 : goto service-5OJ5X2JX-vote/vote-lb/tcp/ }
  }
  chain firewall-check {
    ip daddr . meta l4proto . th dport vmap @firewall-ips
  }
  chain firewall-5OJ5X2JX-vote/vote-lb/tcp/ {
    ip saddr != { 10.244.1.2, 198.51.100.0/24 } drop
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain external-5OJ5X2JX-vote/vote-lb/tcp/ {
    jump mark-for-masquerade
    goto service-5OJ5X2JX-vote/vote-lb/tcp/
  }
  chain service-5OJ5X2JX-vote/vote-lb/tcp/ {
    ip daddr 10.96.1.75 tcp dport 5678 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-PK4JVNRU-vote/vote-lb/tcp/__192.0.2.9/80 }
  }
  chain endpoint-PK4JVNRU-vote/vote-lb/tcp/__192.0.2.9/80 {
    ip saddr 192.0.2.9 jump mark-for-masquerade
    meta l4proto tcp dnat to 192.0.2.9:80
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain filter-prerouting-pre-dnat {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new jump firewall-check
  }
  chain filter-output-pre-dnat {
    type filter hook output priority -110; policy accept;
    ct state new jump firewall-check
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
}
`

export const HEALTHY_REWRITTEN_SOURCES: Problem[] = [
  {
    name: 'healthy-lxd-container-reaches-itself-by-the-address-of-its-host',
    thread: {
      title: 'Proxy does not forward the traffic internally to the container',
      address: 'https://github.com/canonical/lxd/issues/7205',
    },
    backend: 'nft',
    ...bridged('lxdbr0', '10.188.132.1/24', { listeners: [SSH], rules: { nft: LXD } }),
    setup: [['host', 'bridge link set dev veth1 hairpin on']],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
  {
    name: 'healthy-source-range-is-asked-before-the-pod-is-masqueraded',
    thread: {
      title: 'Need tests of KUBE-MARK-DROP',
      address: 'https://github.com/kubernetes/kubernetes/issues/85572',
    },
    backend: 'nft',
    ...bridged('cbr0', '10.244.1.1/24', { listeners: [SSH], rules: { nft: RANGES } }),
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.80', port: 5678 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.80', port: 5678 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: HEALTHY,
    mend: [['host', 'true']],
  },
]
