/** Rules that count for themselves, from threads: chance without a remainder, a limit per destination, elements that run out. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { blockedUpstream } from './lost-marks.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

export const OWN_COUNTERS: Problem[] = [
  {
    name: 'kathara-balancer-has-no-rule-for-what-chance-leaves',
    thread: {
      title: "Netkit lab 'Load balancer': connection refused from client1 to server2",
      address: 'https://github.com/KatharaFramework/Kathara-Labs/issues/17',
    },
    backend: 'iptables-legacy',
    hosts: {
      client1: { addresses: { eth0: ['100.0.1.2/24'] }, routes: ['default via 100.0.1.1'] },
      ws: {
        addresses: { eth0: ['100.0.1.1/24'], eth1: ['200.0.0.1/24'], lo: ['100.0.0.2/32'] },
        sysctls: FORWARDS,
        rules: {
          // by chance there; here in turn, so that it is the same each time
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 100.0.0.2/32 -p tcp -m tcp --dport 80 -m statistic --mode nth --every 3 --packet 0 -j DNAT --to-destination 200.0.0.11:80
-A PREROUTING -d 100.0.0.2/32 -p tcp -m tcp --dport 80 -m statistic --mode nth --every 3 --packet 1 -j DNAT --to-destination 200.0.0.12:80
-A PREROUTING -d 100.0.0.2/32 -p tcp -m tcp --dport 80 -m statistic --mode nth --every 3 --packet 2 -j DNAT --to-destination 200.0.0.13:80
COMMIT
`,
        },
      },
      servers: {
        addresses: { eth0: ['200.0.0.11/24', '200.0.0.12/24', '200.0.0.13/24'] },
        routes: ['default via 200.0.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['client1:eth0', 'ws:eth0'],
      ['ws:eth1', 'servers:eth0'],
    ],
    traced: 'ws',
    fails: { from: 'client1', what: 'tcp', to: '100.0.0.2', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client1', what: 'tcp', to: '100.0.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client1', what: 'ping', to: '100.0.0.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Each of the three rules counts only what the rules before it left, so some connections are taken by none: they stay on the balancer, where nobody listens.',
      causes: [{ rule: '-m statistic', chain: 'nat PREROUTING' }],
      status: ['refused'],
      alsoTrue: ['closed-port'],
    },
    mend: [
      [
        'ws',
        'iptables -t nat -A PREROUTING -d 100.0.0.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 200.0.0.13:80',
      ],
    ],
  },
  {
    name: 'map-e-numgen-of-each-rule-counts-for-itself',
    thread: {
      title: 'New map.sh (March 5) Important Bugfix, New Feature to not SNAT to certain ports.',
      address: 'https://github.com/fakemanhk/openwrt-jp-ipoe/issues/12',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip nathack {
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta l4proto icmp snat to 203.0.113.1
    oifname "wan" meta l4proto tcp numgen inc mod 3 0 snat to 203.0.113.1:5696-5711
    oifname "wan" meta l4proto tcp numgen inc mod 3 1 snat to 203.0.113.1:9792-9807
    oifname "wan" meta l4proto tcp numgen inc mod 3 2 snat to 203.0.113.1:13888-13903
  }
}
`,
        },
      },
      { remote: { listeners: [HTTPS] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Each numgen has a counter of its own, and the later rules see only what the first left: some connections are translated by none and leave with a private source.',
      causes: [{ rule: 'numgen inc mod 3', chain: 'ip nathack srcnat' }, { code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['router', 'nft add rule ip nathack srcnat oifname wan snat to 203.0.113.1']],
  },
  {
    name: 'akash-guard-limits-what-goes-to-one-host',
    thread: {
      title:
        "Provider hardening: nothing limits how fast a tenant pod opens outbound connections — one lease's HTTP flood exhausted a provider's NAT and took it offline",
      address: 'https://github.com/akash-network/support/issues/659',
    },
    backend: 'iptables-nft',
    hosts: {
      crawler: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { cni0: ['10.244.1.1/24'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          ipset: 'create tenant-pods hash:ip\nadd tenant-pods 10.244.1.5\n',
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:AKASH-EGRESS - [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set tenant-pods src -j AKASH-EGRESS
-A AKASH-EGRESS -d 10.0.0.0/8 -j RETURN
-A AKASH-EGRESS -m hashlimit --hashlimit-above 100/sec --hashlimit-burst 500 --hashlimit-mode srcip --hashlimit-name akash_src -j DROP
-A AKASH-EGRESS -m hashlimit --hashlimit-above 2/hour --hashlimit-burst 2 --hashlimit-mode dstip --hashlimit-name akash_dst -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.244.0.0/16 -o eth0 -j MASQUERADE
COMMIT
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24', '203.0.113.10/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['crawler:eth0', 'node:cni0'],
      ['node:eth0', 'remote:eth0'],
    ],
    traced: 'node',
    fails: { from: 'crawler', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'crawler', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'crawler', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'crawler', what: 'tcp', to: '203.0.113.10', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The guard counts new connections for each destination, and a crawler opens more to one host than it allows.',
      causes: [{ rule: '--hashlimit-mode dstip', chain: 'filter AKASH-EGRESS' }],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -R AKASH-EGRESS 3 -m hashlimit --hashlimit-above 1000/sec --hashlimit-burst 5000 --hashlimit-mode dstip --hashlimit-name akash_dst2 -j DROP',
      ],
    ],
  },
  {
    name: 'nethsecurity-forwarded-port-has-an-empty-domain-set',
    thread: {
      title: 'Domain Set Timeout causes intermittent Port Forward failures',
      address: 'https://github.com/NethServer/nethsecurity/issues/880',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  set ns_b634b5cb {
    type ipv4_addr
    timeout 10m
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "lan" accept
    iifname "wan" jump input_wan
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
    iifname "wan" jump forward_wan
  }
  chain input_wan {
    icmp type echo-request accept comment "!fw4: Allow-Ping"
    jump handle_reject
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" jump dstnat_wan
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 8080 counter dnat ip to 192.168.1.10:80 comment "!fw4: web"
    meta nfproto ipv4 ip saddr @ns_b634b5cb tcp dport 3389 counter dnat ip to 192.168.1.10:3389 comment "!fw4: rdp"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 3389 }, ...WEB] } },
    ),
    setup: [['router', "nft add element inet fw4 ns_b634b5cb '{ 203.0.113.9 timeout 1s }'; sleep 1.5"]],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 3389 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The elements of the domain set ran out before they were resolved again: the set is empty, nothing is forwarded, and input rejects the request.',
      causes: [
        { rule: '@ns_b634b5cb', chain: 'inet fw4 dstnat_wan' },
        { code: 'not-in-set', words: ['ns_b634b5cb'] },
      ],
      status: ['rejected'],
    },
    mend: [['router', "nft add element inet fw4 ns_b634b5cb '{ 203.0.113.9 }'"]],
  },
  {
    name: 'ruantiblock-element-runs-out-before-the-cached-name',
    thread: {
      title: 'Обновление таймаута для правил dnsmasq при инициации нового соединения',
      address: 'https://github.com/gSpotx2f/ruantiblock_openwrt/issues/35',
    },
    backend: 'nft',
    ...blockedUpstream(6, {
      nft: `table inet ruantiblock {
  set d6 {
    type ipv6_addr
    flags timeout
    timeout 1h
  }
  chain action_lan {
    type filter hook prerouting priority mangle; policy accept;
    iifname "lan" ip6 daddr @d6 counter meta mark set 0x00000008
  }
}
table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "tun0" } masquerade
  }
}
`,
    }),
    setup: [
      [
        'router',
        "ip -6 rule add fwmark 0x8/0x8 priority 1000 lookup 99; ip -6 route add default via 2001:db8:a::2 dev tun0 table 99; nft add element inet ruantiblock d6 '{ 2001:db8:e::9 timeout 1s }'; sleep 1.5",
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:e::9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '2001:db8:e::10', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'The client still knows the address that its resolver gave, and its element in the set has run out: no mark is set, and the provider blocks what does not go by the tunnel.',
      causes: [
        { rule: '@d6', chain: 'inet ruantiblock action_lan' },
        { code: 'not-in-set', words: ['d6'] },
        { code: 'mark-missing' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', "nft add element inet ruantiblock d6 '{ 2001:db8:e::9 }'"]],
  },
]
