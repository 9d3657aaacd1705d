/** Groups that are routed, frames to the link address of a group, and next hops that are objects, from threads about nft. */

import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksGroupOfSix, routesGroupOfSix, servesGroupOfSix } from './raw-programs.ts'

export const BEYOND_PORTS: Problem[] = [
  {
    name: 'smcroute-group-of-ipv6-is-sent-with-one-hop',
    thread: {
      title: 'Advice: ping/netcat to multicast address is not forwarded by smcrouted',
      address: 'https://github.com/troglobit/smcroute/issues/172',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:a::2/64'] }, routes: ['default via 2001:db8:a::1'] },
      router: {
        addresses: { eth0: ['2001:db8:a::1/64'], wlan0: ['2001:db8:b::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    iifname "eth0" oifname "wlan0" ip6 daddr ff08:1500::/64 accept
    iifname "wlan0" oifname "eth0" udp sport 5006 accept
  }
}
`,
        },
      },
      tv: { addresses: { eth0: ['2001:db8:b::9/64'] }, routes: ['default via 2001:db8:b::1'] },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:wlan0', 'tv:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', routesGroupOfSix('2001:db8:a::2', 'ff08:1500::1', 'eth0', 'wlan0')],
      ['tv', servesGroupOfSix('ff08:1500::1', 5006)],
      ['client', asksGroupOfSix('ff08:1500::1', 5006)],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: 'ff08:1500::1' },
    others: [{ sending: { from: 'client', what: 'ping', to: '2001:db8:b::9' }, seen: 'answered' }],
    truth: {
      words:
        'What is sent to a group has a hop limit of 1 where its program says nothing else, and the router forwards it only with more.',
      causes: [{ code: 'vanished-ttl', words: ['hop limit'] }],
      status: ['lost'],
    },
    mend: [
      [
        'router',
        "nft 'add chain inet fw hops { type filter hook prerouting priority mangle; }; add rule inet fw hops ip6 daddr ff08:1500::/64 ip6 hoplimit set 8'",
      ],
    ],
  },
  {
    name: 'frr-policy-leads-to-a-next-hop-that-is-a-blackhole',
    thread: {
      title: 'zebra:move blakhole nexthop check post nhg',
      address: 'https://github.com/FRRouting/frr/pull/13770',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.2/24', '192.0.2.3/24'] },
        routes: ['default via 192.0.2.1', '198.51.100.80/32 via 192.0.2.1 src 192.0.2.3'],
      },
      router: {
        addresses: { swp31: ['192.0.2.1/24'], swp1: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "swp31" oifname "swp1" accept
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['198.51.100.9/24', '198.51.100.80/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: WEB,
      },
    },
    links: [
      ['client:eth0', 'router:swp31'],
      ['router:swp1', 'server:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip nexthop add id 65 blackhole proto zebra; ip route add default nhid 65 proto 197 metric 20 table 10000; ip rule add pref 309 from 192.0.2.2 to 198.51.100.9 iif swp31 lookup 10000',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '198.51.100.80', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The policy's table has one route, whose next hop is an object, and that is a blackhole: what the rule is for is dropped at the routing decision.",
      causes: [{ code: 'vanished-no-route', words: ['10000'] }],
      status: ['lost'],
    },
    mend: [['router', 'ip rule del pref 309']],
  },
  {
    name: 'cluster-node-takes-frames-of-a-group-link-address',
    thread: {
      title: 'iptables: libxt_cluster.man',
      address:
        'https://git.netfilter.org/iptables/plain/extensions/libxt_cluster.man?h=v1.4.3.2&id=790845385fb84ce8e79a96e91fc6c4f7df60713d',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      node: {
        addresses: { eth0: ['192.0.2.11/24', '192.0.2.100/32'] },
        listeners: [
          { protocol: 'tcp', port: 80 },
          { protocol: 'udp', port: 53, address: '192.0.2.100' },
        ],
        rules: {
          nft: `table ip cluster {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr 192.0.2.100 jhash ip saddr mod 2 seed 0xdeadbeef != 0 drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ip protocol icmp accept
    tcp dport { 22, 80 } accept
    udp dport 53 accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    setup: [
      ['node', 'ip maddr add 01:00:5e:00:01:01 dev eth0'],
      ['client', 'ip neigh replace 192.0.2.100 lladdr 01:00:5e:00:01:01 dev eth0 nud permanent'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.100', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.100', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.100' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.11', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The frame goes to the link address of a group, so that all nodes have it. TCP takes only what came to the host's own link address: it drops the SYN without a word, though the rules accept it and a program listens.",
      causes: [
        { code: 'kernel-drop', words: ['01:00:5e:00:01:01'] },
        { code: 'vanished-at-port', words: ['multicast'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['node', 'nft insert rule ip cluster prerouting ip daddr 192.0.2.100 meta pkttype set host']],
  },
]
