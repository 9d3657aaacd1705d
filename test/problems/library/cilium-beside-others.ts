/** From threads, by iptables-legacy: Cilium beside kube-proxy and beside the plugin of AWS, where a rule asks for interfaces that have another name. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const ALT = { protocol: 'tcp', port: 8080 } as const
const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`
const FILTER = `:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
`
const MANGLE = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** The second and the fifth rule are for lxc+, as they were written when each endpoint had a route of its own. */
const CILIUM = `*nat
${NAT}:CILIUM_POST_nat - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-YBWGQZ3HKJ5TSV7M - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-BDTQHMXAJ2RNGPEZ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CILIUM_POST_nat -s 10.0.1.0/24 ! -d 10.0.0.0/8 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
-A CILIUM_POST_nat ! -o lxc+ -m comment --comment "exclude non-lxc+ traffic from masquerade" -j RETURN
-A CILIUM_POST_nat -m mark --mark 0xa00/0xe00 -m comment --comment "exclude proxy return traffic from masquerade" -j ACCEPT
-A CILIUM_POST_nat ! -s 10.0.1.6/32 ! -d 10.0.1.0/24 -o cilium_host -m comment --comment "cilium host->cluster masquerade" -j SNAT --to-source 10.0.1.6
-A CILIUM_POST_nat -s 127.0.0.1/32 -o lxc+ -m comment --comment "cilium host->cluster from 127.0.0.1 masquerade" -j SNAT --to-source 10.0.1.6
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-YBWGQZ3HKJ5TSV7M -s 10.0.2.20/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-YBWGQZ3HKJ5TSV7M -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.2.20:8080
-A KUBE-SERVICES -d 10.96.0.80/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-BDTQHMXAJ2RNGPEZ
-A KUBE-SVC-BDTQHMXAJ2RNGPEZ -m comment --comment "default/web -> 10.0.2.20:8080" -j KUBE-SEP-YBWGQZ3HKJ5TSV7M
COMMIT
*filter
${FILTER}:CILIUM_FORWARD - [0:0]
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_host -m comment --comment "cilium: cluster->any on cilium_host forward accept (nodeport)" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
COMMIT
`

const ENI = `*mangle
${MANGLE}-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
${NAT}:KUBE-EXT-ZW4TXQ7BYTGX5MMK - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SEP-2GKCV5PRJ4KLT6OB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVL-ZW4TXQ7BYTGX5MMK - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-EXT-ZW4TXQ7BYTGX5MMK -j KUBE-SVL-ZW4TXQ7BYTGX5MMK
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/echo-b" -m tcp --dport 31313 -j KUBE-EXT-ZW4TXQ7BYTGX5MMK
-A KUBE-SEP-2GKCV5PRJ4KLT6OB -p tcp -m comment --comment "default/echo-b" -m tcp -j DNAT --to-destination 192.168.126.96:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVL-ZW4TXQ7BYTGX5MMK -m comment --comment "default/echo-b -> 192.168.126.96:80" -j KUBE-SEP-2GKCV5PRJ4KLT6OB
COMMIT
*filter
${FILTER}:CILIUM_FORWARD - [0:0]
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A CILIUM_FORWARD -o lxc+ -m comment --comment "cilium: any->cluster on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
COMMIT
`

export const CILIUM_BESIDE_OTHERS: Problem[] = [
  {
    name: 'cilium-leaves-its-chain-before-the-source-for-the-tunnel',
    thread: {
      title: 'iptables: Fix incorrect SNAT bypass with endpoint routes and tunneling',
      address: 'https://github.com/cilium/cilium/pull/14913',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod1: {
        addresses: { eth0: ['10.0.1.20/32'] },
        routes: ['10.0.1.6/32 dev eth0', 'default via 10.0.1.6'],
        listeners: [ALT],
      },
      node1: {
        addresses: { eth0: ['192.0.2.1/24'], cilium_host: ['10.0.1.6/32'], lxc1: [] },
        routes: [
          'default via 192.0.2.254',
          '10.0.1.20/32 dev lxc1',
          '10.0.2.6/32 dev cilium_host',
          '10.0.2.0/24 via 10.0.2.6 dev cilium_host',
        ],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '0' },
        listeners: [SSH],
        rules: { v4: CILIUM },
      },
      // the network between nodes: what comes from no node is dropped there
      cloud: {
        addresses: { eth1: ['192.0.2.254/24'], eth2: ['198.51.100.254/24'] },
        sysctls: FORWARDS,
        listeners: [HTTP],
        rules: { v4: `*filter\n${FILTER}-A FORWARD -s 10.0.0.0/8 -j DROP\nCOMMIT\n` },
      },
      node2: {
        addresses: { eth0: ['198.51.100.2/24'], cilium_host: ['10.0.2.6/32'], lxc2: [] },
        routes: [
          'default via 198.51.100.254',
          '10.0.2.20/32 dev lxc2',
          '10.0.1.6/32 dev cilium_host',
          '10.0.1.0/24 via 10.0.1.6 dev cilium_host',
        ],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '0' },
        listeners: [SSH],
      },
      pod2: {
        addresses: { eth0: ['10.0.2.20/32'] },
        routes: ['10.0.2.6/32 dev eth0', 'default via 10.0.2.6'],
        listeners: [ALT],
      },
    },
    links: [
      ['pod1:eth0', 'node1:lxc1'],
      ['node1:eth0', 'cloud:eth1'],
      ['node1:cilium_host', 'node2:cilium_host'],
      ['node2:eth0', 'cloud:eth2'],
      ['node2:lxc2', 'pod2:eth0'],
    ],
    traced: 'node1',
    fails: { from: 'node1', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod1', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '10.0.2.20', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pod1', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '198.51.100.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod2', what: 'tcp', to: '10.0.1.20', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A rule leaves Cilium’s chain for all that does not go out by lxc+, so the rule behind it that gives what goes into the tunnel the address of the tunnel is never evaluated. The pod’s reply to the node’s own address goes past the tunnel, and is dropped there.',
      causes: [
        { rule: '! -o lxc+', chain: 'nat CILIUM_POST_nat' },
        { rule: '--to-source 10.0.1.6', chain: 'nat CILIUM_POST_nat' },
        { code: 'not-masqueraded' },
        { code: 'returned-early' },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'node1',
        'iptables -t nat -R CILIUM_POST_nat 2 ! -o cilium_host -m comment --comment "exclude non-cilium_host traffic from masquerade" -j RETURN',
      ],
    ],
  },
  {
    name: 'aws-restores-its-mark-for-eni-and-ciliums-pods-are-behind-lxc',
    thread: {
      title: 'pod-to-b-multi-node-nodeport connectivity test failing on EKS with 1.8.0-rc3',
      address: 'https://github.com/cilium/cilium/issues/12098',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.168.34.149/24'] }, routes: ['default via 192.168.34.1'], listeners: [HTTP] },
      // it takes from a card the addresses of that card alone
      vpc: {
        addresses: { eth0: ['192.168.34.1/24'], eth1: ['192.168.21.1/24'], eth2: ['192.168.126.1/24'] },
        sysctls: FORWARDS,
        rules: { v4: `*filter\n${FILTER}-A FORWARD ! -s 192.168.126.0/24 -i eth2 -j DROP\nCOMMIT\n` },
      },
      node: {
        addresses: { eth0: ['192.168.21.197/24'], eth2: ['192.168.126.5/24'], lxc1: [] },
        routes: [
          'default via 192.168.21.1',
          '192.168.126.96/32 dev lxc1',
          'default via 192.168.126.1 dev eth2 table 27',
        ],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '2', 'net.ipv4.conf.all.proxy_arp': '1' },
        listeners: [SSH],
        rules: { v4: ENI },
      },
      pod: {
        addresses: { eth0: ['192.168.126.96/32'] },
        routes: ['169.254.1.1/32 dev eth0', 'default via 169.254.1.1'],
        listeners: [HTTP],
      },
    },
    links: [
      ['client:eth0', 'vpc:eth0'],
      ['vpc:eth1', 'node:eth0'],
      ['vpc:eth2', 'node:eth2'],
      ['node:lxc1', 'pod:eth0'],
    ],
    setup: [
      [
        'node',
        'ip rule add pref 20 to 192.168.126.96 lookup main; ip rule add pref 109 fwmark 0x80/0x80 lookup main; ip rule add pref 110 from 192.168.126.96 to 192.168.0.0/16 lookup 27',
      ],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.168.21.197', port: 31313 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.21.197', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.126.96', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.168.34.149', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.126.96', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The connection has the mark of the first card, but the rule that restores it asks for interfaces eni+, and Cilium’s are called lxc+. Without the mark the pod’s reply goes out by the second card, with the address of the first.',
      causes: [
        { rule: '-i eni+', chain: 'mangle PREROUTING' },
        { code: 'reply-by-other-uplink' },
        { code: 'mark-missing' },
        { code: 'wrong-way-out' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t mangle -A PREROUTING -i lxc+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
      ],
    ],
  },
]
