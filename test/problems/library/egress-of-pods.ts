/** The address that pods leave with, from threads: a rule has that of a pod that is gone, and a masquerade does not look at the route. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const KUBE_VIP_CHAIN = 'kube_vip_snat_be6f8686-b88a-4313-a1d2-ffeba4d9732d'
const CLUSTER = 'fd00:10:244::-fd00:10:244:ff:ffff:ffff:ffff:ffff'

const podsOf = (last: string) => ({
  addresses: { eth0: [`fd00:10:244:1::${last}/64`] },
  routes: ['default via fd00:10:244:1::1'],
  listeners: [{ protocol: 'tcp', port: 8080, address: '::' }] as const,
})

export const EGRESS_OF_PODS: Problem[] = [
  {
    name: 'kube-vip-translates-the-pod-that-is-gone',
    thread: {
      title: "Egress SNAT rule doesn't update on targeted pod IP change",
      address: 'https://github.com/kube-vip/kube-vip/issues/1428',
    },
    backend: 'nft',
    hosts: {
      partner: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        listeners: [
          { protocol: 'tcp', port: 443, address: '::' },
          { protocol: 'udp', port: 514, address: '::' },
        ],
      },
      node: {
        bridges: { cni0: ['veth1', 'veth2'] },
        addresses: {
          eth0: ['2001:db8:f::1/64', '2001:db8:f::64/128', '2001:db8:f::65/128'],
          cni0: ['fd00:10:244:1::1/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "cni0" } accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 6443, 10250 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname "cni0" accept
  }
}
table ip6 kube-proxy {
  map service-ips {
    type ipv6_addr . inet_proto . inet_service : verdict
    elements = { fd00:10:96::50 . tcp . 80 : goto service-2QRHZV4L-default/sip-web/tcp/http,
                 2001:db8:f::64 . tcp . 80 : goto external-2QRHZV4L-default/sip-web/tcp/http }
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
    ip6 daddr . meta l4proto . th dport vmap @service-ips
  }
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain external-2QRHZV4L-default/sip-web/tcp/http {
    ip6 saddr fd00:10:244::/56 goto service-2QRHZV4L-default/sip-web/tcp/http
    goto endpoint-OEW4M3Y5-default/sip-web/tcp/http__fd00.10.244.1..17/8080
  }
  chain service-2QRHZV4L-default/sip-web/tcp/http {
    ip6 daddr fd00:10:96::50 tcp dport 80 ip6 saddr != fd00:10:244::/56 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-OEW4M3Y5-default/sip-web/tcp/http__fd00.10.244.1..17/8080 }
  }
  chain endpoint-OEW4M3Y5-default/sip-web/tcp/http__fd00.10.244.1..17/8080 {
    ip6 saddr fd00:10:244:1::17 jump mark-for-masquerade
    meta l4proto tcp dnat to [fd00:10:244:1::17]:8080
  }
}
table ip6 kube_vip_v6 {
  chain ${KUBE_VIP_CHAIN} {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr { fd00:10:244:1::b } ip6 daddr != ${CLUSTER} snat to 2001:db8:f::64
  }
  chain kube_vip_snat_0bb2d6e4-eb72-41d0-8468-687a876b0a47 {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr { fd00:10:244:1::20 } ip6 daddr != ${CLUSTER} snat to 2001:db8:f::65
  }
}
`,
        },
      },
      pod: podsOf('17'),
      other: podsOf('20'),
    },
    links: [
      ['partner:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
      ['node:veth2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'other', what: 'udp', to: '2001:db8:f::9', port: 514 }, seen: 'answered' },
      { sending: { from: 'partner', what: 'tcp', to: '2001:db8:f::64', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: 'fd00:10:96::50', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that gives the pod the address of its service still names the address of the pod before it: the new one leaves with its own, to which nobody outside has a route.',
      causes: [
        { rule: 'fd00:10:244:1::b', chain: `ip6 kube_vip_v6 ${KUBE_VIP_CHAIN}` },
        { chain: `ip6 kube_vip_v6 ${KUBE_VIP_CHAIN}` },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'node',
        `nft add rule ip6 kube_vip_v6 ${KUBE_VIP_CHAIN} ip6 saddr { fd00:10:244:1::17 } ip6 daddr != ${CLUSTER} snat to 2001:db8:f::64`,
      ],
    ],
  },
  {
    name: 'podman-masquerade-takes-no-source-from-the-route',
    thread: {
      title: 'Let netfilter handle NAT',
      address: 'https://github.com/podman-container-tools/podman/issues/22542',
    },
    backend: 'nft',
    hosts: {
      resolver: {
        addresses: { eth0: ['2001:db8:fe::11/64'] },
        routes: ['2001:db8:5::/48 via 2001:db8:fe::1'],
      },
      pop: {
        addresses: { eth0: ['2001:db8:fe::1/64'], gre1: ['2001:db8:aa::1/64', '192.0.2.9/24'] },
        routes: ['2001:db8:5::/48 via 2001:db8:aa::2'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 123 }],
      },
      host: {
        bridges: { podman1: ['veth0'] },
        addresses: {
          tunnel0: ['2001:db8:aa::2/64', '192.0.2.1/24'],
          lo: ['2001:db8:5::1/128'],
          podman1: ['10.89.0.1/24', 'fd10:89::1/64'],
        },
        routes: ['2001:db8:fe::11/128 via 2001:db8:aa::1 dev tunnel0 src 2001:db8:5::1', 'default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept
    ip6 saddr fd10:89::/64 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
    ip6 daddr fd10:89::/64 ct state established,related accept
    ip6 saddr fd10:89::/64 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 10.89.0.0/24 jump nv_2f259bab_10_89_0_0_nm24
    ip6 saddr fd10:89::/64 jump nv_2f259bab_fd10_89_0_0_nm64
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
    tcp dport 8080 jump nv_2f259bab_10_89_0_0_nm24_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
  }
  chain nv_2f259bab_10_89_0_0_nm24 {
    ip daddr 10.89.0.0/24 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
  chain nv_2f259bab_fd10_89_0_0_nm64 {
    ip6 daddr fd10:89::/64 accept
    ip6 daddr != ff00::/8 masquerade
  }
  chain nv_2f259bab_10_89_0_0_nm24_dnat {
    ip saddr 10.89.0.0/24 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    ip saddr 127.0.0.1 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip to 10.89.0.2:80
  }
}
`,
        },
      },
      c1: {
        addresses: { eth0: ['10.89.0.2/24', 'fd10:89::2/64'] },
        routes: ['default via 10.89.0.1', 'default via fd10:89::1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['resolver:eth0', 'pop:eth0'],
      ['pop:gre1', 'host:tunnel0'],
      ['host:veth0', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'ping', to: '2001:db8:fe::11' },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'ping', to: '2001:db8:fe::11' }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '2001:db8:aa::1' }, seen: 'answered' },
      { sending: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 123 }, seen: 'answered' },
      { sending: { from: 'pop', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The route has a source of its own, and the masquerade does not look at that: it takes the tunnel's address, to which the other side has no route back.",
      causes: [
        { rule: 'masquerade', chain: 'inet netavark nv_2f259bab_fd10_89_0_0_nm64' },
        { code: 'snat-changed-source', words: ['2001:db8:aa::2'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'nft insert rule inet netavark nv_2f259bab_fd10_89_0_0_nm64 ip6 daddr 2001:db8:fe::11 snat ip6 to 2001:db8:5::1',
      ],
    ],
  },
]
