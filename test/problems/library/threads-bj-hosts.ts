/** From threads, by nft: a database host whose interface is in another zone, and a node beside the rules of its distribution. */
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const APP = { protocol: 'tcp', port: 8080 } as const

const POSTGRES = { protocol: 'tcp', port: 5432 } as const

const zone = (name: string, allow: string) => `  chain filter_IN_${name} {
    jump filter_IN_${name}_pre
    jump filter_IN_${name}_log
    jump filter_IN_${name}_deny
    jump filter_IN_${name}_allow
    jump filter_IN_${name}_post
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain filter_IN_${name}_pre {
  }
  chain filter_IN_${name}_log {
  }
  chain filter_IN_${name}_deny {
  }
  chain filter_IN_${name}_allow {
    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
    tcp dport 9090 ct state { new, untracked } accept
${allow}  }
  chain filter_IN_${name}_post {
  }
`

const FIREWALLD = `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    iifname "eth1" goto filter_IN_public
    goto filter_IN_public
  }
${zone('public', '')}${zone(
  'internal',
  `    ip daddr 224.0.0.251 udp dport 5353 ct state { new, untracked } accept
    tcp dport 5432 ct state { new, untracked } accept
`,
)}}
`

/** What the nftables service of RHEL comes with, and the rules for a node of RKE2 beside it. */
const RKE2 = `table inet nftables_svc {
  set allowed_protocols {
    type inet_proto
    elements = { icmp, ipv6-icmp }
  }
  set allowed_interfaces {
    type ifname
    elements = { "lo" }
  }
  set allowed_tcp_dports {
    type inet_service
    elements = { 22, 9090 }
  }
  chain allow {
    ct state established,related accept
    meta l4proto @allowed_protocols accept
    iifname @allowed_interfaces accept
    tcp dport @allowed_tcp_dports accept
  }
  chain INPUT {
    type filter hook input priority filter + 20; policy accept;
    jump allow
    reject with icmpx port-unreachable
  }
  chain FORWARD {
    type filter hook forward priority filter + 20; policy accept;
    jump allow
    reject with icmpx host-unreachable
  }
}
table ip rke2 {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip daddr 10.42.0.0/16 accept
    ip saddr 10.42.0.0/16 accept
    tcp dport 22 ct state new accept
    tcp dport 443 ct state new accept
    tcp dport 9345 ct state new accept
    tcp dport 6443 ct state new accept
  }
}
`

export const THREADS_BJ_HOSTS: Problem[] = [
  {
    name: 'firewalld-has-the-internal-interface-in-the-public-zone-since-the-boot',
    thread: {
      title: 'Interface not added to zone after reboot (no --permanent problem)',
      address: 'https://github.com/firewalld/firewalld/issues/636',
    },
    backend: 'nft',
    hosts: {
      app: { addresses: { eth0: ['10.0.0.20/24'] } },
      database: {
        addresses: { eth0: ['10.0.0.1/24'], eth1: ['203.0.113.1/24'] },
        listeners: [SSH, POSTGRES, APP],
        rules: { nft: FIREWALLD },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['app:eth0', 'database:eth0'],
      ['remote:eth0', 'database:eth1'],
    ],
    traced: 'database',
    fails: { from: 'app', what: 'tcp', to: '10.0.0.1', port: 5432 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'app', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'database', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 5432 }, seen: 'unreachable' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'unreachable' },
      { sending: { from: 'app', what: 'tcp', to: '10.0.0.1', port: 8080 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'Since the boot eth0 is in the zone public, which does not accept the port. The zone internal does, and no interface is in it.',
      causes: [
        { rule: 'iifname "eth0" goto filter_IN_public', chain: 'inet firewalld filter_INPUT_ZONES' },
        { chain: 'inet firewalld filter_INPUT_ZONES' },
        { chain: 'inet firewalld filter_IN_public_allow' },
        { rule: 'reject', chain: 'inet firewalld filter_INPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['database', 'nft insert rule inet firewalld filter_INPUT_ZONES iifname eth0 goto filter_IN_internal']],
  },
  {
    name: 'rke2-accepts-in-its-own-table-what-the-nftables-service-rejects',
    thread: {
      title: 'Support RHEL8 nftables',
      address: 'https://github.com/ranchergovernment/rke2-ansible/issues/134',
    },
    backend: 'nft',
    hosts: {
      agent: { addresses: { eth0: ['10.0.0.20/24'] }, listeners: [{ protocol: 'tcp', port: 10250 }] },
      server: {
        addresses: { eth0: ['10.0.0.1/24'] },
        listeners: [SSH, { protocol: 'tcp', port: 9345 }, { protocol: 'tcp', port: 2379 }],
        rules: { nft: RKE2 },
      },
    },
    links: [['agent:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'agent', what: 'tcp', to: '10.0.0.1', port: 9345 },
    seen: 'refused',
    others: [
      { sending: { from: 'agent', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.0.0.20', port: 10250 }, seen: 'answered' },
      { sending: { from: 'agent', what: 'tcp', to: '10.0.0.1', port: 2379 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The table for RKE2 accepts the port, which ends that table alone. The table of the nftables service comes later, does not list the port, and rejects.',
      causes: [
        { rule: 'reject', chain: 'inet nftables_svc INPUT' },
        { rule: 'tcp dport @allowed_tcp_dports', chain: 'inet nftables_svc allow' },
        { code: 'not-in-set', words: ['allowed_tcp_dports'] },
      ],
      status: ['rejected'],
    },
    mend: [['server', "nft add element inet nftables_svc allowed_tcp_dports '{ 9345 }'"]],
  },
]
