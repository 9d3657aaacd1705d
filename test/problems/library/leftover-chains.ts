/** Chains of one network plugin in the way of another's, or for one way in alone. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const LEFTOVER_CHAINS: Problem[] = [
  {
    name: 'flannel-left-masquerades-to-other-node',
    thread: {
      title: 'flannel-migration: flush leftover Flannel iptables chains on node cleanup',
      address: 'https://github.com/projectcalico/calico/pull/12920',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.2/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { cali1: ['10.244.1.1/24'], 'vxlan.calico': ['10.244.1.0/32', '172.16.0.1/24'] },
        routes: ['10.244.2.0/24 via 172.16.0.2'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:FLANNEL-POSTRTG - [0:0]
:cali-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A POSTROUTING -j cali-POSTROUTING
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE
-A cali-POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE
COMMIT
`,
        },
      },
      // its policy accepts what comes from pods
      other: {
        addresses: { eth0: ['172.16.0.2/24'], lo: ['10.244.2.9/32'] },
        routes: ['10.244.1.0/24 via 172.16.0.1'],
        listeners: WEB,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.244.1.2/32 -d 10.244.2.9/32 -j ACCEPT
-A INPUT -d 10.244.2.9/32 -p tcp -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:vxlan.calico', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.244.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'ping', to: '10.244.2.9' }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.244.1.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "A chain that flannel left behind masquerades what pods send to other nodes' pods, and the policy there knows them by their own addresses.",
      causes: [
        { rule: '-s 10.244.0.0/16 ! -d 224.0.0.0/4', chain: 'nat FLANNEL-POSTRTG' },
        { code: 'snat-changed-source', words: ['10.244.1.2'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['node', 'iptables -t nat -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG']],
  },
  {
    name: 'flannel-accepts-before-kube-postrouting',
    thread: {
      title: 'Flannel and kube-proxy race for postrouting chain',
      address: 'https://github.com/kubernetes/kubernetes/issues/20391',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.2.1.2/24'] }, routes: ['default via 10.2.1.1'], listeners: WEB },
      node: {
        addresses: { docker0: ['10.2.1.1/24'], eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:FLANNEL - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -s 10.2.1.0/24 -j FLANNEL
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A FLANNEL -d 10.2.1.0/24 -j ACCEPT
-A FLANNEL ! -d 224.0.0.0/4 -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SEP-WEB -s 10.2.1.2/32 -m comment --comment "default/web:" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web:" -m tcp -j DNAT --to-destination 10.2.1.2:80
-A KUBE-SERVICES -d 10.3.0.80/32 -p tcp -m comment --comment "default/web: cluster IP" -m tcp --dport 80 -j KUBE-SEP-WEB
COMMIT
`,
        },
      },
      net: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
    },
    links: [
      ['pod:eth0', 'node:docker0'],
      ['node:eth0', 'net:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.3.0.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.3.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "flannel's chain accepts what goes to the node's own pods before kube-proxy's chain is reached, so a pod that asks its own service gets its packet back with its own source.",
      causes: [
        { rule: '-d 10.2.1.0/24 -j ACCEPT', chain: 'nat FLANNEL' },
        { code: 'snat-skipped', words: ['KUBE-POSTROUTING'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -I POSTROUTING 1 -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
      ],
    ],
  },
  {
    name: 'antrea-pods-come-in-by-its-own-gateway',
    thread: {
      title: 'Fix Pod-to-external traffic on EKS in policyOnly mode',
      address: 'https://github.com/antrea-io/antrea/pull/3975',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.0.2.5/24'] }, routes: ['default via 10.0.2.1'] },
      node: {
        addresses: { 'antrea-gw0': ['10.0.2.1/24'], eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        routes: ['default via 192.0.2.254', 'default via 198.51.100.254 dev eth1 table 2'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:AWS-CONNMARK-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -m state --state NEW -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 ! -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 ! -d 10.0.0.0/16 -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 192.0.2.1
COMMIT
`,
        },
      },
      // as the cloud does, it takes from each interface only what has that one's address
      vpc: {
        addresses: { eth0: ['192.0.2.254/24'], eth1: ['198.51.100.254/24'], lo: ['203.0.113.9/32'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [{ protocol: 'udp', address: '203.0.113.9', port: 53 }],
      },
    },
    links: [
      ['pod:eth0', 'node:antrea-gw0'],
      ['node:eth0', 'vpc:eth0'],
      ['node:eth1', 'vpc:eth1'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'ip rule add pref 1024 fwmark 0x80/0x80 lookup main; ip rule add pref 1536 from 10.0.2.5 lookup 2; ip route add 10.0.0.0/16 dev antrea-gw0 table 2',
      ],
    ],
    fails: { from: 'pod', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.0.2.5' }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'ping', to: '198.51.100.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The plugin marks what comes in by eni…, and these pods come in by antrea-gw0: unmarked, it leaves by the second interface with the first one's address.",
      causes: [
        { rule: '-i eni+', chain: 'nat PREROUTING' },
        { rule: '--to-source 192.0.2.1', chain: 'nat AWS-SNAT-CHAIN-0' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['node', 'iptables -t nat -I PREROUTING 1 -i antrea-gw0 -m state --state NEW -j AWS-CONNMARK-CHAIN-0']],
  },
  {
    name: 'cni-ports-not-for-the-host-itself',
    thread: {
      title: 'No access to localhost ports',
      address: 'https://github.com/greenpau/cni-plugins/issues/4',
    },
    backend: 'nft',
    ...bridged('cni-podman0', '10.88.0.1/16', {
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
    ct state established,related counter accept
    meta l4proto { icmp, ipv6-icmp } counter accept
    iif "lo" counter accept
    tcp dport { 22, 80 } ct state new counter accept
    counter reject with icmpx admin-prohibited
  }
}
table ip nat {
  chain cni-npr-50795b7a600c {
    iifname != "cni-podman0" tcp dport 8080 dnat to 10.88.0.2:80
  }
  chain cni-npo-50795b7a600c {
    ip saddr 10.88.0.0/16 ip daddr != 10.88.0.0/16 masquerade
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump cni-npo-50795b7a600c
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump cni-npr-50795b7a600c
  }
  chain output {
    type nat hook output priority -100; policy accept;
  }
}
`,
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'What the host itself sends traverses output, and only prerouting leads to the rule for the port.',
      causes: [{ rule: 'dnat to 10.88.0.2:80', chain: 'ip nat cni-npr-50795b7a600c' }, { chain: 'ip nat output' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'nft add rule ip nat output jump cni-npr-50795b7a600c']],
  },
  {
    name: 'k3s-masquerades-pods-of-ipv4-alone',
    thread: {
      title: 'IPv6 masquerade NAT rules missing in dual-stack installation',
      address: 'https://github.com/k3s-io/k3s/issues/4683',
    },
    backend: 'nft',
    hosts: {
      pod: {
        addresses: { eth0: ['10.42.0.2/24', '2001:cafe:42::2/64'] },
        routes: ['default via 10.42.0.1', 'default via 2001:cafe:42::1'],
      },
      node: {
        addresses: { cni0: ['10.42.0.1/24', '2001:cafe:42::1/64'], eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        routes: ['default via 192.0.2.9', 'default via 2001:db8:1::9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip flannel-ipv4 {
  chain postrtg {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 == 0x00004000 return
    ip saddr 10.42.0.0/24 ip daddr 10.42.0.0/16 return
    ip saddr 10.42.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
  }
}
table inet flannel-filter {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established accept
    ip saddr 10.42.0.0/16 accept
    ip daddr 10.42.0.0/16 accept
    ip6 saddr 2001:cafe:42::/56 accept
    ip6 daddr 2001:cafe:42::/56 accept
  }
}
`,
        },
      },
      // no route to the pods
      net: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'], lo: ['2001:db8:99::9/128'] },
        listeners: [...WEB, { protocol: 'tcp', address: '::', port: 443 }],
      },
    },
    links: [
      ['pod:eth0', 'node:cni0'],
      ['node:eth0', 'net:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '2001:db8:99::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:99::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Pods are masqueraded in IPv4 alone: in IPv6 they leave with addresses to which nobody outside has a route.',
      causes: [{ code: 'not-masqueraded', words: ['2001:cafe:42::2'] }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'nft add table ip6 masq; nft add chain ip6 masq post "{ type nat hook postrouting priority srcnat; }"; nft add rule ip6 masq post ip6 saddr 2001:cafe:42::/56 ip6 daddr != 2001:cafe:42::/56 masquerade',
      ],
    ],
  },
  {
    name: 'tailscale-exit-node-without-nat-of-ipv6',
    thread: {
      title: 'Tailscale does not set up IPv6 NAT when running in containers',
      address: 'https://github.com/tailscale/tailscale/issues/11344',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: {
        addresses: { eth0: ['100.64.0.2/24', 'fd7a:115c:a1e0::2/64'] },
        routes: ['default via 100.64.0.1', 'default via fd7a:115c:a1e0::1'],
      },
      exit: {
        addresses: {
          tailscale0: ['100.64.0.1/24', 'fd7a:115c:a1e0::1/64'],
          eth0: ['10.0.0.5/24', '2001:db8:1::5/64'],
        },
        routes: ['default via 10.0.0.1', 'default via 2001:db8:1::1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-forward - [0:0]
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-forward - [0:0]
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
`,
        },
      },
      net: {
        addresses: { eth0: ['10.0.0.1/24', '2001:db8:1::1/64'], lo: ['2001:db8:99::53/128'] },
        listeners: [...WEB, { protocol: 'udp', address: '2001:db8:99::53', port: 53 }],
      },
    },
    links: [
      ['peer:eth0', 'exit:tailscale0'],
      ['exit:eth0', 'net:eth0'],
    ],
    traced: 'exit',
    fails: { from: 'peer', what: 'udp', to: '2001:db8:99::53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '10.0.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'exit', what: 'udp', to: '2001:db8:99::53', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The exit node marks in either family and masquerades in IPv4 alone: in IPv6 it leaves with a private source.',
      causes: [{ code: 'not-masqueraded', words: ['fd7a:115c:a1e0::2'] }, { chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['exit', 'ip6tables -t nat -A POSTROUTING -m mark --mark 0x40000/0xff0000 -j MASQUERADE']],
  },
]
