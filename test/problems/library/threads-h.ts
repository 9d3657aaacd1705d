/** Long nft rulesets of programs, from threads: rich rules, a stateful filter, a flag that replies have too. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_H: Problem[] = [
  {
    name: 'firewalld-rich-drop-comes-before-the-accepts',
    thread: {
      title: 'firewall drop my packages while my IP is in while list.',
      address: 'https://github.com/firewalld/firewalld/issues/611',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
      stranger: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH, ...WEB],
        rules: {
          nft: `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
    iifname "eth0" goto mangle_PRE_public
    goto mangle_PRE_public
  }
  chain mangle_PRE_public {
    jump mangle_PRE_public_allow
  }
  chain mangle_PRE_public_allow {
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state established,related accept
    oifname "lo" accept
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    iifname "eth1" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_INPUT_POLICIES_pre
    jump filter_IN_public_pre
    jump filter_IN_public_log
    jump filter_IN_public_deny
    jump filter_IN_public_allow
    jump filter_IN_public_post
    jump filter_INPUT_POLICIES_post
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_pre {
  }
  chain filter_IN_public_log {
  }
  chain filter_IN_public_deny {
    ip saddr 203.0.113.0/24 tcp dport 22 ct state new,untracked reject with icmpx port-unreachable
    ip saddr 0.0.0.0/0 icmp type echo-request drop
  }
  chain filter_IN_public_allow {
    tcp dport 22 ct state new,untracked accept
    ip6 daddr fe80::/64 udp dport 546 ct state new,untracked accept
    ip saddr 192.0.2.0/25 icmp type echo-request accept
    ip saddr 203.0.113.128/25 icmp type echo-request accept
    ip saddr 198.51.100.192/26 icmp type echo-request accept
  }
  chain filter_IN_public_post {
  }
  chain filter_INPUT_POLICIES_pre {
    jump filter_IN_policy_allow-host-ipv6
  }
  chain filter_IN_policy_allow-host-ipv6 {
    jump filter_IN_policy_allow-host-ipv6_allow
  }
  chain filter_IN_policy_allow-host-ipv6_allow {
    icmpv6 type nd-neighbor-advert accept
    icmpv6 type nd-neighbor-solicit accept
    icmpv6 type nd-redirect accept
    icmpv6 type nd-router-advert accept
  }
  chain filter_INPUT_POLICIES_post {
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['stranger:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'ping', to: '192.0.2.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'stranger', what: 'ping', to: '198.51.100.1' }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The rich rule that drops everybody else was meant to be the last; firewalld puts rules that drop in front of those that accept, and this client is in one of these.',
      causes: [{ rule: 'echo-request drop', chain: 'inet firewalld filter_IN_public_deny' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'nft insert rule inet firewalld filter_IN_public_pre ip saddr 192.0.2.0/25 icmp type echo-request accept',
      ],
    ],
  },
  {
    name: 'tailscale-stateful-filter-takes-lan-to-wan',
    thread: {
      title: 'New netfilter conntrack state checks are too broad',
      address: 'https://github.com/tailscale/tailscale/issues/12067',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.10.10/24'] }, routes: ['default via 192.168.10.1'], listeners: [SSH] },
      admin: { addresses: { ts0: ['100.64.0.5/10'] }, routes: ['192.168.10.0/24 via 100.64.0.1'] },
      router: {
        addresses: {
          lan: ['192.168.10.1/24'],
          wan: ['203.0.113.1/24'],
          tailscale0: ['100.64.0.1/10'],
        },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet router {
  set private {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname { "lo", "lan", "tailscale0" } accept
    iifname "wan" ip saddr @private counter drop
    icmp type echo-request limit rate 10/second accept
    iifname "wan" udp dport 41641 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "wan" ip saddr @private counter drop
    iifname "lan" oifname "wan" counter accept
    iifname "tailscale0" oifname "lan" accept
  }
}
table ip router_nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump ts-forward
  }
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff04ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0" counter accept
    oifname != "tailscale0" ct state invalid,new,untracked counter drop
  }
  chain ts-input {
    iifname "lo" ip saddr 100.64.0.1 counter accept
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
    iifname != "tailscale0" ip saddr 100.64.0.0/10 counter drop
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
  }
  chain ts-postrouting {
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
`,
        },
      },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['admin:ts0', 'router:tailscale0'],
      ['router:wan', 'net:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '192.168.10.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "tailscale's rule for new connections asks that they do not leave by its interface, and not that they came in by it: it drops whatever this router forwards from the LAN to the uplink, which its own table accepts.",
      causes: [{ rule: 'invalid,new', chain: 'ip filter ts-forward' }],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        "nft delete rule ip filter ts-forward handle $(nft -a list chain ip filter ts-forward | sed -n 's/.*invalid.*# handle //p')",
      ],
    ],
  },
  {
    name: 'router7-reject-of-a-syn-takes-the-syn-ack',
    thread: {
      title: 'optionally block incoming IPv6 connections except for explicitly allowed IPs',
      address: 'https://github.com/rtr7/router7/issues/32',
    },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" tcp dport 8080 dnat to 192.168.1.10:80
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
table ip filter {
  counter fwded { packets 0 bytes 0 }
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter name "fwded"
    oifname "wan" tcp flags syn tcp option maxseg size set rt mtu
  }
}
table ip6 filter {
  counter fwded { packets 0 bytes 0 }
  counter inputc { packets 0 bytes 0 }
  chain input {
    type filter hook input priority filter; policy accept;
    counter name "inputc"
    iifname "wan" tcp dport { 22, 8053, 9100 } counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter name "fwded"
    oifname "wan" tcp flags syn tcp option maxseg size set rt mtu
    jump block-incoming
  }
  chain block-incoming {
    oifname "lan" tcp flags syn ip6 daddr 2001:db8:1::53 counter accept
    oifname "lan" tcp flags syn ip6 daddr 2001:db8:1::80 tcp dport { 80, 443 } counter accept
    oifname "lan" tcp flags syn counter reject
  }
}
`,
        },
      },
      {
        pc: { listeners: [{ ...SSH, address: '2001:db8:1::10' }] },
        remote: {
          listeners: [
            ...WEB,
            { protocol: 'tcp', address: '2001:db8:f::9', port: 80 },
            { protocol: 'udp', address: '2001:db8:f::9', port: 53 },
          ],
        },
      },
    ),
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule that keeps connections from coming in asks whether SYN is set, and not whether it is set alone: it rejects the SYN-ACK of what the LAN asks for.',
      causes: [{ rule: 'tcp flags syn counter', chain: 'ip6 filter block-incoming' }],
      status: ['reply-lost'],
    },
    mend: [['router', 'nft insert rule ip6 filter block-incoming ct state established,related accept']],
  },
]
