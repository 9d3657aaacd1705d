/** From threads, by nft: a hypervisor of two tables, a router whose address changed, and OpenWrt's reflection to itself. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SIX = { address: '::' } as const

/** libvirt's own table for a network that it takes for one of NAT, and the owner's list of countries. */
const HYPERVISOR = `table ip6 libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip6 saddr 2001:db8:1:1::/64 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip6 daddr 2001:db8:1:1::/64 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
}
table inet edge {
  set countries6 {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { 2001:db8:a000::/36, 2001:db8:d000::/36 }
  }
  set guests6 {
    type ipv6_addr . inet_service
    flags interval
    elements = { 2001:db8:1:1::10 . 443, 2001:db8:1:1::11 . 8000-8100 }
  }
  chain foreign {
    meta l4proto ipv6-icmp return
    ip6 saddr @countries6 return
    counter drop
  }
  chain input {
    type filter hook input priority filter + 10; policy accept;
    iifname "enp1s0" ct state new jump foreign
  }
  chain forward {
    type filter hook forward priority filter + 10; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop, new : continue }
    iifname "enp1s0" jump foreign
    iifname "virbr0" accept
    ip6 daddr . tcp dport @guests6 accept
    meta l4proto ipv6-icmp accept
  }
}
`

/** Its rules were written when the provider gave 203.0.113.77. */
const OLD_ADDRESS = `table inet filter {
  set web_ports {
    type inet_service
    elements = { 80, 443 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" accept
    meta l4proto icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" oifname "ppp0" accept
    iifname "ppp0" ct original ip daddr 203.0.113.77 jump from_net
  }
  chain from_net {
    ct status dnat ip daddr 192.168.1.10 tcp dport @web_ports accept
    ct status dnat ip daddr 192.168.1.11 tcp dport 25 accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "ppp0" ip daddr != 192.168.0.0/16 tcp dport vmap { 80 : jump web, 443 : jump web, 25 : jump mail }
  }
  chain web {
    dnat to 192.168.1.10
  }
  chain mail {
    dnat to 192.168.1.11
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.1.0/24 oifname "ppp0" masquerade
  }
}
`

const REFLECTS_TO_ITSELF = `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "pppoe-wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" oifname "pppoe-wan" accept
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    ct status dnat accept comment "!fw4: Accept port redirections"
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    ct status dnat accept comment "!fw4: Accept port redirections"
    iifname "pppoe-wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "pppoe-wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_lan {
    ip saddr 192.168.10.0/24 ip daddr 203.0.113.1 tcp dport 80 dnat ip to 192.168.10.5:8079 comment "!fw4: http:// (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 80 counter dnat ip to 192.168.10.5:8079 comment "!fw4: http://"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "pppoe-wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_lan {
    ip saddr 192.168.10.0/24 ip daddr 192.168.10.5 tcp dport 8079 snat ip to 203.0.113.1 comment "!fw4: http:// (reflection)"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

export const THREADS_BK_MORE: Problem[] = [
  {
    name: 'libvirt-rejects-from-outside-and-the-edge-knows-other-countries',
    thread: {
      title: 'Verteilen von IPv6-Adressen über libvirt-Gäste',
      address: 'https://github.com/hetzneronline/community-content/issues/1064',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/48 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, ...SIX }],
      },
      host: {
        addresses: { enp1s0: ['2001:db8:f::1/64'], virbr0: ['2001:db8:1:1::1/64'] },
        bridges: { virbr0: ['vnet0', 'vnet1'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, ...SIX }],
        rules: { nft: HYPERVISOR },
      },
      guest: {
        addresses: { eth0: ['2001:db8:1:1::10/64'] },
        routes: ['default via 2001:db8:1:1::1'],
        listeners: [
          { ...SSH, ...SIX },
          { ...HTTPS, ...SIX },
        ],
      },
      other: {
        addresses: { eth0: ['2001:db8:1:1::11/64'] },
        routes: ['default via 2001:db8:1:1::1'],
        listeners: [{ ...HTTPS, ...SIX }],
      },
    },
    links: [
      ['remote:eth0', 'host:enp1s0'],
      ['host:vnet0', 'guest:eth0'],
      ['host:vnet1', 'other:eth0'],
    ],
    traced: 'host',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:1:1::10', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1:1::10', port: 443 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1:1::10', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1:1::11', port: 443 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "libvirt rejects what comes from outside to a guest of its network; and the owner's list of countries has no prefix with this client.",
      causes: [
        { rule: 'oif "virbr0" counter', chain: 'ip6 libvirt_network guest_input' },
        { code: 'not-in-set' },
        { rule: 'drop', chain: 'inet edge foreign' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'host',
        'nft insert rule ip6 libvirt_network guest_input oif virbr0 ip6 daddr 2001:db8:1:1::10 tcp dport 443 accept',
      ],
      ['host', 'nft add element inet edge countries6 { 2001:db8:f::/48 }'],
    ],
  },
  {
    name: 'forward-asks-for-the-address-that-the-provider-gave-before',
    thread: {
      title: 'NFTables Configuration',
      address: 'https://wiki.kptree.net/doku.php?do=export_xhtml&id=linux_router%3Anftables',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        bridges: { lan: ['lan1', 'lan2'] },
        addresses: { ppp0: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: OLD_ADDRESS },
      },
      web: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SSH, HTTPS],
      },
      mail: {
        addresses: { eth0: ['192.168.1.11/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 25 }],
      },
    },
    links: [
      ['remote:eth0', 'router:ppp0'],
      ['router:lan1', 'web:eth0'],
      ['router:lan2', 'mail:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 25 }, seen: 'nothing', either: true },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 443 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The forward chain accepts what was sent to the router's former address alone; nat rewrites what is sent to any address of it.",
      causes: [{ rule: 'ct original ip daddr 203.0.113.77', chain: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule inet filter forward iifname ppp0 ct original ip daddr 203.0.113.1 jump from_net']],
  },
  {
    name: 'healthy-openwrt-reflects-a-port-to-its-own-lan-address',
    thread: {
      title: 'Small reflection issue in redirects',
      address: 'https://github.com/openwrt/openwrt/issues/15146',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { 'pppoe-wan': ['203.0.113.1/24'], 'br-lan': ['192.168.10.5/24'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 8079 },
          { protocol: 'tcp', port: 22 },
        ],
        rules: { nft: REFLECTS_TO_ITSELF },
      },
      pc: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.5'], listeners: [HTTP] },
    },
    links: [
      ['remote:eth0', 'router:pppoe-wan'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "Nothing is wrong: the redirect leads to the router's own address, so the packet goes to INPUT, and the rule of srcnat for the reflection has nothing to do.",
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
