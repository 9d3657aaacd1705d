/** By nft, from threads: a balancer's source ranges and the node itself; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { ...SSH, address: '::' } as const

export const THREADS_AU_MORE: Problem[] = [
  {
    name: 'kube-source-ranges-of-a-balancer-leave-the-node-out',
    thread: {
      title: "Can't restrict access from K8s nodes with loadBalancerSourceRanges for proxy-mode=ipvs",
      address: 'https://github.com/kubernetes/kubernetes/issues/119656',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth1: ['fd00::c0a8:203/112'] }, routes: ['2001:db8:1b::/64 via fd00::c0a8:101'] },
      node: {
        addresses: { eth1: ['fd00::c0a8:101/112'], cni0: ['fd00:10:244::1/64'] },
        bridges: { cni0: ['veth1'] },
        sysctls: FORWARDS,
        listeners: [SSH6],
        rules: {
          nft: `table ip6 kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips {
    type ipv6_addr
    comment "Active ClusterIPs"
    elements = { fd00:10:96::1, fd00:10:96::a, fd00:10:96::5001 }
  }
  set nodeport-ips {
    type ipv6_addr
    comment "IPs that accept NodePort traffic"
    elements = { fd00::c0a8:101 }
  }
  map no-endpoint-services {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { fd00:10:96::a . tcp . 9153 comment "kube-system/kube-dns:metrics" : goto reject-chain }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
  }
  map firewall-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "destinations that are subject to LoadBalancerSourceRanges"
    elements = { 2001:db8:1b::10 . tcp . 5001 comment "default/alpine:nc" : goto firewall-7XLRTZTP-default/alpine/tcp/nc }
  }
  map service-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { fd00:10:96::5001 . tcp . 5001 comment "default/alpine:nc" : goto service-7XLRTZTP-default/alpine/tcp/nc,
         2001:db8:1b::10 . tcp . 5001 comment "default/alpine:nc" : goto external-7XLRTZTP-default/alpine/tcp/nc }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
  }
  chain cluster-ips-check {
    ip6 daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
    ip6 daddr fd00:10:96::/112 drop comment "Drop traffic to unallocated ClusterIPs"
  }
  chain firewall-check {
    ip6 daddr . meta l4proto . th dport vmap @firewall-ips
  }
  chain filter-prerouting-pre-dnat {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new jump firewall-check
  }
  chain filter-output-pre-dnat {
    type filter hook output priority -110; policy accept;
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
    ip6 daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
  }
  chain service-endpoints-check {
    ip6 daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain services {
    ip6 daddr . meta l4proto . th dport vmap @service-ips
    ip6 daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
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
    reject
  }
  chain firewall-7XLRTZTP-default/alpine/tcp/nc {
    ip6 saddr != fd00::c0a8:200/120 drop comment "default/alpine:nc"
  }
  chain service-7XLRTZTP-default/alpine/tcp/nc {
    ip6 daddr fd00:10:96::5001 tcp dport 5001 ip6 saddr != fd00:10:244::/56 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-2Q5KVBHV-default/alpine/tcp/nc__fd00.10.244..2/5001 }
  }
  chain external-7XLRTZTP-default/alpine/tcp/nc {
    jump mark-for-masquerade
    goto service-7XLRTZTP-default/alpine/tcp/nc
  }
  chain endpoint-2Q5KVBHV-default/alpine/tcp/nc__fd00.10.244..2/5001 {
    ip6 saddr fd00:10:244::2 jump mark-for-masquerade
    meta l4proto tcp dnat to [fd00:10:244::2]:5001
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:244::2/64'] },
        routes: ['default via fd00:10:244::1'],
        listeners: [{ protocol: 'tcp', port: 5001, address: '::' }],
      },
    },
    links: [
      ['client:eth1', 'node:eth1'],
      ['pod:eth0', 'node:veth1'],
    ],
    traced: 'node',
    setup: [['node', 'ip -6 route add default via fd00::c0a8:203']],
    fails: { from: 'node', what: 'tcp', to: '2001:db8:1b::10', port: 5001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1b::10', port: 5001 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:96::5001', port: 5001 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1b::10', port: 5001 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00::c0a8:101', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The balancer's source ranges are fd00::c0a8:200/120. The node asks from an address of its own, which is in none of them: kube-proxy drops it.",
      causes: [
        { rule: 'ip6 saddr !=', chain: 'ip6 kube-proxy firewall-7XLRTZTP-default/alpine/tcp/nc' },
        { chain: 'ip6 kube-proxy firewall-7XLRTZTP-default/alpine/tcp/nc' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'nft insert rule ip6 kube-proxy firewall-7XLRTZTP-default/alpine/tcp/nc ip6 saddr fd00::c0a8:101 return',
      ],
    ],
  },
  {
    name: 'healthy-bouncer-bans-for-the-host-and-a-published-port-is-forwarded',
    thread: {
      title: 'cant get the bouncer to block crowdsec decisions',
      address: 'https://github.com/crowdsecurity/home-assistant-addons/issues/31',
    },
    backend: 'nft',
    hosts: {
      banned: { addresses: { eth0: ['203.0.113.66/24'] } },
      host: {
        addresses: { enp1s0: ['203.0.113.1/24'], hassio: ['172.30.32.1/23'] },
        bridges: { hassio: ['veth1'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip crowdsec {
  set crowdsec-blacklists {
    type ipv4_addr
    flags timeout
    elements = { 203.0.113.66 timeout 4h, 198.51.100.7 timeout 4h, 198.51.100.61 timeout 1h }
  }
  chain crowdsec-chain {
    type filter hook input priority filter - 10; policy accept;
    ip saddr @crowdsec-blacklists drop
  }
}
table ip6 crowdsec6 {
  set crowdsec6-blacklists {
    type ipv6_addr
    flags timeout
  }
  chain crowdsec6-chain {
    type filter hook input priority filter - 10; policy accept;
    ip6 saddr @crowdsec6-blacklists drop
  }
}
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "hassio" ip saddr 172.30.32.0/23 counter masquerade
    ip saddr 172.30.33.2 ip daddr 172.30.33.2 tcp dport 8123 counter masquerade
  }
  chain DOCKER {
    iifname "hassio" counter return
    iifname != "hassio" tcp dport 8123 counter dnat to 172.30.33.2:8123
  }
}
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-ISOLATION-STAGE-1
    oifname "hassio" ct state related,established counter accept
    oifname "hassio" counter jump DOCKER
    iifname "hassio" oifname != "hassio" counter accept
    iifname "hassio" oifname "hassio" counter accept
  }
  chain DOCKER {
    iifname != "hassio" oifname "hassio" ip daddr 172.30.33.2 tcp dport 8123 counter accept
  }
  chain DOCKER-ISOLATION-STAGE-1 {
    iifname "hassio" oifname != "hassio" counter jump DOCKER-ISOLATION-STAGE-2
    counter return
  }
  chain DOCKER-ISOLATION-STAGE-2 {
    oifname "hassio" counter drop
    counter return
  }
  chain DOCKER-USER {
    counter return
  }
}
`,
        },
      },
      homeassistant: {
        addresses: { eth0: ['172.30.33.2/23'] },
        routes: ['default via 172.30.32.1'],
        listeners: [{ protocol: 'tcp', port: 8123 }],
      },
    },
    links: [
      ['banned:eth0', 'host:enp1s0'],
      ['homeassistant:eth0', 'host:veth1'],
    ],
    traced: 'host',
    fails: { from: 'banned', what: 'tcp', to: '203.0.113.1', port: 8123 },
    seen: 'answered',
    others: [
      { sending: { from: 'banned', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'homeassistant', what: 'ping', to: '203.0.113.66' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The packet gets there: the ban hooks input alone, and docker has the packet forwarded. Nothing that the rules say stops it.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
]
