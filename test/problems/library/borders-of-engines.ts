/** Engines and network plugins whose packets meet firewalld's rules, or rules of their own that come too late, from threads of Docker, netavark and OVN-Kubernetes. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** firewalld's chains of one zone, for one hook. */
const zone = (name: string, hook: string, more = '') => `  chain ${hook}_${name} {
    jump ${hook}_${name}_pre
    jump ${hook}_${name}_log
    jump ${hook}_${name}_deny
    jump ${hook}_${name}_allow
    jump ${hook}_${name}_post
${more}  }
  chain ${hook}_${name}_pre {
  }
  chain ${hook}_${name}_log {
  }
  chain ${hook}_${name}_deny {
  }
  chain ${hook}_${name}_post {
  }
`
/** firewalld with the zones public (eth0) and `engine` of an engine's bridges; `forwards`: chains of nat that policies add. */
const firewalld = (engine: string, bridges: readonly string[], policy: { jump: string; chains: string }) => {
  const links = (hook: string) => bridges.map((one) => `    iifname "${one}" goto ${hook}_${engine}\n`).join('')
  return `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
${policy.jump}    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
${links('nat_PRE')}    goto nat_PRE_public
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:a9fe::/32 } reject with icmpv6 addr-unreachable
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
  chain filter_INPUT_ZONES {
${links('filter_IN')}    goto filter_IN_public
  }
  chain filter_FORWARD_ZONES {
${links('filter_FWD')}    goto filter_FWD_public
  }
${zone('public', 'nat_PRE')}  chain nat_PRE_public_allow {
  }
${zone(engine, 'nat_PRE')}  chain nat_PRE_${engine}_allow {
  }
${zone('public', 'filter_IN', '    meta l4proto { icmp, ipv6-icmp } accept\n    reject with icmpx admin-prohibited\n')}  chain filter_IN_public_allow {
    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
  }
${zone(engine, 'filter_IN', '    accept\n')}  chain filter_IN_${engine}_allow {
  }
${zone('public', 'filter_FWD', '    reject with icmpx admin-prohibited\n')}  chain filter_FWD_public_allow {
    oifname "eth0" accept
  }
${zone(engine, 'filter_FWD', '    accept\n')}  chain filter_FWD_${engine}_allow {
  }
${policy.chains}}
`
}

export const BORDERS_OF_ENGINES: Problem[] = [
  {
    name: 'docker-isolated-network-meets-firewallds-rpfilter',
    thread: {
      title: 'IPv6 does not work in an "isolated" network when firewalld is running',
      address: 'https://github.com/moby/moby/issues/49680',
    },
    backend: 'nft',
    hosts: {
      c1: { addresses: { eth0: ['fdd1:8161:2d2c:2::2/64', '172.19.0.2/16'] } },
      c2: {
        addresses: { eth0: ['fdd1:8161:2d2c:2::3/64', '172.19.0.3/16'] },
        listeners: [{ ...HTTPS, address: 'fdd1:8161:2d2c:2::3' }, HTTPS],
      },
      c3: { addresses: { eth0: ['fdd1:8161:2d2c::2/64'] }, routes: ['default via fdd1:8161:2d2c::1'] },
      client: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [{ ...HTTPS, address: '2001:db8:1::9' }],
      },
      host: {
        bridges: { 'br-testisol': ['veth1', 'veth2'], docker0: ['veth3'] },
        addresses: { docker0: ['fdd1:8161:2d2c::1/64', '172.17.0.1/16'], eth0: ['2001:db8:1::1/64'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        listeners: [{ ...SSH, address: '2001:db8:1::1' }],
        rules: {
          nft: `table ip6 filter {
  chain DOCKER-FORWARD {
    jump DOCKER-CT
    jump DOCKER-ISOLATION-STAGE-1
    jump DOCKER-BRIDGE
    iifname "docker0" counter accept
    iifname "br-testisol" oifname "br-testisol" counter accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-FORWARD
  }
  chain DOCKER-USER {
    counter return
  }
  chain DOCKER {
    iifname != "docker0" oifname "docker0" counter drop
  }
  chain DOCKER-BRIDGE {
    oifname "docker0" counter jump DOCKER
  }
  chain DOCKER-CT {
    oifname "docker0" ct state related,established counter accept
  }
  chain DOCKER-ISOLATION-STAGE-1 {
    iifname "docker0" oifname != "docker0" counter jump DOCKER-ISOLATION-STAGE-2
    iifname != "br-testisol" oifname "br-testisol" counter drop
    iifname "br-testisol" oifname != "br-testisol" counter drop
  }
  chain DOCKER-ISOLATION-STAGE-2 {
    oifname "docker0" counter drop
  }
}
table ip6 nat {
  chain DOCKER {
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    ip6 daddr != ::1 fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip6 saddr fdd1:8161:2d2c::/64 counter masquerade
  }
}
table ip6 raw {
  chain PREROUTING {
    type filter hook prerouting priority raw; policy accept;
  }
}
${firewalld('docker', ['docker0', 'br-testisol'], { jump: '', chains: '' })}`,
        },
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
      ['c3:eth0', 'host:veth3'],
      ['client:eth0', 'host:eth0'],
    ],
    traced: 'host',
    // such a bridge has no address at all
    setup: [['host', 'sysctl -qw net.ipv6.conf.br-testisol.disable_ipv6=1']],
    fails: { from: 'c1', what: 'tcp', to: 'fdd1:8161:2d2c:2::3', port: 443 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'fdd1:8161:2d2c:2::2' },
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '172.19.0.3', port: 443 }, seen: 'answered' },
      { sending: { from: 'c3', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'c3', what: 'ping', to: 'fdd1:8161:2d2c::1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The bridge has no address, so the host has no route to the containers by it: firewalld's reverse-path filter drops what they send over IPv6, and of neighbour discovery it accepts the question, but not the advertisement.",
      causes: [{ rule: 'fib saddr . mark . iif oif', chain: 'inet firewalld filter_PREROUTING' }],
      status: ['dropped', 'reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['bridge-nf-call', 'neighbour-discovery-dropped'],
    },
    mend: [['host', 'nft insert rule inet firewalld filter_PREROUTING iifname br-testisol accept']],
  },
  {
    name: 'netavark-forwards-to-the-published-address-itself',
    thread: {
      title: 'Wrong firewalld rule generated when publishing ports on specified ip',
      address: 'https://github.com/containers/netavark/issues/881',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['10.52.0.9/24'] } },
      host: {
        bridges: { podman0: ['veth1'] },
        addresses: { eth0: ['10.52.0.2/24', '10.52.0.3/24'], podman0: ['10.88.0.1/16'] },
        routes: ['default via 10.52.0.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: firewalld('netavark_zone', ['podman0'], {
            jump: '    jump nat_PRE_policy_netavark_portfwd\n',
            chains: `${zone('policy_netavark_portfwd', 'nat_PRE')}  chain nat_PRE_policy_netavark_portfwd_allow {
    meta nfproto ipv4 tcp dport 1111 dnat ip to 10.52.0.2:1111
    meta nfproto ipv4 ip daddr 10.52.0.3 tcp dport 2222 dnat ip to 10.88.0.5:2222
  }
  chain filter_FWD_policy_netavark_portfwd {
  }
  chain nat_POST_netavark_zone {
    type nat hook postrouting priority srcnat + 11; policy accept;
    ip saddr 10.88.0.0/16 oifname "eth0" masquerade
  }
`,
          }),
        },
      },
      box: {
        addresses: { eth0: ['10.88.0.5/16'] },
        routes: ['default via 10.88.0.1'],
        listeners: [
          { protocol: 'tcp', port: 1111 },
          { protocol: 'tcp', port: 2222 },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'box:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '10.52.0.2', port: 1111 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.52.0.3', port: 2222 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.52.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.88.0.5', port: 1111 }, seen: 'answered' },
      { sending: { from: 'box', what: 'ping', to: '10.52.0.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The port was published on one address, and that address became the target in place of the container's: that translates nothing, so the request is for the host itself, it counts as no translated connection, and the zone rejects it.",
      causes: [
        {
          rule: 'tcp dport 1111 dnat ip to 10.52.0.2:1111',
          chain: 'inet firewalld nat_PRE_policy_netavark_portfwd_allow',
        },
      ],
      status: ['rejected'],
      alsoTrue: ['closed-port'],
    },
    mend: [
      [
        'host',
        'nft insert rule inet firewalld nat_PRE_policy_netavark_portfwd_allow ip daddr 10.52.0.2 tcp dport 1111 dnat ip to 10.88.0.5:1111',
      ],
    ],
  },
  {
    name: 'ovn-egress-guard-drops-a-pod-without-translation',
    thread: { title: 'Draft/WIP', address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/pull/6657' },
    backend: 'nft',
    hosts: {
      pod1: { addresses: { eth0: ['fd00:10:244:1::5/64'] }, routes: ['default via fd00:10:244:1::2'] },
      pod2: { addresses: { eth0: ['fd00:10:244:1::7/64'] }, routes: ['default via fd00:10:244:1::2'] },
      ovn: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      node: {
        addresses: {
          'ovn-k8s-mp0': ['fd00:10:244:1::2/64'],
          breth0: ['2001:db8:1::11/64'],
          eth1: ['2001:db8:5::10/64', '2001:db8:5::50/128', '2001:db8:5::51/128'],
        },
        routes: ['default via 2001:db8:1::1'],
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '2001:db8:1::11' }],
        rules: {
          nft: `table inet ovn-kubernetes {
  comment "OVN-Kubernetes rules"
  set egressip-pods-v6 {
    type ipv6_addr
    comment "Pods with an egress IP on another interface"
    elements = { fd00:10:244:1::5, fd00:10:244:1::7 }
  }
  map egressip-snat-v6 {
    type ipv6_addr : ipv6_addr
    comment "Egress IPs by pod"
    elements = { fd00:10:244:1::7 : 2001:db8:5::51 }
  }
  set mgmtport-no-snat-nodeports {
    type inet_proto . inet_service
    comment "NodePorts not subject to management port SNAT"
  }
  chain egressip-mark {
    type filter hook prerouting priority mangle; policy accept;
    iifname "ovn-k8s-mp0" ip6 saddr @egressip-pods-v6 ip6 daddr != { fd00:10:244::/48, fd00:10:96::/112 } meta mark set 0x3f1
  }
  chain udn-service-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    comment "UDN services packet mark - Prerouting"
  }
  chain mgmtport-snat {
    type nat hook postrouting priority srcnat; policy accept;
    comment "OVN SNAT to Management Port"
    oifname != "ovn-k8s-mp0" return
    meta nfproto ipv6 ip6 saddr fd00:10:244:1::2 return
    meta l4proto . th dport @mgmtport-no-snat-nodeports return
    meta nfproto ipv6 snat ip6 to fd00:10:244:1::2
  }
  chain egressip-snat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth1" meta mark 0x3f1 snat ip6 to ip6 saddr map @egressip-snat-v6
  }
  chain ovn-kube-local-gw-masq {
    type nat hook postrouting priority srcnat; policy accept;
    comment "OVN local gateway masquerade"
    oifname "breth0" ip6 saddr fd00:10:244:1::/64 masquerade
  }
  chain ovn-kube-egress-ip {
    comment "OVN egress IP traffic handling"
    type filter hook postrouting priority srcnat + 1; policy accept;
    ip6 saddr fd00:10:244::/48 meta mark 0x3f1 counter drop comment "Drop egress IP pod traffic from fd00:10:244::/48"
  }
}
`,
        },
      },
      gw: { addresses: { eth0: ['2001:db8:1::1/64'] }, listeners: [{ ...HTTPS, address: '2001:db8:1::1' }] },
      server: { addresses: { eth0: ['2001:db8:5::9/64'] }, listeners: [{ ...HTTPS, address: '2001:db8:5::9' }] },
    },
    links: [
      ['pod1:eth0', 'ovn:p1'],
      ['pod2:eth0', 'ovn:p2'],
      ['ovn:p3', 'node:ovn-k8s-mp0'],
      ['node:breth0', 'gw:eth0'],
      ['node:eth1', 'server:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'ip -6 route add default via 2001:db8:5::9 dev eth1 table 1003; ip -6 rule add pref 6000 fwmark 0x3f1 lookup 1003',
      ],
    ],
    fails: { from: 'pod1', what: 'tcp', to: '2001:db8:5::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod2', what: 'tcp', to: '2001:db8:5::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:5::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '2001:db8:1::11', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod1', what: 'ping', to: 'fd00:10:244:1::2' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The map of egress addresses has no element for this pod yet: its source stays as it is, and the guard behind the translation drops what is marked and still has the address of a pod.',
      causes: [
        { rule: 'map @egressip-snat-v6', chain: 'inet ovn-kubernetes egressip-snat' },
        { rule: 'counter drop', chain: 'inet ovn-kubernetes ovn-kube-egress-ip' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'nft add element inet ovn-kubernetes egressip-snat-v6 "{ fd00:10:244:1::5 : 2001:db8:5::50 }"']],
  },
]
