/** By nft, from threads: docker's policy beside a router, a publishing for the uplink alone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const IMAPS = { protocol: 'tcp', port: 993 } as const

/** docker's own tables, as its nft backend writes them for one bridge with one published port. */
const docker = (family: 'ip' | 'ip6', own: string, net: string, loopback: string) => `table ${family} docker-bridges {
  map filter-forward-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-in__docker0 }
  }
  map filter-forward-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump filter-forward-out__docker0 }
  }
  map nat-postrouting-in-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-in__docker0 }
  }
  map nat-postrouting-out-jumps {
    type ifname : verdict
    elements = { "docker0" : jump nat-postrouting-out__docker0 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy drop;
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain filter-forward-in__docker0 {
    ct state established,related counter accept
    iifname "docker0" counter accept comment "ICC"
    ${family} daddr ${own} tcp dport 80 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__docker0 {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
  chain nat-OUTPUT {
    type nat hook output priority -100; policy accept;
    ${family} daddr != ${loopback} fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
    iifname != "docker0" tcp dport 8080 counter dnat to ${family === 'ip' ? own : `[${own}]`}:80
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    iifname vmap @nat-postrouting-out-jumps
    oifname vmap @nat-postrouting-in-jumps
  }
  chain nat-postrouting-in__docker0 {
    fib saddr type local counter masquerade
  }
  chain nat-postrouting-out__docker0 {
    oifname != "docker0" ${family} saddr ${net} counter masquerade
  }
  chain raw-PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    ${family} daddr ${own} iifname != "docker0" counter drop comment "DROP DIRECT ACCESS"
  }
}
`

export const THREADS_AU: Problem[] = [
  {
    name: 'docker-by-nft-drops-what-the-host-routes-for-others',
    thread: {
      title: 'nftables: IP forwarding, and filter-FORWARD policy',
      address: 'https://github.com/moby/moby/issues/50566',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['192.168.60.0/24 via 192.0.2.1'] },
      host: {
        addresses: {
          eth0: ['192.0.2.1/24'],
          eth1: ['192.168.60.1/24'],
          docker0: ['172.17.0.1/16', 'fd00:d0c::1/64'],
        },
        bridges: { docker0: ['veth1'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "eth0" oifname "eth1" tcp dport { 80, 443, 8443 } accept
    iifname "eth1" oifname "eth0" accept
    iifname "docker0" accept
    oifname "docker0" accept
  }
}
${docker('ip', '172.17.0.2', '172.17.0.0/16', '127.0.0.0/8')}${docker('ip6', 'fd00:d0c::2', 'fd00:d0c::/64', '::1')}`,
        },
      },
      app: {
        addresses: { eth0: ['192.168.60.10/24'] },
        routes: ['default via 192.168.60.1'],
        listeners: [{ protocol: 'tcp', port: 8443 }, SSH],
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['app:eth0', 'host:eth1'],
      ['c1:eth0', 'host:veth1'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.168.60.10', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.60.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The host's own table accepts it, and docker's chain filter-FORWARD has the policy drop: it accepts there only what is of its own bridges.",
      causes: [{ policy: 'ip docker-bridges filter-FORWARD' }, { chain: 'ip docker-bridges filter-FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', "nft 'chain ip docker-bridges filter-FORWARD { policy accept; }'"]],
  },
  {
    name: 'dfw-publishes-mail-for-the-uplink-and-webmail-asks-by-the-public-name',
    thread: { title: 'Strange issue with nftables', address: 'https://github.com/pitkley/dfw/issues/135' },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTP] },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], 'br-mail': ['172.18.0.1/24'] },
        bridges: { 'br-mail': ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet custom {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state invalid drop
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 22 ct state new,established accept
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
table inet dfw {
  chain input {
    type filter hook input priority filter - 5; policy accept;
    ct state invalid drop
    ct state { related, established } accept
  }
  chain forward {
    type filter hook forward priority filter - 5; policy drop;
    ct state invalid drop
    ct state { related, established } accept
    ip daddr 172.18.0.2 tcp dport 993 iifname "eth0" oifname "br-mail" meta mark set 0x000000df accept
    ip daddr 172.18.0.2 tcp dport 25 iifname "eth0" oifname "br-mail" meta mark set 0x000000df accept
    ip daddr 172.18.0.3 tcp dport 80 iifname "eth0" oifname "br-mail" meta mark set 0x000000df accept
    iifname "br-mail" oifname "br-mail" meta mark set 0x000000df accept
    iifname "br-mail" oifname "eth0" meta mark set 0x000000df accept
  }
}
table ip dfw {
  chain prerouting {
    type nat hook prerouting priority dstnat - 5; policy accept;
    tcp dport 993 iifname "eth0" meta mark set 0x000000df dnat to 172.18.0.2:993
    tcp dport 25 iifname "eth0" meta mark set 0x000000df dnat to 172.18.0.2:25
    tcp dport 80 iifname "eth0" meta mark set 0x000000df dnat to 172.18.0.3:80
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 5; policy accept;
    oifname "eth0" meta mark set 0x000000df masquerade
  }
}
table ip6 dfw {
  chain prerouting {
    type nat hook prerouting priority dstnat - 5; policy accept;
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 5; policy accept;
  }
}
`,
        },
      },
      mail: {
        addresses: { eth0: ['172.18.0.2/24'] },
        routes: ['default via 172.18.0.1'],
        listeners: [IMAPS, { protocol: 'tcp', port: 25 }],
      },
      webmail: { addresses: { eth0: ['172.18.0.3/24'] }, routes: ['default via 172.18.0.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['mail:eth0', 'host:veth1'],
      ['webmail:eth0', 'host:veth2'],
    ],
    traced: 'host',
    fails: { from: 'webmail', what: 'tcp', to: '203.0.113.1', port: 993 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 993 }, seen: 'answered' },
      { sending: { from: 'webmail', what: 'tcp', to: '172.18.0.2', port: 993 }, seen: 'answered' },
      { sending: { from: 'webmail', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'webmail', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'webmail', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'dfw rewrites what comes in by the uplink alone. What webmail sends to the public address stays for the host itself, and the policy of the input chain drops it.',
      causes: [
        { rule: 'tcp dport 993', chain: 'ip dfw prerouting' },
        { policy: 'inet custom input' },
        { chain: 'inet custom input' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'nft insert rule ip dfw prerouting iifname br-mail ip daddr 203.0.113.1 tcp dport 993 meta mark set 0xdf dnat to 172.18.0.2:993',
      ],
      ['host', 'nft add rule ip dfw postrouting iifname br-mail oifname br-mail masquerade'],
    ],
  },
]
