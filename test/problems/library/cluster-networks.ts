/** Nodes of clusters: which addresses they masquerade as and answer for, and replies that come in another way. */
import { bridged, clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const CLUSTER_NETWORKS: Problem[] = [
  {
    name: 'calico-nft-spares-balancer-pool',
    thread: {
      title: 'SNAT is skipped for traffic destined to LoadBalancer-only IPPools shared across clusters',
      address: 'https://github.com/projectcalico/calico/issues/12767',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['100.90.14.133/24'] }, routes: ['default via 100.90.14.1'] },
      node: {
        addresses: { cali1: ['100.90.14.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip calico {
  set cali40all-ipam-pools {
    type ipv4_addr
    flags interval
    elements = { 10.20.40.0/24, 100.90.0.0/16 }
  }
  set cali40masq-ipam-pools {
    type ipv4_addr
    flags interval
    elements = { 100.90.0.0/16 }
  }
  chain nat-cali-nat-outgoing {
    ip saddr @cali40masq-ipam-pools ip daddr != @cali40all-ipam-pools counter masquerade
  }
  chain nat-cali-POSTROUTING {
    counter jump nat-cali-nat-outgoing
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump nat-cali-POSTROUTING
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "cali*" counter accept
  }
}
`,
        },
      },
      fabric: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['10.20.40.94/32', '198.51.100.9/32'] },
        listeners: [...WEB, { protocol: 'tcp', port: 443 }],
      },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:eth0', 'fabric:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.20.40.94', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.20.40.94', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The address of another cluster's load balancer is in a pool, and what goes to a pool is not masqueraded: it leaves with the pod's address, to which nobody has a route.",
      causes: [
        { rule: 'masquerade', chain: 'ip calico nat-cali-nat-outgoing' },
        { code: 'not-masqueraded', words: ['100.90.14.133'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['node', 'nft delete element ip calico cali40all-ipam-pools { 10.20.40.0/24 }']],
  },
  {
    name: 'kube-nft-nodeport-second-address',
    thread: {
      title: 'Service NodePorts can be accessed via LB IPs (iptables, at least)',
      address: 'https://github.com/kubernetes/kubernetes/issues/111863',
    },
    backend: 'nft',
    ...bridged('cni0', '10.244.0.1/24', {
      addresses: { eth0: ['192.0.2.1/24', '192.0.2.240/24'] },
      rules: {
        nft: `table ip kube-proxy {
  set nodeport-ips {
    type ipv4_addr
    comment "IPs that accept NodePort traffic"
    elements = { 192.0.2.1 }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.80 . tcp . 80 : goto service-5OJB2KTY-default/web/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto external-5OJB2KTY-default/web/tcp/http }
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
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain external-5OJB2KTY-default/web/tcp/http {
    jump mark-for-masquerade
    goto service-5OJB2KTY-default/web/tcp/http
  }
  chain service-5OJB2KTY-default/web/tcp/http {
    ip daddr 10.96.0.80 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-GQF6NQ-default/web/tcp/http__10.244.0.2/80 }
  }
  chain endpoint-GQF6NQ-default/web/tcp/http__10.244.0.2/80 {
    ip saddr 10.244.0.2 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.244.0.2:80
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.240', port: 30080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "In nft mode node ports are taken on the node's primary address alone, and this is another address of it.",
      causes: [
        { rule: 'ip daddr @nodeport-ips', chain: 'ip kube-proxy services' },
        { code: 'not-in-set', words: ['nodeport-ips'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'nft add element ip kube-proxy nodeport-ips { 192.0.2.240 }']],
  },
  {
    name: 'cilium-egress-reply-by-other-interface',
    thread: {
      title: 'egressgw: Let the EGW manager relax rp_filter on egress device',
      address: 'https://github.com/cilium/cilium/pull/32679',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.0.1.5/24'] }, routes: ['default via 10.0.1.1'] },
      node: {
        addresses: { lxc1: ['10.0.1.1/24'], eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        routes: ['default via 192.0.2.254', 'default via 198.51.100.254 table 100'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.0/24 -i lxc1 -m comment --comment "egress policy" -j MARK --set-xmark 0x1100/0xffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CILIUM_POST_nat - [0:0]
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A CILIUM_POST_nat -s 10.0.1.0/24 -d 203.0.113.0/24 -o eth1 -m comment --comment "egress address" -j SNAT --to-source 198.51.100.1
-A CILIUM_POST_nat -s 10.0.1.0/24 ! -d 10.0.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
COMMIT
`,
        },
      },
      gw: {
        addresses: { eth0: ['192.0.2.254/24'], eth1: ['198.51.100.254/24'], eth2: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
      },
      far: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [{ protocol: 'udp', port: 5060 }],
      },
    },
    links: [
      ['pod:eth0', 'node:lxc1'],
      ['node:eth0', 'gw:eth0'],
      ['node:eth1', 'gw:eth1'],
      ['gw:eth2', 'far:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip rule add fwmark 0x1100/0xffff lookup 100'],
      [
        'node',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1',
      ],
    ],
    fails: { from: 'pod', what: 'udp', to: '203.0.113.9', port: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'udp', to: '203.0.113.9', port: 5060 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.0.2.254' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The reply comes in on eth1, and the main table leads back to its source by eth0: the strict rp_filter drops it.',
      causes: [{ code: 'vanished-rp-filter' }, { code: 'reply-dropped', words: ['rp_filter'] }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['node', 'sysctl -w net.ipv4.conf.eth1.rp_filter=2']],
  },
  {
    name: 'kube-ipvs-rejects-ping',
    thread: {
      title: 'kubernetes 1.27 version can not ping cluster ip',
      address: 'https://github.com/kubernetes/website/issues/41002',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      addresses: { lo: ['10.96.0.10/32'] },
      listeners: [{ protocol: 'tcp', port: 53 }],
      rules: {
        ipset: `create KUBE-LOAD-BALANCER hash:ip,port
create KUBE-CLUSTER-IP hash:ip,port
add KUBE-CLUSTER-IP 10.96.0.10,tcp:53
add KUBE-CLUSTER-IP 10.96.0.10,udp:53
create KUBE-EXTERNAL-IP hash:ip,port
create KUBE-IPVS-IPS hash:ip
add KUBE-IPVS-IPS 10.96.0.10
`,
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-IPVS-FILTER - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '10.96.0.10' },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.96.0.10', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.96.0.10', port: 22 }, seen: 'refused', either: true },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words: "Whatever asks a service's address and none of its ports is rejected, and an echo request has no port.",
      causes: [{ rule: '--match-set KUBE-IPVS-IPS dst', chain: 'filter KUBE-IPVS-FILTER' }],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -I KUBE-IPVS-FILTER -p icmp -m icmp --icmp-type 8 -j RETURN']],
  },
  {
    name: 'calico-masquerade-takes-first-address',
    thread: {
      title: 'Use SNAT instead of MASQUERADE for --nat-outgoing, so it chooses the right source IP',
      address: 'https://github.com/projectcalico/calico/issues/2222',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.244.0.2/24'] }, routes: ['default via 10.244.0.1'] },
      node: {
        addresses: { cali1: ['10.244.0.1/24'], eth0: ['10.0.0.5/24', '10.0.0.6/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create cali40masq-ipam-pools hash:net
add cali40masq-ipam-pools 10.244.0.0/16
create cali40all-ipam-pools hash:net
add cali40all-ipam-pools 10.244.0.0/16
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:Dw4T8UWPnCLxRJiI" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE
COMMIT
`,
        },
      },
      gw: { addresses: { eth0: ['10.0.0.1/24'], lo: ['203.0.113.9/32'] }, listeners: WEB },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:eth0', 'gw:eth0'],
    ],
    traced: 'node',
    // as a cloud's gateway, which knows an address of the internet for one of them alone
    setup: [['gw', 'ip route add blackhole 10.0.0.5/32']],
    fails: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gw', what: 'ping', to: '10.0.0.6' }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.244.0.2' }, seen: 'answered' },
    ],
    truth: {
      words: "MASQUERADE takes the uplink's first address, and only its second one is known to the internet.",
      causes: [
        { rule: 'MASQUERADE', chain: 'nat cali-nat-outgoing' },
        { code: 'snat-changed-source', words: ['10.0.0.5'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R cali-nat-outgoing 1 -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j SNAT --to-source 10.0.0.6',
      ],
    ],
  },
]
