/** From threads, by nft: hosts of containers whose rules Puppet and netavark wrote. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const APP = { protocol: 'tcp', port: 8080 } as const

const DNS = { protocol: 'udp', port: 53 } as const

const POSTGRES = { protocol: 'tcp', port: 5432 } as const

/** The class `nftables::rules::docker_ce` with its defaults: the bridge docker0 and its network. */
const PUPPET = `table inet filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    jump global
    jump default_in
    limit rate 3/minute burst 5 packets log prefix "[nftables] INPUT Rejected: " flags all
    reject with icmpx port-unreachable
  }
  chain OUTPUT {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    jump global
    jump default_out
    limit rate 3/minute burst 5 packets log prefix "[nftables] OUTPUT Rejected: " flags all
    reject with icmpx port-unreachable
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    iifname "lo" accept
    jump global
    jump default_fwd
    limit rate 3/minute burst 5 packets log prefix "[nftables] FORWARD Rejected: " flags all
    reject with icmpx port-unreachable
  }
  chain global {
    ct state established,related accept
    ct state invalid drop
  }
  chain default_in {
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain default_out {
    meta l4proto { icmp, ipv6-icmp } accept
    udp dport 53 accept
    tcp dport 53 accept
    tcp dport { 80, 443 } accept
  }
  chain default_fwd {
    jump docker_user
    jump docker_isolation_stage_1
    oifname "docker0" ct state established,related accept
    oifname "docker0" jump docker
    iifname "docker0" oifname != "docker0" accept
    iifname "docker0" oifname "docker0" accept
  }
  chain docker {
  }
  chain docker_user {
    return
  }
  chain docker_isolation_stage_1 {
    iifname "docker0" oifname != "docker0" jump docker_isolation_stage_2
    return
  }
  chain docker_isolation_stage_2 {
    oifname "docker0" drop
    return
  }
}
table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump docker
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip saddr 172.17.0.0/16 masquerade
  }
  chain docker {
    iifname "docker0" return
  }
}
`

/** podman2 was made with \`--opt isolate=strict\`, podman1 without. */
const NETAVARK = `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip6 saddr fd00:89::/64 meta l4proto { tcp, udp } th dport 53 accept
    ip6 saddr fd00:89:1::/64 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip6 daddr fd00:89::/64 ct state established,related accept
    ip6 saddr fd00:89::/64 accept
    ip6 daddr fd00:89:1::/64 ct state established,related accept
    ip6 saddr fd00:89:1::/64 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip6 saddr fd00:89::/64 jump nv_2f259bab_fd00-89--_nm64
    ip6 saddr fd00:89:1::/64 jump nv_8a1c7e40_fd00-89-1--_nm64
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
    tcp dport 8080 jump nv_8a1c7e40_fd00-89-1--_nm64_dnat
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
    iifname "podman2" oifname != "podman2" jump NETAVARK-ISOLATION-3
  }
  chain NETAVARK-ISOLATION-2 {
    oifname "podman2" drop
  }
  chain NETAVARK-ISOLATION-3 {
    oifname "podman1" drop
    oifname "podman2" drop
    jump NETAVARK-ISOLATION-2
  }
  chain nv_2f259bab_fd00-89--_nm64 {
    ip6 daddr fd00:89::/64 accept
    ip6 daddr != ff00::/8 masquerade
  }
  chain nv_8a1c7e40_fd00-89-1--_nm64 {
    ip6 daddr fd00:89:1::/64 accept
    ip6 daddr != ff00::/8 masquerade
  }
  chain nv_8a1c7e40_fd00-89-1--_nm64_dnat {
    ip6 saddr fd00:89:1::/64 tcp dport 8080 jump NETAVARK-HOSTPORT-SETMARK
    tcp dport 8080 dnat ip6 to [fd00:89:1::2]:80
  }
}
`

export const THREADS_BJ: Problem[] = [
  {
    name: 'puppet-knows-docker0-and-no-network-of-compose',
    thread: {
      title: 'Incomplete forward chain rules for docker_ce',
      address: 'https://github.com/voxpupuli/puppet-nftables/issues/114',
    },
    backend: 'nft',
    hosts: {
      dns: { addresses: { eth0: ['192.0.2.53/24'] }, listeners: [DNS, HTTPS] },
      host: {
        bridges: { docker0: ['veth0'], 'br-ea660202f5a0': ['veth1'] },
        addresses: {
          eth0: ['192.0.2.1/24'],
          eth1: ['10.0.0.1/24'],
          docker0: ['172.17.0.1/16'],
          'br-ea660202f5a0': ['172.19.0.1/16'],
        },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: PUPPET },
      },
      admin: { addresses: { eth0: ['10.0.0.9/24'] }, routes: ['172.16.0.0/12 via 10.0.0.1'] },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [APP] },
      app: { addresses: { eth0: ['172.19.0.2/16'] }, routes: ['default via 172.19.0.1'], listeners: [APP] },
    },
    links: [
      ['dns:eth0', 'host:eth0'],
      ['admin:eth0', 'host:eth1'],
      ['host:veth0', 'c1:eth0'],
      ['host:veth1', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'app', what: 'udp', to: '192.0.2.53', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'c1', what: 'udp', to: '192.0.2.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '192.0.2.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '172.19.0.2', port: 8080 }, seen: 'refused' },
      { sending: { from: 'app', what: 'tcp', to: '172.17.0.2', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        "Puppet's rules know docker0 alone. What comes from the network of compose is rejected in FORWARD, and it would leave with its own address, since the masquerade is for docker0's network alone.",
      causes: [
        { rule: 'reject', chain: 'inet filter FORWARD' },
        { chain: 'inet filter default_fwd' },
        { code: 'several-causes' },
      ],
      status: ['rejected'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'host',
        'nft add rule inet filter default_fwd iifname br-ea660202f5a0 oifname eth0 accept; nft add rule ip nat POSTROUTING oifname != br-ea660202f5a0 ip saddr 172.19.0.0/16 masquerade',
      ],
    ],
  },
  {
    name: 'netavark-drops-what-a-strictly-isolated-network-replies',
    thread: {
      title: 'Network isolation between containers on different networks',
      address: 'https://github.com/podman-container-tools/podman/issues/26913',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] }, listeners: [{ ...WEB, address: '::' }] },
      host: {
        bridges: { podman1: ['veth0'], podman2: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], podman1: ['fd00:89::1/64'], podman2: ['fd00:89:1::1/64'] },
        sysctls: FORWARDS,
        rules: { nft: NETAVARK },
      },
      c1: {
        addresses: { eth0: ['fd00:89::2/64'] },
        routes: ['default via fd00:89::1'],
        listeners: [{ ...WEB, address: '::' }],
      },
      c2: {
        addresses: { eth0: ['fd00:89:1::2/64'] },
        routes: ['default via fd00:89:1::1'],
        listeners: [
          { ...WEB, address: '::' },
          { ...POSTGRES, address: '::' },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'c1:eth0'],
      ['host:veth1', 'c2:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '2001:db8:1::1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: 'fd00:89::2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: 'fd00:89:1::2', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The request reaches the published port. Its reply comes from the strictly isolated network, and the chain of isolation drops it before the rule that accepts replies.',
      causes: [
        { rule: 'oifname "podman1" drop', chain: 'inet netavark NETAVARK-ISOLATION-3' },
        { rule: 'iifname "podman2" oifname != "podman2" jump', chain: 'inet netavark NETAVARK-ISOLATION-1' },
        { rule: 'jump NETAVARK-ISOLATION-1', chain: 'inet netavark FORWARD' },
      ],
      status: ['reply-lost'],
    },
    mend: [['host', 'nft insert rule inet netavark FORWARD ct status dnat ct state established accept']],
  },
]
