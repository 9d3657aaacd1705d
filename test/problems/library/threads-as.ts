/** By nft, from threads of clusters and VM hosts: external addresses that are kept from conntrack, an address that is taken for a neighbour, a table that rejects what another one accepts; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const THREADS_AS: Problem[] = [
  {
    name: 'antrea-keeps-external-addresses-from-conntrack-and-so-from-nat',
    thread: {
      title:
        'nftables ProxyAll mode (hostNetworkMode: nftables) does not install DNAT rules for ExternalIP services in nat-prerouting-proxy-all',
      address: 'https://github.com/antrea-io/antrea/issues/8034',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['172.17.0.9/24'] } },
      node: {
        addresses: { eth0: ['172.17.0.2/24', '172.17.0.67/24'], 'antrea-gw0': ['10.10.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip antrea {
  set externalip {
    type ipv4_addr
    elements = { 172.17.0.67, 172.17.0.68 }
  }
  set nodeport {
    type ipv4_addr . inet_proto . inet_service
    elements = { 172.17.0.2 . tcp . 30180, 127.0.0.1 . tcp . 30180 }
  }
  map external-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 172.17.0.67 . tcp . 30180 : goto svc-nginx, 172.17.0.68 . udp . 53 : goto svc-dns }
  }
  chain raw-prerouting-proxy-all {
    type filter hook prerouting priority raw; policy accept;
    ip daddr @externalip counter notrack comment "Antrea: do not track request packets destined to external IPs"
    ip saddr @externalip counter notrack comment "Antrea: do not track reply packets sourced from external IPs"
  }
  chain nat-prerouting-proxy-all {
    type nat hook prerouting priority dstnat - 1; policy accept;
    ip daddr . ip protocol . th dport @nodeport meta l4proto tcp dnat to 10.10.1.5:80
    ip daddr . ip protocol . th dport vmap @external-services
  }
  chain svc-nginx {
    tcp dport 30180 dnat to 10.10.1.5:80
  }
  chain svc-dns {
    udp dport 53 dnat to 10.10.1.5:53
  }
  chain filter-forward {
    type filter hook forward priority filter; policy accept;
    iifname "antrea-gw0" counter accept
    oifname "antrea-gw0" counter accept
    counter drop
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.10.1.0/24 oifname != "antrea-gw0" masquerade
  }
}
`,
        },
      },
      pod: { addresses: { eth0: ['10.10.1.5/24'] }, routes: ['default via 10.10.1.1'], listeners: [WEB] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:antrea-gw0', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '172.17.0.67', port: 30180 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 30180 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.67', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.67', port: 80 }, seen: 'refused' },
      { sending: { from: 'pod', what: 'tcp', to: '172.17.0.9', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The raw chain keeps packets to external addresses from connection tracking, so nat never sees them: the service is in its map, and its DNAT does not happen. The node itself has nobody at that port.',
      causes: [{ rule: 'ip daddr @externalip', chain: 'ip antrea raw-prerouting-proxy-all' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['node', 'nft delete element ip antrea externalip { 172.17.0.67 }']],
  },
  {
    name: 'shakenfist-gateway-takes-a-routed-address-for-a-neighbour',
    thread: {
      title: "Instances cannot reach their own network's routed addresses (no u-turn routing)",
      address: 'https://github.com/shakenfist/shakenfist/issues/3662',
    },
    backend: 'nft',
    hosts: {
      outside: { addresses: { eth0: ['192.168.10.9/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { egress: ['192.168.10.2/24'], 'br-vn': ['10.0.0.1/24'] },
        bridges: { 'br-vn': ['i1', 'i2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          nft: `table inet sf {
  set floating {
    type ipv4_addr
    flags interval
    elements = { 192.168.10.40-192.168.10.49 }
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-vn" oifname { "egress", "br-vn" } accept
    ip daddr @floating accept
  }
  chain egress_nat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "egress" ip saddr 10.0.0.0/24 masquerade
  }
}
`,
        },
      },
      agent: { addresses: { eth0: ['10.0.0.5/24'] }, routes: ['default via 10.0.0.1'] },
      server: {
        addresses: { eth0: ['10.0.0.6/24', '192.168.10.37/32'] },
        routes: ['default via 10.0.0.1'],
        listeners: [{ protocol: 'tcp', port: 6443 }],
      },
    },
    links: [
      ['outside:eth0', 'gateway:egress'],
      ['agent:eth0', 'gateway:i1'],
      ['server:eth0', 'gateway:i2'],
    ],
    traced: 'gateway',
    fails: { from: 'agent', what: 'tcp', to: '192.168.10.37', port: 6443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'agent', what: 'tcp', to: '192.168.10.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'agent', what: 'tcp', to: '10.0.0.6', port: 6443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.168.10.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The address lives on an instance behind br-vn. The gateway has its block on the egress interface, so it asks for its neighbour there, and nobody replies: a route to the instance is missing.',
      causes: [{ code: 'neighbour-failed', words: ['192.168.10.37'] }],
      status: ['lost'],
    },
    mend: [['gateway', 'ip route add 192.168.10.37/32 via 10.0.0.6 dev br-vn']],
  },
  {
    name: 'copr-hypervisor-rejects-in-one-table-what-libvirt-accepts-in-another',
    thread: {
      title: "p09 hypervisor isn't booting machines",
      address: 'https://github.com/fedora-copr/copr/issues/3945',
    },
    backend: 'nft',
    hosts: {
      resolver: {
        addresses: { eth0: ['203.0.113.53/24'] },
        routes: ['192.168.122.0/24 via 203.0.113.1', '192.168.50.0/24 via 203.0.113.1'],
        listeners: [DNS, HTTPS],
      },
      hypervisor: {
        addresses: { eth0: ['203.0.113.1/24'], virbr0: ['192.168.122.1/24'], mgmt: ['192.168.50.1/24'] },
        bridges: { virbr0: ['vnet0'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'udp', port: 53, address: '192.168.122.1' }],
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ct state related,established counter accept
    ip protocol icmp counter accept
    iifname "lo" counter accept
    iifname "virbr0" counter accept
    tcp dport 22 counter accept
    counter reject with icmp type host-prohibited
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state related,established counter accept
    iifname "mgmt" tcp dport 443 counter accept
    counter reject with icmp type host-prohibited
  }
}
table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
`,
        },
      },
      guest: { addresses: { eth0: ['192.168.122.10/24'] }, routes: ['default via 192.168.122.1'], listeners: [SSH] },
      desk: { addresses: { eth0: ['192.168.50.10/24'] }, routes: ['default via 192.168.50.1'] },
    },
    links: [
      ['resolver:eth0', 'hypervisor:eth0'],
      ['guest:eth0', 'hypervisor:vnet0'],
      ['desk:eth0', 'hypervisor:mgmt'],
    ],
    traced: 'hypervisor',
    fails: { from: 'guest', what: 'udp', to: '203.0.113.53', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'guest', what: 'udp', to: '192.168.122.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'desk', what: 'tcp', to: '203.0.113.53', port: 443 }, seen: 'answered' },
      { sending: { from: 'desk', what: 'udp', to: '203.0.113.53', port: 53 }, seen: 'unreachable' },
      { sending: { from: 'resolver', what: 'tcp', to: '192.168.122.10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "libvirt's own table accepts what its guests send. The table of the nftables service has a chain at the same hook, which ends in a reject and knows nothing of guests.",
      causes: [{ rule: 'reject with icmp', chain: 'ip filter FORWARD' }],
      status: ['rejected'],
    },
    mend: [['hypervisor', 'nft insert rule ip filter FORWARD iifname "virbr0" ip saddr 192.168.122.0/24 accept']],
  },
  {
    name: 'near-antrea-node-serves-an-external-address-that-nobody-tracks',
    thread: {
      title: 'Ensure full functionality of AntreaProxy with proxyAll enabled when kube-proxy presents',
      address: 'https://github.com/antrea-io/antrea/pull/6308',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['172.17.0.9/24'] } },
      node: {
        addresses: { eth0: ['172.17.0.2/24', '172.17.0.67/24'], 'antrea-gw0': ['10.10.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 443, address: '172.17.0.67' }],
        rules: {
          nft: `table inet antrea {
  set externalip {
    type ipv4_addr
    elements = { 172.17.0.67 }
  }
  set served {
    type inet_service
    elements = { 80, 443 }
  }
  chain raw-prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip daddr @externalip notrack
  }
  chain raw-output {
    type filter hook output priority raw; policy accept;
    ip saddr @externalip notrack
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr . tcp dport vmap { 172.17.0.67 . 443 : goto endpoint, 172.17.0.2 . 30443 : goto endpoint }
  }
  chain endpoint {
    meta l4proto tcp dnat ip to 10.10.1.5:443
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip daddr @externalip tcp dport @served accept
    ip daddr 172.17.0.2 tcp dport 22 accept
  }
}
`,
        },
      },
      pod: { addresses: { eth0: ['10.10.1.5/24'] }, routes: ['default via 10.10.1.1'], listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:antrea-gw0', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '172.17.0.67', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 30443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.67', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong: the node serves the address itself.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
]
