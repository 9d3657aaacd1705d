/** Near those of cluster-nodes.ts and docker-hosts.ts: the same signs with other causes. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

const INPUT = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto icmp accept
    tcp dport { 22, 80 } accept
  }
}
`

export const NEAR_NODES_AND_HOSTS: Problem[] = [
  {
    name: 'near-loose-filter-of-a-tunnel-without-an-address',
    thread: {
      title: 'reverse path for node->pod traffic must return on same tunnel interface.',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/138',
    },
    backend: 'nft',
    hosts: {
      switch: { bridges: { br0: ['p1', 'p2'] }, addresses: { br0: ['198.51.100.9/24'] } },
      node: {
        addresses: { eth0: ['198.51.100.177/24'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '2' },
        listeners: [tcp(22), tcp(80), tcp(9100)],
        rules: { nft: INPUT },
      },
      other: { addresses: { eth0: ['198.51.100.175/24'] } },
    },
    links: [
      ['switch:p1', 'node:eth0'],
      ['switch:p2', 'other:eth0'],
      ['node:tun0', 'other:tun0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip link set tun0 address 02:00:00:00:00:77'],
      [
        'other',
        'ip route add 198.51.100.177 dev tun0 src 198.51.100.175 table 77; ip rule add ipproto tcp dport 80 lookup 77; ip neigh replace 198.51.100.177 lladdr 02:00:00:00:00:77 dev tun0 nud permanent',
      ],
    ],
    fails: { from: 'other', what: 'tcp', to: '198.51.100.177', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'other', what: 'tcp', to: '198.51.100.177', port: 22 }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '198.51.100.177', port: 80 }, seen: 'answered' },
      { sending: { from: 'switch', what: 'tcp', to: '198.51.100.177', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The filter is loose, but the tunnel has no address, and there loose is as strict: the route back leaves by eth0.',
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['lost'],
    },
    mend: [['node', 'sysctl -w net.ipv4.conf.all.rp_filter=0']],
  },
  {
    name: 'near-other-router-brings-the-request-and-the-client-drops-the-reply',
    thread: {
      title: 'Routing / NAT issue on multiple network interfaces host',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/549',
    },
    backend: 'nft',
    hosts: {
      gateway: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['10.1.11.1/24'] },
        routes: ['10.233.66.0/24 via 10.1.11.27'],
        sysctls: FORWARDS,
      },
      node: {
        addresses: { eth0: ['10.1.11.28/24'] },
        routes: ['default via 10.1.11.1'],
        listeners: [tcp(22), ...WEB, tcp(9100)],
        rules: { nft: INPUT },
      },
      other: {
        bridges: { 'kube-bridge': ['veth1'] },
        addresses: { eth0: ['10.1.11.27/24'], 'kube-bridge': ['10.233.66.1/24'] },
        routes: ['default via 10.1.11.1'],
        sysctls: FORWARDS,
      },
      client: {
        addresses: { eth0: ['10.233.66.74/24'] },
        routes: ['default via 10.233.66.1'],
        rules: {
          nft: `table ip filter {
  chain input {
    type filter hook input priority filter; policy accept;
    tcp sport 80 drop
  }
}
`,
        },
      },
    },
    links: [
      ['gateway:p1', 'node:eth0'],
      ['gateway:p2', 'other:eth0'],
      ['other:veth1', 'client:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.1.11.28', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.1.11.28', port: 22 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '10.1.11.28', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '10.1.11.28', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The reply goes back by another router than the request came by, and gets there: the client itself drops it.',
      causes: [{ code: 'not-netfilter' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['client', 'nft flush chain ip filter input']],
  },
]
