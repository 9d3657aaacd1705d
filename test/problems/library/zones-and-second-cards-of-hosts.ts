/** From threads: firewalld without mountd, a country in its zone drop, and instances with a second network card. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const MOUNTD = { protocol: 'tcp', port: 20048 } as const

const zone = (name: string, allow: string, last: string) => `  chain filter_IN_${name} {
    jump filter_INPUT_POLICIES_pre
    jump filter_IN_${name}_pre
    jump filter_IN_${name}_log
    jump filter_IN_${name}_deny
    jump filter_IN_${name}_allow
    jump filter_IN_${name}_post
    jump filter_INPUT_POLICIES_post
    ${last}
  }
  chain filter_IN_${name}_pre {
  }
  chain filter_IN_${name}_log {
  }
  chain filter_IN_${name}_deny {
  }
  chain filter_IN_${name}_allow {
${allow}  }
  chain filter_IN_${name}_post {
  }
`

const firewalld = (allow: string, { sets = '', sources = '', zones = '' } = {}) => `table inet firewalld {
${sets}  chain filter_PREROUTING {
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
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
  chain filter_INPUT_POLICIES_pre {
    jump filter_IN_policy_allow-host-ipv6
  }
  chain filter_INPUT_POLICIES_post {
  }
  chain filter_IN_policy_allow-host-ipv6 {
    icmpv6 type { nd-neighbor-advert, nd-neighbor-solicit, nd-router-advert, nd-redirect } accept
  }
  chain filter_INPUT_ZONES {
${sources}    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
${zone(
  'public',
  `    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
${allow}`,
  'meta l4proto { icmp, ipv6-icmp } accept\n    reject with icmpx admin-prohibited',
)}${zones}}
`

/** A network of a cloud: it lets no interface send from an address of another. */
const checked = (pairs: readonly (readonly [string, string])[]) => `table bridge sources {
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
${pairs.map(([port, address]) => `    iifname "${port}" ether type ip ip saddr != ${address} drop\n`).join('')}  }
}
`

const AWS = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-1 - [0:0]
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 ! -d 10.0.0.0/8 -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1
-A AWS-SNAT-CHAIN-1 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.1.50
COMMIT
`

const INSTANCE = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 22, 443 } accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`

export const ZONES_AND_SECOND_CARDS_OF_HOSTS: Problem[] = [
  {
    name: 'firewalld-lets-nfs-and-rpc-bind-in-and-not-mountd',
    thread: {
      title: 'BB-12 - [BUG] NFS firewall rule missing mountd for Redhat and related distros',
      address: 'https://github.com/bluebanquise/bluebanquise/issues/852',
    },
    backend: 'nft',
    hosts: {
      compute: { addresses: { eth0: ['10.10.0.20/16'] } },
      mgt: {
        addresses: { eth0: ['10.10.0.1/16'] },
        listeners: [
          SSH,
          { protocol: 'tcp', port: 2049 },
          { protocol: 'udp', port: 111 },
          MOUNTD,
          { protocol: 'tcp', port: 5432 },
        ],
        rules: {
          nft: firewalld(`    tcp dport 2049 accept
    tcp dport 111 accept
    udp dport 111 accept
`),
        },
      },
    },
    links: [['compute:eth0', 'mgt:eth0']],
    traced: 'mgt',
    fails: { from: 'compute', what: 'tcp', to: '10.10.0.1', port: 20048 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'compute', what: 'tcp', to: '10.10.0.1', port: 2049 }, seen: 'answered' },
      { sending: { from: 'compute', what: 'udp', to: '10.10.0.1', port: 111 }, seen: 'answered' },
      { sending: { from: 'compute', what: 'ping', to: '10.10.0.1' }, seen: 'answered' },
      { sending: { from: 'compute', what: 'tcp', to: '10.10.0.1', port: 5432 }, seen: 'unreachable' },
    ],
    truth: {
      words: 'The zone accepts nfs and rpc-bind. A client asks mountd first, on 20048, and the zone rejects that.',
      causes: [
        { chain: 'inet firewalld filter_IN_public_allow' },
        { rule: 'reject', chain: 'inet firewalld filter_IN_public' },
      ],
      status: ['rejected'],
    },
    mend: [['mgt', 'nft add rule inet firewalld filter_IN_public_allow tcp dport 20048 accept']],
  },
  {
    name: 'healthy-country-in-the-zone-drop-is-asked-by-the-server-itself',
    thread: { title: 'Blocks to invasive', address: 'https://github.com/dvershinin/fds/issues/7' },
    backend: 'nft',
    hosts: {
      abroad: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: [HTTPS] },
      provider: { addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] }, sysctls: FORWARDS },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH],
        rules: {
          nft: firewalld('', {
            sets: `  set networkblock4 {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/24, 203.0.113.0/24 }
  }
`,
            sources: '    ip saddr @networkblock4 goto filter_IN_drop\n',
            zones: zone('drop', '', 'drop'),
          }),
        },
      },
    },
    links: [
      ['abroad:eth0', 'provider:eth0'],
      ['provider:eth1', 'server:eth0'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'abroad', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'provider', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong. The zone drop is for what others begin; replies are accepted before the zones are asked.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
  {
    name: 'second-card-of-a-node-is-pinged-from-another-network-and-no-rule-is-for-its-own-address',
    thread: {
      title: "after a node joins EKS cluster, cannot ping its second ENI's ip from peer vpc",
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/1327',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { eth0: ['10.9.0.9/24'] }, routes: ['default via 10.9.0.1'] },
      vpc: {
        addresses: { eth0: ['10.9.0.1/24'], eth1: ['10.0.1.1/24'], eth2: ['10.0.2.1/24'] },
        routes: ['10.0.2.60/32 via 10.0.2.50'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip sources {
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname "eth1" ip saddr != 10.0.1.50 drop
    iifname "eth2" ip saddr != { 10.0.2.50, 10.0.2.60 } drop
  }
}
`,
        },
      },
      node: {
        addresses: { eth0: ['10.0.1.50/24'], eth1: ['10.0.2.50/24'], eni1: ['169.254.1.1/32'] },
        routes: [
          'default via 10.0.1.1 dev eth0',
          '10.0.2.60/32 dev eni1',
          'default via 10.0.2.1 dev eth1 table 2',
          '10.0.2.1 dev eth1 table 2',
        ],
        sysctls: {
          ...FORWARDS,
          'net.ipv4.conf.all.rp_filter': '0',
          'net.ipv4.conf.default.rp_filter': '1',
        },
        listeners: [SSH],
        rules: { v4: AWS },
      },
      pod: { addresses: { eth0: ['10.0.2.60/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
    },
    links: [
      ['peer:eth0', 'vpc:eth0'],
      ['vpc:eth1', 'node:eth0'],
      ['vpc:eth2', 'node:eth1'],
      ['node:eni1', 'pod:eth0'],
    ],
    setup: [
      [
        'node',
        'sysctl -qw net.ipv4.conf.eth0.rp_filter=2; ip rule add pref 512 to 10.0.2.60 lookup main; ip rule add pref 1024 fwmark 0x80/0x80 lookup main; ip rule add pref 1536 from 10.0.2.60 to 10.0.0.0/8 lookup 2',
      ],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'ping', to: '10.0.2.50' },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'ping', to: '10.0.1.50' }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '10.0.2.60' }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: '10.9.0.9' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.9.0.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Rules send a pod's address out by the second card, and none is for that card's own: the way back to the peer is by eth0, so the reverse path filter of eth1 drops the request. Loose alone, the reply would leave by eth0, whose network lets that address not through.",
      causes: [{ code: 'vanished-rp-filter' }, { code: 'kernel-drop', words: ['rp_filter'] }],
      status: ['lost'],
      alsoTrue: ['reply-by-other-uplink', 'wrong-way-out'],
    },
    mend: [['node', 'ip rule add pref 1500 from 10.0.2.50 lookup 2']],
  },
  {
    name: 'two-cards-in-one-subnet-and-only-the-second-has-a-rule-for-its-address',
    thread: {
      title: 'Warning documentation for the implication of lack of rule on primary NIC',
      address: 'https://github.com/amazonlinux/amazon-ec2-net-utils/issues/174',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'], listeners: [HTTPS] },
      vpc: {
        bridges: { br0: ['p0', 'p1'] },
        addresses: { br0: ['10.0.0.1/24'], eth0: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: checked([
            ['p0', '10.0.0.10'],
            ['p1', '10.0.0.11'],
          ]),
        },
      },
      instance: {
        addresses: { ens5: ['10.0.0.10/24'], ens6: ['10.0.0.11/24'] },
        routes: [
          'default via 10.0.0.1 dev ens6 src 10.0.0.11 metric 512',
          'default via 10.0.0.1 dev ens5 src 10.0.0.10 metric 522',
          'default via 10.0.0.1 dev ens6 table 10001',
          '10.0.0.0/24 dev ens6 src 10.0.0.11 table 10001',
        ],
        sysctls: {
          'net.ipv4.conf.all.rp_filter': '2',
          'net.ipv4.conf.all.arp_ignore': '1',
          'net.ipv4.conf.all.arp_announce': '2',
        },
        listeners: [SSH, HTTPS, { protocol: 'tcp', port: 8080 }],
        rules: { nft: INSTANCE },
      },
    },
    links: [
      ['client:eth0', 'vpc:eth0'],
      ['vpc:p0', 'instance:ens5'],
      ['vpc:p1', 'instance:ens6'],
    ],
    setup: [['instance', 'ip rule add pref 10001 from 10.0.0.11 lookup 10001']],
    traced: 'instance',
    fails: { from: 'client', what: 'tcp', to: '10.0.0.10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.11', port: 443 }, seen: 'answered' },
      { sending: { from: 'instance', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.11', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The reply of the first card leaves by the second, which has the better default route: no rule is for the address of the first, and the network lets no card send from an address that is not its own.',
      causes: [
        { code: 'reply-by-other-uplink', words: ['ens5', 'ens6'] },
        { code: 'wrong-way-out', words: ['ens5', 'ens6'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'instance',
        'ip route add default via 10.0.0.1 dev ens5 table 10000; ip route add 10.0.0.0/24 dev ens5 src 10.0.0.10 table 10000; ip rule add pref 10000 from 10.0.0.10 lookup 10000',
      ],
    ],
  },
]
