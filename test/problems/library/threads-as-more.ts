/** The same faults as in threads-as.ts, by other tools: sets in place of addresses, IPv6, chains that are not there; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_AS_MORE: Problem[] = [
  {
    name: 'kube2iam-takes-the-metadata-address-before-a-set-of-the-policy',
    thread: {
      title: 'kube2iam breaks network policy allowing traffic to EC2 metadata ip',
      address: 'https://github.com/jtblin/kube2iam/issues/308',
    },
    backend: 'nft',
    hosts: {
      neighbour: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: [HTTPS] },
      node: {
        addresses: { eth0: ['10.0.0.4/24'], veth1: ['10.2.2.1/24'], veth2: ['10.2.3.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8181 }],
        rules: {
          nft: `table ip kube2iam {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "veth*" ip daddr 169.254.169.254 tcp dport 80 counter dnat to 10.0.0.4:8181
  }
}
table inet policies {
  set access-egress {
    type ipv4_addr . inet_service
    elements = { 169.254.169.254 . 80, 10.96.0.10 . 53 }
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname vmap { "veth1" : jump from-access }
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname vmap { "veth1" : jump from-access }
  }
  chain from-access {
    ct state established,related accept
    jump access-allowed
    meta mark & 0x00010000 == 0x00010000 accept
    counter drop comment "deny all other egress of policytest/access"
  }
  chain access-allowed {
    ip daddr . tcp dport @access-egress meta mark set meta mark | 0x00010000
  }
}
`,
        },
      },
      access: { addresses: { eth0: ['10.2.2.66/24'] }, routes: ['default via 10.2.2.1'] },
      other: { addresses: { eth0: ['10.2.3.66/24'] }, routes: ['default via 10.2.3.1'] },
    },
    links: [
      ['neighbour:eth0', 'node:eth0'],
      ['node:veth1', 'access:eth0'],
      ['node:veth2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'access', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'access', what: 'tcp', to: '10.0.0.4', port: 22 }, seen: 'nothing' },
      { sending: { from: 'access', what: 'tcp', to: '10.0.0.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The policy's set has the metadata address and its port. kube2iam's rule has sent the packet to the agent before the policy is evaluated.",
      causes: [
        { rule: '@access-egress', chain: 'inet policies access-allowed' },
        { rule: 'dnat to 10.0.0.4:8181', chain: 'ip kube2iam prerouting' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'nft add element inet policies access-egress { 10.0.0.4 . 8181 }']],
  },
  {
    name: 'qemu-hook-forwards-in-prerouting-alone',
    thread: {
      title: 'Allow connections from host and guest as well as public',
      address: 'https://github.com/saschpe/libvirt-hook-qemu/pull/11',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      host: {
        addresses: { eth0: ['2001:db8:1::1/64'], virbr0: ['fd00:122::1/64'] },
        bridges: { virbr0: ['vnet0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          nft: `table ip6 qemu {
  chain dnat-web1 {
    ip6 daddr 2001:db8:1::1 tcp dport 2222 dnat to [fd00:122::10]:22
    ip6 daddr 2001:db8:1::1 tcp dport 8080 dnat to [fd00:122::10]:80
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" jump dnat-web1
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:122::/64 ip6 daddr != fd00:122::/64 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "virbr0" accept
    oifname "virbr0" ct status dnat accept
  }
}
`,
        },
      },
      guest: {
        addresses: { eth0: ['fd00:122::10/64'] },
        routes: ['default via fd00:122::1'],
        listeners: [
          { ...SSH, address: '::' },
          { ...WEB, address: '::' },
        ],
      },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['guest:eth0', 'host:vnet0'],
    ],
    traced: 'host',
    fails: { from: 'host', what: 'tcp', to: '2001:db8:1::1', port: 2222 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::1', port: 2222 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'refused' },
      { sending: { from: 'host', what: 'tcp', to: 'fd00:122::10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The hook forwards what comes in by eth0. What the host sends itself traverses the hook output, where the hook's table has no chain.",
      causes: [{ rule: 'dnat to [fd00:122::10]:22', chain: 'ip6 qemu dnat-web1' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        "nft add chain ip6 qemu output '{ type nat hook output priority -100; }'; nft add rule ip6 qemu output ip6 daddr 2001:db8:1::1 tcp dport 2222 dnat to '[fd00:122::10]:22'",
      ],
    ],
  },
  {
    name: 'ipvs-filter-of-ipv6-rejects-what-is-to-a-balancer-address',
    thread: {
      title: 'Kube-proxy/ipvs: accept access to healthCheckNodePort on LbIP',
      address: 'https://github.com/kubernetes/kubernetes/pull/117723',
    },
    backend: 'iptables-legacy',
    hosts: {
      prober: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['2001:db8:10::a/128 via 2001:db8:1::1'] },
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'], lo: ['2001:db8:10::a/128'] },
        listeners: [
          { ...SSH, address: '::' },
          { ...WEB, address: '::' },
          { protocol: 'tcp', port: 32708, address: '::' },
        ],
        rules: {
          ipset: `create KUBE-6-LOAD-BALANCER hash:ip,port family inet6
add KUBE-6-LOAD-BALANCER 2001:db8:10::a,tcp:80
create KUBE-6-IPVS-IPS hash:ip family inet6
add KUBE-6-IPVS-IPS 2001:db8:10::a
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-IPVS-FILTER - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A KUBE-IPVS-FILTER -m set --match-set KUBE-6-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-6-IPVS-IPS dst -j REJECT --reject-with icmp6-port-unreachable
COMMIT
`,
        },
      },
    },
    links: [['prober:eth0', 'node:eth0']],
    traced: 'node',
    fails: { from: 'prober', what: 'tcp', to: '2001:db8:10::a', port: 32708 },
    seen: 'refused',
    others: [
      { sending: { from: 'prober', what: 'tcp', to: '2001:db8:10::a', port: 80 }, seen: 'answered' },
      { sending: { from: 'prober', what: 'tcp', to: '2001:db8:10::a', port: 22 }, seen: 'refused' },
      { sending: { from: 'prober', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'What is to the address of a balancer and to none of its services is rejected, health checks, too.',
      causes: [{ rule: '--match-set KUBE-6-IPVS-IPS dst', chain: 'filter KUBE-IPVS-FILTER' }],
      status: ['rejected'],
    },
    mend: [['node', 'ip6tables -I KUBE-IPVS-FILTER 2 -p tcp -m tcp --dport 32708 -j RETURN']],
  },
  {
    name: 'near-node-cache-replies-untracked-in-front-of-the-service',
    thread: {
      title: 'Skip conntrack for DNS requests to node-cache from host',
      address: 'https://github.com/kubernetes/dns/pull/319',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { cni0: ['10.244.1.1/24'], lo: ['10.96.0.10/32'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53, address: '10.96.0.10' }],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 10.96.0.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK
-A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK
-A OUTPUT -s 10.96.0.10/32 -p udp -m udp --sport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK
-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SEP-DNS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DNS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-DNS
-A KUBE-SEP-DNS -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.1.7:53
-A KUBE-SVC-DNS -m comment --comment "kube-system/kube-dns:dns -> 10.244.1.7:53" -j KUBE-SEP-DNS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT
-A OUTPUT -s 10.96.0.10/32 -p udp -m udp --sport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
    },
    links: [['pod:eth0', 'node:cni0']],
    traced: 'node',
    fails: { from: 'pod', what: 'udp', to: '10.96.0.10', port: 53 },
    seen: 'answered',
    others: [{ sending: { from: 'pod', what: 'tcp', to: '10.96.0.10', port: 53 }, seen: 'refused' }],
    truth: {
      words: 'Nothing is wrong: the cache replies, and the service behind it is not needed.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
