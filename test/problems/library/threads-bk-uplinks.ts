/** From threads, by nft: two uplinks, told apart by a map of marks. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const STATES = 'ct state vmap { established : accept, related : accept, invalid : drop }'

/** The second uplink was wan2 until it became a PPPoE session. */
const TWO_UPLINKS = `table inet mangle {
  map uplink_marks {
    type ifname : mark
    elements = { "wan1" : 0x00000001, "wan2" : 0x00000002 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state new ct mark set iifname map @uplink_marks
    iifname "lan" ct mark != 0x00000000 meta mark set ct mark
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ct mark != 0x00000000 meta mark set ct mark
  }
}
table inet filter {
  set uplinks {
    type ifname
    elements = { "wan1", "ppp0" }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ${STATES}
    meta l4proto icmp accept
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${STATES}
    iifname "lan" oifname @uplinks accept
    iifname @uplinks ct status dnat accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local iifname { "wan1", "ppp0" } tcp dport vmap { 443 : jump to_web, 80 : jump to_web }
  }
  chain to_web {
    dnat to 192.168.1.10
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan1", "ppp0" } masquerade
  }
}
`

export const THREADS_BK_UPLINKS: Problem[] = [
  {
    name: 'map-of-uplinks-has-the-name-of-before-the-pppoe-session',
    thread: {
      title: 'Linux Multi-WAN Firewall',
      address: 'https://cyayon.github.io/linux/Linux%20Multi-WAN%20Firewall',
    },
    backend: 'nft',
    hosts: {
      net: {
        addresses: { eth0: ['203.0.113.9/24'], eth1: ['192.0.2.9/24'], lo: ['198.51.100.9/32'] },
        routes: ['192.0.2.1/32 dev eth1 src 198.51.100.9', '203.0.113.1/32 dev eth0 src 198.51.100.9'],
        sysctls: { 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: [HTTPS],
        rules: {
          nft: `table inet provider {
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname "eth0" ip saddr != 203.0.113.0/24 drop
    iifname "eth1" ip saddr != 192.0.2.0/24 drop
  }
}
`,
        },
      },
      router: {
        addresses: { wan1: ['203.0.113.1/24'], ppp0: ['192.0.2.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9', 'default via 203.0.113.9 table 101', 'default via 192.0.2.9 table 102'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: TWO_UPLINKS },
      },
      web: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SSH, HTTPS],
      },
    },
    links: [
      ['net:eth0', 'router:wan1'],
      ['net:eth1', 'router:ppp0'],
      ['router:lan', 'web:eth0'],
    ],
    setup: [['router', 'ip rule add fwmark 0x1/0xff lookup 101; ip rule add fwmark 0x2/0xff lookup 102']],
    traced: 'router',
    fails: { from: 'net', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'net', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The map of marks knows the second uplink by the name it had before. The connection gets no mark, so its replies leave by the first uplink, whose provider drops their source.',
      causes: [
        { code: 'reply-by-other-uplink' },
        { rule: 'iifname map @uplink_marks', chain: 'inet mangle prerouting' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'nft add element inet mangle uplink_marks { "ppp0" : 0x2 }']],
  },
]
