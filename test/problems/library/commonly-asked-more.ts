/** What people ask most, continued: replies by another way, the host's own connections, a set that blocks many, neighbour discovery. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

export const COMMONLY_ASKED_MORE: Problem[] = [
  {
    name: 'netmaker-node-replies-through-the-tunnel',
    thread: {
      title: 'On Linux, allow specifying of routing table to which routes are added to allow for policy routing',
      address: 'https://github.com/gravitl/netclient/issues/245',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['198.51.100.10/24'] }, routes: ['default via 198.51.100.1'] },
      gateway: {
        addresses: { lan: ['198.51.100.1/24'], eth0: ['203.0.113.1/24'], netmaker: ['10.77.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
        },
      },
      node: {
        addresses: { eth0: ['203.0.113.9/24'], netmaker: ['10.77.0.2/24'] },
        routes: ['198.51.100.0/24 via 10.77.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['pc:eth0', 'gateway:lan'],
      ['gateway:eth0', 'node:eth0'],
      ['gateway:netmaker', 'node:netmaker'],
    ],
    traced: 'gateway',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.77.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The node's reply comes in on netmaker, and the route to the node's public address is by eth0: the reverse path filter drops it.",
      causes: [
        { code: 'vanished-rp-filter', words: ['netmaker'] },
        { code: 'reply-dropped', words: ['netmaker', 'rp_filter'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['gateway', 'sysctl -qw net.ipv4.conf.all.rp_filter=2']],
  },
  {
    name: 'lxc-nat-is-not-for-the-host-itself',
    thread: {
      title: 'adding a nat entry for container to expose it to outside world.',
      address: 'https://github.com/lxc/lxc/issues/298',
    },
    backend: 'iptables-legacy',
    ...bridged('lxcbr0', '10.0.3.1/24', {
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:lxc-nat - [0:0]
-A PREROUTING -j lxc-nat
-A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE
-A lxc-nat -d 192.0.2.1/32 -p tcp -m tcp --dport 40000 -j DNAT --to-destination 10.0.3.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lxcbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A FORWARD -o lxcbr0 -j ACCEPT
-A FORWARD -i lxcbr0 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 40000 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 40000 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.3.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What the host itself sends does not pass PREROUTING, so the DNAT is not for it; nothing listens on the host's own port.",
      causes: [
        { rule: '--dport 40000', chain: 'nat lxc-nat' },
        { rule: 'lxc-nat', chain: 'nat PREROUTING' },
        { chain: 'nat OUTPUT' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      ['host', 'iptables -t nat -A OUTPUT -d 192.0.2.1 -p tcp --dport 40000 -j DNAT --to-destination 10.0.3.2:80'],
    ],
  },
  {
    name: 'xui-blocks-an-address-that-many-share',
    thread: {
      title:
        'iplimit: nftables block key is (src IP, dst port) only — no client scoping, collateral blocking on shared/NAT IPs',
      address: 'https://github.com/alireza0/x-ui/issues/1632',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { eth0: ['100.64.0.10/24'] }, routes: ['default via 100.64.0.1'] },
      carrier: {
        addresses: { inside: ['100.64.0.1/24'], outside: ['203.0.113.7/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; oifname "outside" masquerade; }\n}\n',
        },
      },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [HTTPS, ...WEB],
        rules: {
          nft: `table inet xui_iplimit {
  set blocked4 {
    type ipv4_addr . inet_service
    flags timeout
    timeout 1h
    elements = { 198.51.100.66 . 443, 203.0.113.7 . 443 }
  }
  set blocked6 {
    type ipv6_addr . inet_service
    flags timeout
    timeout 1h
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    meta nfproto ipv4 meta l4proto tcp ip saddr . tcp dport @blocked4 drop
    meta nfproto ipv6 meta l4proto tcp ip6 saddr . tcp dport @blocked6 drop
  }
}
`,
        },
      },
      other: { addresses: { eth0: ['198.51.100.9/24', '198.51.100.66/24'] } },
    },
    links: [
      ['phone:eth0', 'carrier:inside'],
      ['carrier:outside', 'server:eth0'],
      ['other:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '198.51.100.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The set blocks an address and a port; behind the carrier's address are many clients, and one of them was over its limit.",
      causes: [{ rule: '@blocked4', chain: 'inet xui_iplimit input' }],
      status: ['dropped'],
    },
    mend: [['server', "nft delete element inet xui_iplimit blocked4 '{ 203.0.113.7 . 443 }'"]],
  },
  {
    name: 'firewalld-drop-zone-takes-advertisements',
    thread: {
      title: 'ICMPv6 Neighbour Discovery should be allowed by default in drop/reject zones',
      address: 'https://github.com/firewalld/firewalld/issues/594',
    },
    backend: 'nft',
    hosts: {
      mirror: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        listeners: [...WEB, { protocol: 'tcp', port: 80, address: '2001:db8:1::2' }],
      },
      laptop: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state { invalid } drop
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_drop
    goto filter_IN_public
  }
  chain filter_IN_drop {
    jump filter_IN_drop_allow
    drop
  }
  chain filter_IN_drop_allow {
  }
  chain filter_IN_public {
    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
}
`,
        },
      },
    },
    links: [['mirror:eth0', 'laptop:eth0']],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'tcp', to: '2001:db8:1::2', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'mirror', what: 'ping', to: '192.0.2.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The laptop asks for the link address of its neighbour, and its zone drops the advertisement: discovery is not part of any connection.',
      causes: [{ rule: 'drop', chain: 'inet firewalld filter_IN_drop' }],
      status: ['lost', 'dropped'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'laptop',
        'nft add rule inet firewalld filter_IN_drop_allow icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept',
      ],
    ],
  },
]
