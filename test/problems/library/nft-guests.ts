/** Guests and containers behind nft's NAT, from threads: what is for themselves, for a sidecar, for somebody else, for an ACL. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const NFT_GUESTS: Problem[] = [
  {
    name: 'ubicloud-vm-asks-its-own-public-address',
    thread: {
      title: 'Fix self connections via public IPv4',
      address: 'https://github.com/ubicloud/ubicloud/pull/1095',
    },
    backend: 'nft',
    hosts: {
      vm: {
        addresses: { eth0: ['10.64.3.11/26'] },
        routes: ['default via 10.64.3.1'],
        listeners: [HTTPS, SSH],
      },
      vmns: {
        addresses: { nctap: ['10.64.3.1/26'], vethi: ['169.254.5.2/30'] },
        routes: ['default via 169.254.5.1', '203.0.113.40/32 dev nctap'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "nctap" ip saddr != { 10.64.3.11, 203.0.113.40, 0.0.0.0 } drop
  }
  chain postrouting {
    type filter hook postrouting priority raw; policy accept;
    oifname "vethi" udp sport { 67, 68 } udp dport { 67, 68 } drop
  }
}
table ip6 raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "nctap" ip6 saddr != { 2001:db8:40::/80, fd1b:9793:dcef:cd0a::/79, fe80::/10 } drop
  }
  chain postrouting {
    type filter hook postrouting priority raw; policy accept;
    oifname "vethi" udp sport { 546, 547 } udp dport { 546, 547 } drop
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.40 dnat to 10.64.3.11
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.64.3.11 ip daddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } snat to 203.0.113.40
  }
}
table inet fw_table {
  set allowed_ipv4_port_tuple {
    type ipv4_addr . inet_service
    flags interval
    elements = { 0.0.0.0/0 . 22, 0.0.0.0/0 . 443 }
  }
  set allowed_ipv6_port_tuple {
    type ipv6_addr . inet_service
    flags interval
    elements = { ::/0 . 22, ::/0 . 443 }
  }
  set private_ipv4_cidrs {
    type ipv4_addr
    flags interval
    elements = { 10.64.3.0/26 }
  }
  set private_ipv6_cidrs {
    type ipv6_addr
    flags interval
    elements = { fd1b:9793:dcef:cd0a::/64 }
  }
  set globally_blocked_ipv4s {
    type ipv4_addr
    flags interval
  }
  chain forward_ingress {
    type filter hook forward priority filter; policy drop;
    ip saddr @globally_blocked_ipv4s drop
    ip daddr @globally_blocked_ipv4s drop
    ip protocol { tcp, udp } ct state established,related counter accept
    ip saddr @private_ipv4_cidrs ct state established,related,new counter accept
    ip daddr @private_ipv4_cidrs ct state established,related counter accept
    ip6 saddr @private_ipv6_cidrs ct state established,related,new counter accept
    ip6 daddr @private_ipv6_cidrs ct state established,related counter accept
    ip saddr . tcp dport @allowed_ipv4_port_tuple ct state established,related,new counter accept
    ip6 saddr . tcp dport @allowed_ipv6_port_tuple ct state established,related,new counter accept
    ip saddr 0.0.0.0/0 icmp type echo-request counter accept
    ip6 saddr ::/0 icmpv6 type echo-request counter accept
  }
}
`,
        },
      },
      host: {
        addresses: { vetho: ['169.254.5.1/30'], eth0: ['203.0.113.1/24'] },
        routes: ['203.0.113.40/32 via 169.254.5.2'],
        sysctls: FORWARDS,
      },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['203.0.113.40/32 via 203.0.113.1'],
        listeners: [HTTP],
      },
    },
    links: [
      ['vm:eth0', 'vmns:nctap'],
      ['vmns:vethi', 'host:vetho'],
      ['host:eth0', 'remote:eth0'],
    ],
    traced: 'vmns',
    fails: { from: 'vm', what: 'tcp', to: '203.0.113.40', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.40', port: 443 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.40', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The DNAT rule sends the VM's request back to the VM, and no rule gives it another source, since the one that does spares private destinations: the VM gets a packet from its own address and drops it.",
      causes: [
        { code: 'not-masqueraded', words: ['10.64.3.11'] },
        { code: 'vanished-martian', words: ['10.64.3.11'] },
        { rule: 'snat to 203.0.113.40', chain: 'ip nat postrouting' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['vmns', 'nft add rule ip nat postrouting ip saddr 10.64.3.11 ip daddr 10.64.3.11 snat to 203.0.113.40']],
  },
  {
    name: 'kubevirt-sends-the-sidecars-port-to-the-vm',
    thread: {
      title: 'Istio, Update nft rules for VMI with masquarade interface with no explicit ports',
      address: 'https://github.com/kubevirt/kubevirt/pull/5461',
    },
    backend: 'nft',
    hosts: {
      node: { addresses: { cni0: ['10.244.1.1/24'] }, listeners: [{ protocol: 'tcp', port: 8080 }] },
      launcher: {
        bridges: { 'k6t-eth0': ['tap0'] },
        addresses: { eth0: ['10.244.1.20/24'], 'k6t-eth0': ['10.0.2.1/24'] },
        routes: ['default via 10.244.1.1'],
        sysctls: FORWARDS,
        listeners: [15000, 15001, 15006, 15021, 15090].map((port) => ({ protocol: 'tcp', port }) as const),
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" counter jump KUBEVIRT_PREINBOUND
  }
  chain input {
    type nat hook input priority 100; policy accept;
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.1 tcp dport != { 15000, 15001, 15006, 15008, 15020, 15021, 15090 } counter dnat to 10.0.2.2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.2.2 counter masquerade
    oifname "k6t-eth0" counter jump KUBEVIRT_POSTINBOUND
  }
  chain KUBEVIRT_PREINBOUND {
    counter dnat to 10.0.2.2
  }
  chain KUBEVIRT_POSTINBOUND {
    ip saddr 127.0.0.1 counter snat to 10.0.2.1
  }
}
table ip6 nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" counter jump KUBEVIRT_PREINBOUND
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd10:0:2::2 counter masquerade
    oifname "k6t-eth0" counter jump KUBEVIRT_POSTINBOUND
  }
  chain KUBEVIRT_PREINBOUND {
    counter dnat to fd10:0:2::2
  }
  chain KUBEVIRT_POSTINBOUND {
    ip6 saddr ::1 counter snat to fd10:0:2::1
  }
}
table inet istio-proxy-nat {
  chain output {
    type nat hook output priority -99; policy accept;
    meta l4proto tcp jump istio-output
  }
  chain istio-output {
    oifname "lo" ip saddr 127.0.0.6 return
    oifname "lo" ip daddr != 127.0.0.1 meta skuid 1337 return
    meta skuid 1337 return
    meta skgid 1337 return
    ip daddr 127.0.0.1 return
    ip6 daddr ::1 return
    tcp dport { 15020, 15021 } return
  }
}
`,
        },
      },
      vm: { addresses: { eth0: ['10.0.2.2/24'] }, routes: ['default via 10.0.2.1'], listeners: [HTTP, SSH] },
    },
    links: [
      ['node:cni0', 'launcher:eth0'],
      ['launcher:tap0', 'vm:eth0'],
    ],
    traced: 'launcher',
    fails: { from: 'node', what: 'tcp', to: '10.244.1.20', port: 15021 },
    seen: 'refused',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '10.244.1.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.20', port: 4444 }, seen: 'refused' },
    ],
    truth: {
      words:
        "A VM whose interface lists no ports gets all of the pod's, the sidecar's health port too: the proxy listens on it in the pod, and the VM refuses it.",
      causes: [{ rule: 'dnat to 10.0.2.2', chain: 'ip nat KUBEVIRT_PREINBOUND' }],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [
      [
        'launcher',
        "nft 'insert rule ip nat KUBEVIRT_PREINBOUND tcp dport { 15000, 15001, 15006, 15008, 15020, 15021, 15090 } return'",
      ],
    ],
  },
  {
    name: 'lxd-acl-asks-for-the-source-port-of-clients',
    thread: {
      title: 'Inconsistent Network Default Action and ACL Interactions',
      address: 'https://github.com/canonical/lxd/issues/18066',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { 'br-0': ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], 'br-0': ['10.120.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'udp', port: 53 }],
        rules: {
          nft: `table inet lxd {
  chain fwdprert.br-0 {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 192.0.2.1 tcp dport 80 dnat ip to 10.120.0.10:80
    ip daddr 192.0.2.1 tcp dport 443 dnat ip to 10.120.0.10:443
  }
  chain fwdout.br-0 {
    type nat hook output priority -100; policy accept;
    ip daddr 192.0.2.1 tcp dport 80 dnat ip to 10.120.0.10:80
    ip daddr 192.0.2.1 tcp dport 443 dnat ip to 10.120.0.10:443
  }
  chain fwdpstrt.br-0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.120.0.10 ip daddr 10.120.0.10 tcp dport 80 masquerade
    ip saddr 10.120.0.10 ip daddr 10.120.0.10 tcp dport 443 masquerade
  }
  chain pstrt.br-0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.120.0.0/24 ip daddr != 10.120.0.0/24 masquerade
  }
  chain fwd.br-0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname "br-0" accept
    ip version 4 iifname "br-0" accept
  }
  chain in.br-0 {
    type filter hook input priority filter; policy accept;
    iifname "br-0" tcp dport 53 accept
    iifname "br-0" udp dport 53 accept
    iifname "br-0" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    iifname "br-0" udp dport 67 accept
  }
  chain out.br-0 {
    type filter hook output priority filter; policy accept;
    oifname "br-0" tcp sport 53 accept
    oifname "br-0" udp sport 53 accept
    oifname "br-0" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    oifname "br-0" udp sport 67 accept
  }
  chain acl.br-0 {
    ct state established,related accept
    iifname "br-0" meta l4proto tcp tcp sport { 80, 443 } accept
    oifname "br-0" meta l4proto tcp tcp sport { 80, 443 } accept
    iifname "br-0" reject
    oifname "br-0" reject
  }
  chain aclin.br-0 {
    type filter hook input priority filter; policy accept;
    iifname "br-0" tcp dport 53 accept
    iifname "br-0" udp dport 53 accept
    iifname "br-0" udp dport 67 accept
    iifname "br-0" jump acl.br-0
  }
  chain aclout.br-0 {
    type filter hook output priority filter; policy accept;
    oifname "br-0" udp sport 67 accept
    oifname "br-0" jump acl.br-0
  }
  chain aclfwd.br-0 {
    type filter hook forward priority filter; policy accept;
    iifname "br-0" jump acl.br-0
    oifname "br-0" jump acl.br-0
  }
}
`,
        },
      },
      rp: { addresses: { eth0: ['10.120.0.10/24'] }, routes: ['default via 10.120.0.1'], listeners: [HTTP, HTTPS] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'rp:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'rp', what: 'udp', to: '10.120.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'rp', what: 'tcp', to: '192.0.2.9', port: 25 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The ACL's rule for what comes in has 80 and 443 as source ports: clients have others, so the default action rejects them.",
      causes: [
        { rule: 'oifname "br-0" meta l4proto tcp tcp sport', chain: 'inet lxd acl.br-0' },
        { rule: 'oifname "br-0" tcp sport', chain: 'inet lxd acl.br-0' },
        { rule: 'oifname "br-0" reject', chain: 'inet lxd acl.br-0' },
      ],
      status: ['rejected'],
    },
    mend: [['host', `nft 'insert rule inet lxd acl.br-0 oifname "br-0" tcp dport { 80, 443 } accept'`]],
  },
]
