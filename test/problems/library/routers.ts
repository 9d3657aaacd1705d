/** From threads, by nft: two things in the way of one packet on gateways of tunnels: a whitelist of countries, a zone of OpenWrt, pbr. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const POSTGRES = { protocol: 'tcp', port: 5432 } as const
const SMB = { protocol: 'tcp', port: 445 } as const

/** geoip-shell with a whitelist of one country, and the network of the second interface as trusted. */
const GEOIP_SHELL = `table inet geoip-shell {
  set DE_ipv4_20250222 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 192.0.2.0/24, 203.0.113.0/24 }
  }
  set DE_ipv6_20250222 {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { 2001:db8:f::/48 }
  }
  chain GEOIP-BASE {
    type filter hook prerouting priority mangle; policy accept;
    jump GEOIP-SHELL comment "geoip-shell_enable"
  }
  chain GEOIP-SHELL {
    ct state established,related accept comment "geoip-shell_aux_rel-est"
    iifname "lo" accept comment "geoip-shell_aux_loopback"
    ip saddr 10.0.0.0/24 accept comment "geoip-shell_aux_trusted"
    ip saddr @DE_ipv4_20250222 counter accept comment "geoip-shell"
    ip6 saddr @DE_ipv6_20250222 counter accept comment "geoip-shell"
    drop comment "geoip-shell_whitelist_block"
  }
}
`

const VPS = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto icmp accept
    tcp dport 22 accept
    udp dport 51820 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname { "wg0", "eth1" } oifname "eth0" accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
`

/** fw4 with a zone of OpenVPN that has no forwarding into the LAN, and pbr that sends the NAS through the tunnel of a provider. */
const FW4 = `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "tun0" counter accept comment "!fw4: accept ovpn IPv4/IPv6 traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname { "wan", "wgc" } jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    iifname "tun0" jump forward_ovpn comment "!fw4: Handle ovpn IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    oifname { "wan", "wgc" } counter accept comment "!fw4: Accept lan to wan forwarding"
    oifname "tun0" counter accept comment "!fw4: Accept lan to ovpn forwarding"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    oifname { "wan", "wgc" } counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_ovpn {
    oifname "tun0" counter accept comment "!fw4: accept ovpn IPv4/IPv6 traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wgc" } jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    jump pbr_prerouting comment "Jump into pbr prerouting chain"
  }
  chain pbr_prerouting {
    ip saddr { 192.168.2.10 } counter goto pbr_mark_0x020000 comment "nas"
  }
  chain pbr_mark_0x020000 {
    counter meta mark set meta mark & 0xff02ffff | 0x00020000
    return
  }
}
`

export const ROUTERS: Problem[] = [
  {
    name: 'geoip-shell-and-the-forward-chain-both-stop-what-the-tunnel-brings',
    thread: {
      title: 'Incoming Wireguard Traffic blocked',
      address: 'https://github.com/friendly-bits/geoip-shell/issues/37',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { wg0: ['10.8.0.2/24'] }, routes: ['10.0.0.0/24 via 10.8.0.1'] },
      vps: {
        addresses: { wg0: ['10.8.0.1/24'], eth0: ['203.0.113.1/24'], eth1: ['10.0.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: GEOIP_SHELL + VPS },
      },
      db: {
        addresses: { eth0: ['10.0.0.5/24'] },
        routes: ['default via 10.0.0.1'],
        listeners: [SSH, POSTGRES],
      },
      net: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.0.0.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['phone:wg0', 'vps:wg0'],
      ['net:eth0', 'vps:eth0'],
      ['vps:eth1', 'db:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'phone', what: 'tcp', to: '10.0.0.5', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'phone', what: 'tcp', to: '10.0.0.5', port: 22 }, seen: 'nothing' },
      { sending: { from: 'net', what: 'tcp', to: '10.0.0.5', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The tunnel's addresses are of no country, so geoip-shell drops them before any other chain; and forward accepts nothing from the tunnel into the second network.",
      causes: [
        { rule: 'drop', chain: 'inet geoip-shell GEOIP-SHELL' },
        { rule: '@DE_ipv4', chain: 'inet geoip-shell GEOIP-SHELL' },
        { code: 'not-in-set' },
        { policy: 'inet filter forward' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['vps', 'nft insert rule inet geoip-shell GEOIP-SHELL iifname wg0 accept'],
      ['vps', 'nft add rule inet filter forward iifname wg0 ip daddr 10.0.0.5 tcp dport 5432 accept'],
    ],
  },
  {
    name: 'openwrt-tunnel-zone-has-no-forwarding-and-pbr-sends-the-replies-elsewhere',
    thread: {
      title: 'Custom Zone Forwarding stopped working on 22.03',
      address: 'https://github.com/openwrt/openwrt/issues/10265',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { tun0: ['10.9.0.2/24'] }, routes: ['192.168.2.0/24 via 10.9.0.1'] },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: {
          wan: ['203.0.113.1/24'],
          'br-lan': ['192.168.2.1/24'],
          tun0: ['10.9.0.1/24'],
          wgc: ['10.64.0.2/24'],
        },
        routes: ['default via 203.0.113.9', 'default via 10.64.0.1 table 258', '192.168.2.0/24 dev br-lan table 258'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: FW4 },
      },
      net: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.2.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      provider: { addresses: { wg0: ['10.64.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      nas: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'], listeners: [SMB] },
      pc: { addresses: { eth0: ['192.168.2.20/24'] }, routes: ['default via 192.168.2.1'], listeners: [SSH] },
    },
    links: [
      ['phone:tun0', 'router:tun0'],
      ['net:eth0', 'router:wan'],
      ['provider:wg0', 'router:wgc'],
      ['router:lan1', 'nas:eth0'],
      ['router:lan2', 'pc:eth0'],
    ],
    setup: [['router', 'ip rule add fwmark 0x20000/0xff0000 lookup 258 priority 29998']],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '192.168.2.10', port: 445 },
    seen: 'refused',
    others: [
      { sending: { from: 'nas', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.9.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.2.20', port: 22 }, seen: 'refused' },
      { sending: { from: 'net', what: 'tcp', to: '192.168.2.10', port: 445 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The zone of the tunnel has no forwarding into the LAN. With one, the replies of the NAS would bear the mark of pbr, whose table knows the LAN and the provider, not the network of the tunnel.',
      causes: [
        { rule: 'reject with tcp reset', chain: 'inet fw4 handle_reject' },
        { rule: 'jump handle_reject', chain: 'inet fw4 forward' },
        { chain: 'inet fw4 forward_ovpn' },
        { rule: 'goto pbr_mark_0x020000', chain: 'inet fw4 pbr_prerouting' },
        { code: 'marked-astray' },
        { code: 'reply-by-other-uplink' },
      ],
      status: ['rejected'],
      alsoTrue: ['several-causes', 'wrong-way-out'],
    },
    mend: [
      ['router', 'nft add rule inet fw4 forward_ovpn ip daddr 192.168.2.10 tcp dport 445 counter accept'],
      ['router', 'ip route add 10.9.0.0/24 dev tun0 table 258'],
    ],
  },
]
