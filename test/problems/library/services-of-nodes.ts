/** kube-proxy's services with nftables, asked by an address or an interface that its rules do not have in mind, from threads of kube-proxy and MetalLB. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const APP = { protocol: 'tcp', port: 8080 } as const

/** kube-proxy's table in its nftables mode, with the service default/web at 10.96.45.6:80 and the pod 10.244.1.5:8080. */
const kubeProxy = (more: {
  sets: string
  ips?: string
  nodePorts?: string
  external: string
  masquerades: string
}) => `table ip kube-proxy {
  comment "rules for kube-proxy"
  set cluster-ips {
    type ipv4_addr
    comment "Active ClusterIPs"
    elements = { 10.96.0.1, 10.96.0.10, 10.96.45.6 }
  }
${more.sets}  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
    elements = { 10.96.0.10 . udp . 53 comment "kube-system/kube-dns:dns" : goto reject-chain }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to service nodeports with no endpoints"
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.96.45.6 . tcp . 80 : goto service-2QRHZV4L-default/web/tcp/http${more.ips ?? ''} }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
${more.nodePorts ?? ''}  }
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
  chain firewall-check {
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
  chain reject-chain {
    reject
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
    numgen random mod 1 vmap { 0 : goto endpoint-OQHV3KJL-default/web/tcp/http__10.244.1.5/8080 }
  }
${more.external}  chain endpoint-OQHV3KJL-default/web/tcp/http__10.244.1.5/8080 {
    ip saddr 10.244.1.5 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.1.5:8080
  }
}
${more.masquerades}`

const KINDNET = `table inet kindnet-ipmasq {
  set noMasqV4 {
    type ipv4_addr
    flags interval
    elements = { 10.244.0.0/16 }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 10; policy accept;
    fib daddr type local accept
    ip saddr != 10.244.0.0/16 return
    ip daddr @noMasqV4 return
    masquerade
  }
}
`
const NODEPORT_IPS = (address: string) => `  set nodeport-ips {
    type ipv4_addr
    comment "IPs that accept NodePort traffic"
    elements = { ${address} }
  }
`

export const SERVICES_OF_NODES: Problem[] = [
  {
    name: 'metallb-service-replies-by-the-first-interface',
    thread: {
      title: 'Does not send responses on proper interface',
      address: 'https://github.com/metallb/metallb/issues/533',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['10.42.0.9/16'] }, routes: ['default via 10.42.0.1'], listeners: [HTTPS] },
      // takes from each network its own addresses alone
      router: {
        addresses: { lan: ['10.42.0.1/16'], eth0: ['10.45.0.1/16'], vlan17: ['10.46.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip saddr != 10.45.0.0/16 drop; iifname "vlan17" ip saddr != 10.46.0.0/16 drop; }\n}\n',
        },
      },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['10.45.0.11/16'], vlan17: ['10.46.0.11/16'], cni0: ['10.244.1.1/24'] },
        routes: ['default via 10.45.0.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: kubeProxy({
            sets: NODEPORT_IPS('10.45.0.11'),
            ips: ', 10.46.200.0 . tcp . 80 : goto external-2QRHZV4L-default/web/tcp/http',
            nodePorts: '    elements = { tcp . 31680 : goto external-2QRHZV4L-default/web/tcp/http }\n',
            external: `  chain external-2QRHZV4L-default/web/tcp/http {
    ip saddr 10.244.0.0/16 goto service-2QRHZV4L-default/web/tcp/http comment "short-circuit pod traffic"
    fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"
    fib saddr type local goto service-2QRHZV4L-default/web/tcp/http comment "short-circuit local traffic"
    numgen random mod 1 vmap { 0 : goto endpoint-OQHV3KJL-default/web/tcp/http__10.244.1.5/8080 }
  }
`,
            masquerades: KINDNET,
          }),
        },
      },
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [APP] },
    },
    links: [
      ['client:eth0', 'router:lan'],
      ['router:eth0', 'node:eth0'],
      ['router:vlan17', 'node:vlan17'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    // the speaker answers for the service's address; here the router knows it
    setup: [
      ['node', 'ip link set vlan17 address 02:46:00:00:00:11'],
      [
        'router',
        'ip neigh replace 10.46.200.0 lladdr 02:46:00:00:00:11 dev vlan17 nud permanent; ip neigh replace 10.46.0.11 lladdr 02:46:00:00:00:11 dev vlan17',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.46.200.0', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.45.0.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.45.0.11', port: 31680 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '10.46.200.0', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.42.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.46.0.11', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The request comes in by vlan17 and the reply leaves by eth0, where the default route leads; the router takes no such source there. A rule by the service's address does not help: while the reply is routed, its source is still the pod's.",
      causes: [{ code: 'reply-by-other-uplink' }],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [
      [
        'node',
        'nft add table ip returns; nft add chain ip returns pre "{ type filter hook prerouting priority mangle; }"; nft add rule ip returns pre iifname vlan17 ct state new ct mark set 17; nft add rule ip returns pre iifname != vlan17 meta mark set ct mark; ip route add default via 10.46.0.1 table 17; ip rule add fwmark 17 lookup 17',
      ],
    ],
  },
  {
    name: 'kube-proxy-nft-has-no-nodeport-on-loopback',
    thread: {
      title: 'Nodeports are not working on loopback addresses in nftables mode',
      address: 'https://github.com/k0sproject/k0s/issues/5760',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['192.0.2.11/24'], cni0: ['10.244.1.1/24'] },
        routes: ['default via 192.0.2.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: kubeProxy({
            sets: NODEPORT_IPS('192.0.2.11'),
            nodePorts: '    elements = { tcp . 31999 : goto external-2QRHZV4L-default/web/tcp/http }\n',
            external: `  chain external-2QRHZV4L-default/web/tcp/http {
    jump mark-for-masquerade
    goto service-2QRHZV4L-default/web/tcp/http
  }
`,
            masquerades: KINDNET,
          }),
        },
      },
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [APP] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '127.0.0.1', port: 31999 },
    seen: 'refused',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '192.0.2.11', port: 31999 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.11', port: 31999 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.96.45.6', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '127.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.11', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "In its nftables mode kube-proxy serves node ports on the node's own address alone: 127.0.0.1 is not in nodeport-ips, so the request stays here, where nothing listens. With an element it also takes route_localnet.",
      causes: [
        {
          rule: 'ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports',
          chain: 'ip kube-proxy services',
        },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here', 'vanished-martian'],
    },
    mend: [
      [
        'node',
        'sysctl -qw net.ipv4.conf.all.route_localnet=1; nft add element ip kube-proxy nodeport-ips "{ 127.0.0.1 }"',
      ],
    ],
  },
]
