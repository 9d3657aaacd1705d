/** By nft, from threads: an interface that was made anew, a port that is written into replies, a protocol known by its groups alone, a routing rule that was left; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksByProtocol, repliesByProtocol } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const NTP = { protocol: 'udp', port: 123 } as const

/** A hello of OSPF for IPv6: version 3, type 1. */
const HELLO = '030100240101010100000000000000000000000501000013000a00280000000000000000'

export const THREADS_AR: Problem[] = [
  {
    name: 'mesh11sd-bridge-is-made-anew-and-the-rule-knows-its-number',
    thread: {
      title: 'nft: speed up loop detection using interface id',
      address: 'https://github.com/openNDS/mesh11sd/pull/198',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: [HTTPS] },
      portal: {
        bridges: { 'br-mesh': ['m1'] },
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'], 'br-mesh': ['192.168.7.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet portal {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    icmp type echo-request accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iif "br-mesh" oifname "wan" accept
    iif "lan" oifname "wan" accept
  }
}
`,
        },
      },
      node: { addresses: { eth0: ['192.168.7.10/24'] }, routes: ['default via 192.168.7.1'] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'portal:wan'],
      ['node:eth0', 'portal:m1'],
      ['pc:eth0', 'portal:lan'],
    ],
    traced: 'portal',
    setup: [
      [
        'portal',
        'ip link del br-mesh; ip link add br-mesh type bridge; ip link set m1 master br-mesh; ip addr add 192.168.7.1/24 dev br-mesh; ip link set br-mesh up; sleep 1',
      ],
    ],
    fails: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.7.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.7.10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule has the number of the bridge from when it was loaded. The bridge was deleted and made again since: it has its name, and another number, so the rule matches nothing.',
      causes: [{ rule: 'iif ', chain: 'inet portal forward' }],
      status: ['dropped'],
    },
    mend: [['portal', 'nft insert rule inet portal forward iifname "br-mesh" oifname "wan" accept']],
  },
  {
    name: 'balena-router-writes-the-port-of-ntp-into-every-reply',
    thread: {
      title: 'Change "acquisitionport" to 1234 in chrony configuration',
      address: 'https://github.com/balena-os/meta-balena/issues/2000',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [NTP, HTTPS] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet clock {
  chain replies {
    type filter hook prerouting priority raw; policy accept;
    iifname "wan" udp sport 123 udp dport set 123
  }
}
table inet router {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['pc:eth0', 'router:lan'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 123 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 123, sport: 123 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule writes port 123 into whatever a time server replies, in front of connection tracking. A client that asks from another port never gets it: the reply is of no connection, and the router drops it.',
      causes: [{ rule: 'udp dport set 123', chain: 'inet clock replies' }],
      status: ['reply-lost', 'unanswered', 'dropped'],
    },
    mend: [['router', 'nft flush chain inet clock replies']],
  },
  {
    name: 'firewalld-service-of-ospf-knows-its-groups-alone',
    thread: {
      title: 'Allow OSPF or OSPFv3 adjacency to form',
      address: 'https://github.com/firewalld/firewalld/pull/1034',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
    ip6 daddr ff02::5 meta l4proto 89 accept
    ip6 daddr ff02::6 meta l4proto 89 accept
    ip6 daddr fe80::/64 udp dport 546 accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      ['client', asksByProtocol(89, '2001:db8:1::1', HELLO)],
      ['server', repliesByProtocol(89, '2001:db8:1::1', HELLO)],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'ospf', dst: '2001:db8:1::1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 23 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The service accepts OSPF towards its two groups. What routers send to each other alone, as the exchange of their databases, has the address of the router, and is rejected.',
      causes: [
        { rule: 'ip6 daddr ff02::5', chain: 'inet firewalld filter_IN_public_allow' },
        { rule: 'ip6 daddr ff02::6', chain: 'inet firewalld filter_IN_public_allow' },
      ],
      status: ['rejected'],
    },
    mend: [['server', 'nft add rule inet firewalld filter_IN_public_allow meta l4proto 89 accept']],
  },
  {
    name: 'netifd-leaves-the-routing-rule-of-the-table-before',
    thread: {
      title: 'Incorrect policy routing ip rule cleanup on reload with ip4table/ip6table change',
      address: 'https://github.com/openwrt/netifd/issues/61',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
      isp: {
        addresses: { cust: ['2001:db8:2::9/64'], core: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
      },
      router: {
        addresses: { wan2: ['2001:db8:2::1/64'], lan: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    iifname "lan" accept
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
    },
    links: [
      ['remote:eth0', 'isp:core'],
      ['isp:cust', 'router:wan2'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        `for t in 100 200; do ip -6 route add 2001:db8:2::/64 dev wan2 table $t; done
ip -6 route add default via 2001:db8:2::fe dev wan2 table 100; ip -6 route add default via 2001:db8:2::9 dev wan2 table 200
ip -6 rule add pref 10000 from 2001:db8:2::1 lookup 100; ip -6 rule add pref 10001 from 2001:db8:2::1 lookup 200`,
      ],
    ],
    fails: { from: 'remote', what: 'ping', to: '2001:db8:2::1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:2::1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The interface has another table now, and the rule of the one before is still in front: the reply goes by table 100, whose router is gone, and not by table 200.',
      causes: [
        { code: 'wrong-way-out', words: ['100'] },
        { code: 'neighbour-failed', words: ['table 100'] },
        { code: 'reply-lost', words: ['table 100'] },
      ],
      status: ['reply-lost', 'lost', 'unanswered'],
      alsoTrue: ['neighbour-failed', 'reply-lost'],
    },
    mend: [['router', 'ip -6 rule del pref 10000']],
  },
  {
    name: 'healthy-banip-feed-has-the-network-that-its-allowlist-spares',
    thread: {
      title: 'banip: logging with limits also limits packet drops',
      address: 'https://github.com/openwrt/packages/issues/27990',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.7/24'] } },
      stranger: { addresses: { eth0: ['100.64.0.7/24'] } },
      router: {
        addresses: { wan: ['198.51.100.1/24'], wan2: ['100.64.0.1/24'] },
        listeners: [HTTPS],
        rules: {
          nft: `table inet banIP {
  set allowlist.v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 198.51.100.0/28, 203.0.113.0/24 }
  }
  set firehol1.v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 198.51.100.0/24, 224.0.0.0/3 }
  }
  chain wan-input {
    type filter hook input priority filter - 100; policy accept;
    ct state established,related counter accept
    iifname != { "wan", "wan2" } counter accept
    ip saddr @allowlist.v4 counter accept
    ip saddr @firehol1.v4 counter goto reject-chain
    tcp flags syn limit rate over 10/second burst 5 packets counter drop
  }
  chain reject-chain {
    limit rate 100/second burst 100 packets counter drop
    counter drop
  }
}
table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname vmap { "lo" : accept, "wan" : jump input_wan, "wan2" : jump input_wan }
  }
  chain input_wan {
    tcp dport 443 counter accept
    meta l4proto { tcp, udp } ip saddr 198.51.100.0/24 counter drop
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'router:wan'],
      ['stranger:eth0', 'router:wan2'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'stranger', what: 'tcp', to: '100.64.0.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'udp', to: '198.51.100.1', port: 443 }, seen: 'nothing' },
    ],
    truth: { words: 'Nothing is wrong: the allowlist comes before the feed.', causes: [], status: ['answered'] },
    mend: [['router', 'true']],
  },
]
