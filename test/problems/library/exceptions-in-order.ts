/** Two interfaces in one network; a deny in front of the exception from it; and an exception that rightly comes first. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const
const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SMB = { protocol: 'tcp', port: 445 } as const
const ETCD = { protocol: 'tcp', port: 2379 } as const

const ETH1 = '02:00:0a:00:01:14'

export const EXCEPTIONS_IN_ORDER: Problem[] = [
  {
    name: 'smilodon-attached-interface-of-the-same-network-is-strict',
    thread: {
      title: 'Set rp_filter for an attached network interface',
      address: 'https://github.com/UKHomeOffice/smilodon/pull/6',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['10.0.1.50/24'] }, listeners: [DNS] },
      node: {
        addresses: { eth0: ['10.0.1.10/24'], eth1: ['10.0.1.20/24'] },
        // each address is at its own interface alone, as the cloud has it
        sysctls: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: [SSH, ETCD],
        rules: {
          nft: `table inet filter {
  set etcd_clients {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/16 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif "lo" accept
    icmp type { echo-request, destination-unreachable, time-exceeded } accept
    tcp dport 22 accept
    ip saddr @etcd_clients tcp dport { 2379, 2380 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
`,
        },
      },
      vpc: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['client:eth0', 'vpc:p1'],
      ['node:eth0', 'vpc:p2'],
      ['node:eth1', 'vpc:p3'],
    ],
    traced: 'node',
    setup: [
      // loose at the interface that was there from the beginning
      ['node', 'sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=2'],
      // whose address it is, the cloud says: a strict interface would not even answer ARP
      ['node', `ip link set eth1 address ${ETH1}`],
      ['client', `ip neigh replace 10.0.1.20 lladdr ${ETH1} dev eth0 nud permanent`],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.0.1.20', port: 2379 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.1.10', port: 2379 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.0.1.10' }, seen: 'answered' },
      { sending: { from: 'node', what: 'udp', to: '10.0.1.50', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.1.20', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'client', what: 'tcp', to: '10.0.1.10', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Both interfaces are in one network, and the way back to the client is by eth0: the strict rp_filter drops what comes in by eth1.',
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['lost'],
    },
    mend: [['node', 'sysctl -qw net.ipv4.conf.eth1.rp_filter=2']],
  },
  {
    name: 'fw4-drop-of-any-zone-comes-before-the-exception-of-a-zone',
    thread: {
      title: 'Firewall rules are not always evaluated sequentially',
      address: 'https://github.com/openwrt/openwrt/issues/21163',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [DNS, HTTPS, { ...DNS, protocol: 'tcp' }] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'], 'br-guest': ['192.168.7.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [DNS],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "br-lan" jump accept_from_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "br-guest" jump input_guest comment "!fw4: Handle guest IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    tcp dport 53 counter jump drop_to_wan comment "!fw4: Deny direct DNS as default"
    udp dport 53 counter jump drop_to_wan comment "!fw4: Deny direct DNS as default"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "br-guest" jump forward_guest comment "!fw4: Handle guest IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_guest {
    meta nfproto ipv4 udp dport { 53, 67 } counter accept comment "!fw4: Allow-Guest-DNS-DHCP"
    jump handle_reject
  }
  chain forward_lan {
    meta nfproto ipv4 tcp dport 53 counter jump accept_to_wan comment "!fw4: Allow DNS from LAN"
    meta nfproto ipv4 udp dport 53 counter jump accept_to_wan comment "!fw4: Allow DNS from LAN"
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    jump accept_to_lan
  }
  chain forward_guest {
    jump accept_to_wan comment "!fw4: Accept guest to wan forwarding"
    jump handle_reject
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_lan {
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain drop_to_wan {
    oifname "wan" counter drop comment "!fw4: drop wan IPv4/IPv6 traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      visitor: { addresses: { eth0: ['192.168.7.10/24'] }, routes: ['default via 192.168.7.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:br-lan', 'pc:eth0'],
      ['router:br-guest', 'visitor:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 53 }, seen: 'nothing', either: true },
      { sending: { from: 'visitor', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'nothing' },
      { sending: { from: 'visitor', what: 'tcp', to: '203.0.113.9', port: 53 }, seen: 'nothing' },
      { sending: { from: 'visitor', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'visitor', what: 'udp', to: '192.168.7.1', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule of any zone stands in the base chain, in front of the jump to the LAN's own rules: direct DNS is dropped before the exception for the LAN is reached.",
      causes: [
        { rule: 'udp dport 53 counter', chain: 'inet fw4 forward' },
        { rule: 'oifname "wan" counter', chain: 'inet fw4 drop_to_wan' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 forward iifname br-lan meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 jump accept_to_wan',
      ],
    ],
  },
  {
    name: 'netbird-exit-node-returns-first-for-the-network-it-routes',
    thread: {
      title: '[client] Fix exit node masquerade overrides per-route masquerade=false setting',
      address: 'https://github.com/netbirdio/netbird/pull/5682',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { wt0: ['100.73.10.5/16'] }, routes: ['default via 100.73.187.231'] },
      peer: {
        addresses: { wt0: ['100.73.187.231/16'], eth0: ['192.168.0.10/24'] },
        routes: ['default via 192.168.0.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip netbird {
  chain netbird-rt-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wt0" ct state new counter meta mark set 0x0001bd21
    iifname != "wt0" ct state new ip daddr 100.73.0.0/16 counter meta mark set 0x0001bd22
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ip daddr 192.168.0.0/24 counter return
    meta mark 0x0001bd21 oifname != "lo" counter masquerade
    meta mark 0x0001bd22 oifname "wt0" counter masquerade
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
    ip saddr 100.73.0.0/16 ip daddr 192.168.0.0/24 counter accept
    ip saddr 100.73.0.0/16 ip daddr 0.0.0.0/0 counter accept
  }
}
table ip lab {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" ip saddr 10.30.0.0/24 snat to 192.168.0.10
  }
}
`,
        },
      },
      nas: {
        addresses: { eth0: ['192.168.0.20/24'] },
        routes: ['default via 192.168.0.1', '100.73.0.0/16 via 192.168.0.10'],
        listeners: [SMB],
        // knows who may come by the addresses that they have in NetBird
        rules: {
          nft: 'table ip nas {\n  chain input { type filter hook input priority filter; policy drop; ct state established accept; ip saddr 100.73.10.0/24 tcp dport 445 accept; }\n}\n',
        },
      },
      gateway: {
        addresses: { lan: ['192.168.0.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "wan" ip saddr 192.168.0.0/24 masquerade; }\n}\n',
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
    },
    links: [
      ['client:wt0', 'peer:wt0'],
      ['peer:eth0', 'lan:p1'],
      ['nas:eth0', 'lan:p2'],
      ['gateway:lan', 'lan:p3'],
      ['gateway:wan', 'remote:eth0'],
    ],
    traced: 'peer',
    fails: { from: 'client', what: 'tcp', to: '192.168.0.20', port: 445 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      // with the address that masquerading would give
      { sending: { from: 'peer', what: 'tcp', to: '192.168.0.20', port: 445 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the first rule keeps what goes to the routed network from being masqueraded, as asked; the server there knows the way back, and accepts that very source.',
      causes: [],
      status: ['answered'],
    },
    mend: [['peer', 'true']],
  },
]
