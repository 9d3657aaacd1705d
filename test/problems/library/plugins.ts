/** Network plugins of clusters: what they rewrite, mark and route, beside each other and beside a cloud's rules. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const PLUGINS: Problem[] = [
  {
    name: 'cni-portmap-takes-foreign-dns',
    thread: {
      title: 'portmap plugin nftables backend intercepts non local traffic',
      address: 'https://github.com/containernetworking/plugins/issues/1209',
    },
    backend: 'nft',
    hosts: {
      dns: {
        addresses: { eth0: ['2001:db8:7::53/64'] },
        routes: ['default via 2001:db8:7::1'],
        listeners: [{ protocol: 'udp', address: '2001:db8:7::53', port: 1053 }],
        // it answers for a zone of its own, to those outside
        rules: {
          nft: 'table ip6 own {\n  chain input { type filter hook input priority filter; policy accept; ip6 saddr 2001:db8:7::/64 udp dport 1053 drop; }\n}\n',
        },
      },
      app: { addresses: { eth0: ['2001:db8:7::8/64'] }, routes: ['default via 2001:db8:7::1'] },
      node: {
        bridges: { cni0: ['veth1', 'veth2'] },
        addresses: { cni0: ['2001:db8:7::1/64'], eth0: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 cni_hostport {
  comment "CNI portmap plugin"
  chain hostports {
    udp dport 53 dnat to [2001:db8:7::53]:1053 comment "d26f04dc"
  }
  chain hostip_hostports {
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump hostip_hostports
    jump hostports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump hostip_hostports
    fib daddr type local jump hostports
  }
  chain masquerading {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr 2001:db8:7::53 ip6 daddr 2001:db8:7::53 masquerade comment "d26f04dc"
  }
}
`,
        },
      },
      far: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:7::/64 via 2001:db8:f::1'],
        listeners: [
          { protocol: 'udp', address: '2001:db8:f::9', port: 53 },
          { protocol: 'tcp', address: '2001:db8:f::9', port: 80 },
        ],
      },
    },
    links: [
      ['dns:eth0', 'node:veth1'],
      ['app:eth0', 'node:veth2'],
      ['node:eth0', 'far:eth0'],
    ],
    traced: 'node',
    fails: { from: 'app', what: 'udp', to: '2001:db8:f::9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'far', what: 'udp', to: '2001:db8:f::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'In prerouting nothing asks whether the destination is the node: each query that passes through is rewritten to the pod with the host port.',
      causes: [
        { rule: 'dnat to', chain: 'ip6 cni_hostport hostports' },
        { rule: 'jump hostports', chain: 'ip6 cni_hostport prerouting' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'node',
        'nft flush chain ip6 cni_hostport prerouting; nft add rule ip6 cni_hostport prerouting fib daddr type local jump hostports',
      ],
    ],
  },
  {
    name: 'weave-drops-metadata-on-loopback',
    thread: {
      title: 'Weave firewall rule interferes with local traffic',
      address: 'https://github.com/weaveworks/weave/issues/3810',
    },
    backend: 'iptables-legacy',
    ...bridged('docker0', '172.17.0.1/16', {
      sysctls: { 'net.ipv4.conf.all.route_localnet': '1' },
      listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 8965 }, ...SSH],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8965
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:WEAVE-NPC-EGRESS - [0:0]
-A INPUT -d 127.0.0.1/32 -p tcp -m addrtype ! --src-type LOCAL -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
-A INPUT -i weave -j WEAVE-NPC-EGRESS
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 8965 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'nat sends the request to 127.0.0.1; a rule that guards one port of the loopback address drops what others send to any port of it.',
      causes: [{ rule: '-d 127.0.0.1/32', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -R INPUT 1 -d 127.0.0.1/32 -p tcp --dport 6784 -m addrtype ! --src-type LOCAL -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP',
      ],
    ],
  },
  {
    name: 'submariner-chain-not-called',
    thread: {
      title: 'SUBMARINER-POSTROUTING is not chained from POSTROUTING',
      address: 'https://github.com/submariner-io/submariner/issues/1116',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.44.0.12/24'] }, routes: ['default via 10.44.0.1'] },
      gateway: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.44.0.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['169.254.45.0/24 via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: SSH,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SUBMARINER-GN-EGRESS - [0:0]
:SUBMARINER-GN-INGRESS - [0:0]
:SUBMARINER-GN-MARK - [0:0]
:SUBMARINER-POSTROUTING - [0:0]
-A PREROUTING -j SUBMARINER-GN-INGRESS
-A SUBMARINER-GN-EGRESS -j SUBMARINER-GN-MARK
-A SUBMARINER-GN-EGRESS -s 10.44.0.1/32 -m mark --mark 0xc0000/0xc0000 -j SNAT --to-source 169.254.44.78
-A SUBMARINER-GN-EGRESS -s 10.44.0.12/32 -m mark --mark 0xc0000/0xc0000 -j SNAT --to-source 169.254.44.190
-A SUBMARINER-GN-MARK -d 169.254.45.0/24 -j MARK --set-xmark 0xc0000/0xc0000
-A SUBMARINER-POSTROUTING -j SUBMARINER-GN-EGRESS
COMMIT
`,
        },
      },
      remote: {
        addresses: { eth0: ['192.0.2.9/24'], lo: ['169.254.45.7/32'] },
        routes: ['169.254.44.0/24 via 192.0.2.1'],
        listeners: WEB,
      },
    },
    links: [
      ['pod:eth0', 'gateway:veth1'],
      ['gateway:eth0', 'remote:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'pod', what: 'tcp', to: '169.254.45.7', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.44.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules that give the pod its global address are in chains that POSTROUTING does not jump to: it leaves with its own, which the other cluster does not know.',
      causes: [
        { code: 'never-reached' },
        { chain: 'nat SUBMARINER-POSTROUTING' },
        { rule: '--to-source 169.254.44.190', chain: 'nat SUBMARINER-GN-EGRESS' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['gateway', 'iptables -t nat -I POSTROUTING -j SUBMARINER-POSTROUTING']],
  },
  {
    name: 'ovn-masquerades-into-tunnel',
    thread: {
      title: 'Gateway: pod egress source IP not preserved in local gateway mode',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/issues/6799',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['fd00:244::5/64'] }, routes: ['default via fd00:244::1'] },
      node: {
        addresses: {
          'ovn-k8s-mp0': ['fd00:244::1/64'],
          tunnel: ['2001:db8:c::1/64'],
          eth0: ['2001:db8:f::1/64'],
        },
        routes: ['fd00:45::/64 via 2001:db8:c::9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet ovn-kubernetes {
  chain ovn-kube-local-gw-masq {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd69::1 masquerade
    jump ovn-kube-pod-subnet-masq
  }
  chain ovn-kube-pod-subnet-masq {
    ip6 saddr fd00:244::/64 masquerade
  }
}
`,
        },
      },
      other: {
        addresses: { tunnel: ['2001:db8:c::9/64'], lo: ['fd00:45::9/128'] },
        routes: ['fd00:244::/64 via 2001:db8:c::1'],
        listeners: [{ protocol: 'tcp', address: 'fd00:45::9', port: 80 }],
        // what the tunnel's policy takes
        rules: {
          nft: 'table ip6 tunnel-policy {\n  chain inbound { type filter hook prerouting priority filter; policy accept; ip6 daddr fd00:45::/64 ip6 saddr != fd00:244::/64 drop; }\n}\n',
        },
      },
      far: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
    },
    links: [
      ['pod:eth0', 'node:ovn-k8s-mp0'],
      ['node:tunnel', 'other:tunnel'],
      ['node:eth0', 'far:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: 'fd00:45::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "All that pods send is masqueraded, into the tunnel as well: the other cluster takes the pods' network alone.",
      causes: [
        { rule: 'masquerade', chain: 'inet ovn-kubernetes ovn-kube-pod-subnet-masq' },
        { rule: 'jump ovn-kube-pod-subnet-masq', chain: 'inet ovn-kubernetes ovn-kube-local-gw-masq' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', 'nft insert rule inet ovn-kubernetes ovn-kube-pod-subnet-masq ip6 daddr fd00:45::/64 return']],
  },
]
