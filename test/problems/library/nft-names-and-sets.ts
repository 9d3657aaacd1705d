/** Names and elements that are not what was meant, from threads: iptables' wildcard in nft, a set that stays empty, an element that stays. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const NFT_NAMES_AND_SETS: Problem[] = [
  {
    name: 'nixos-container-interface-with-the-plus-of-iptables',
    thread: {
      title: "Containers with private networking + host's NAT enabled does not have external connectivity",
      address: 'https://github.com/NixOS/nixpkgs/issues/72580',
    },
    backend: 'nft',
    hosts: {
      nextcloud: { addresses: { eth0: ['10.233.1.2/30'] }, routes: ['default via 10.233.1.1'], listeners: [HTTP] },
      pc: { addresses: { eth0: ['192.168.10.9/24'] }, routes: ['default via 192.168.10.1'] },
      router: {
        addresses: {
          wan: ['203.0.113.2/24'],
          vlan10: ['192.168.10.1/24'],
          've-nextcloud': ['10.233.1.1/30'],
        },
        routes: ['default via 203.0.113.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet nixos-fw {
  set temp-ports {
    comment "Temporarily opened ports"
    type inet_proto . inet_service
    flags interval
    auto-merge
  }
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "vlan10", "vlan20", "ve-+" } accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
    tcp flags & (fin | syn | rst | ack) == syn log level info prefix "refused connection: "
  }
  chain input-allow {
    tcp dport { 22 } accept
    meta l4proto . th dport @temp-ports accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries (type 139).  See RFC 4890, section 4.4."
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump forward-allow, untracked : jump forward-allow }
  }
  chain forward-allow {
    icmpv6 type != { router-renumbering, 139 } accept comment "Accept all ICMPv6 messages except renumbering and node information queries (type 139).  See RFC 4890, section 4.3."
    ct status dnat accept comment "allow port forward"
    iifname { "vlan10", "vlan20", "ve-+" } oifname "wan" accept comment "from internal interfaces"
  }
}
table ip nixos-nat {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" dnat ip to meta l4proto . th dport map { tcp . 80 : 10.233.1.2 . 80 } comment "port forward"
  }
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    iifname { "vlan10", "vlan20", "ve-+" } oifname "wan" masquerade comment "from internal interfaces"
    iifname != "wan" ip daddr . meta l4proto . th dport { 10.233.1.2 . tcp . 80 } masquerade comment "port forward loopback snat"
  }
  chain out {
    type nat hook output priority mangle; policy accept;
  }
}
table ip6 nixos-nat {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    iifname { "vlan10", "vlan20", "ve-+" } oifname "wan" masquerade comment "from internal interfaces"
  }
  chain out {
    type nat hook output priority mangle; policy accept;
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['203.0.113.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['nextcloud:eth0', 'router:ve-nextcloud'],
      ['pc:eth0', 'router:vlan10'],
      ['router:wan', 'isp:eth0'],
    ],
    traced: 'router',
    fails: { from: 'nextcloud', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.2', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The plus is a wildcard for iptables alone. The rule that accepts and the one that masquerades name an interface "ve-+", which there is not: the forward policy drops the packet, and with that mended it would leave with its own source.',
      causes: [
        { rule: '"ve-+"', chain: 'inet nixos-fw forward-allow' },
        { rule: '"ve-+"', chain: 'ip nixos-nat post' },
      ],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded', 'several-causes'],
    },
    mend: [
      [
        'router',
        `nft 'add rule inet nixos-fw forward-allow iifname "ve-*" oifname "wan" accept; add rule ip nixos-nat post iifname "ve-*" oifname "wan" masquerade'`,
      ],
    ],
  },
  {
    name: 'pbr-second-policy-of-a-domain-keeps-an-empty-set',
    thread: {
      title: "[bug] dnsmasq.nftset: only first zone's nftset populated when same domain appears in multiple policies",
      address: 'https://github.com/mossdef-org/pbr/issues/112',
    },
    backend: 'nft',
    hosts: {
      tv: { addresses: { eth0: ['192.168.30.20/24'] }, routes: ['default via 192.168.30.1'] },
      pc: { addresses: { eth0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: {
          'br-lan': ['192.168.1.1/24'],
          'br-iot': ['192.168.30.1/24'],
          wan: ['203.0.113.2/24'],
          wg_cli_nl: ['10.15.0.2/24'],
          wg_cli_us: ['10.14.0.2/24'],
        },
        routes: ['default via 203.0.113.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  set pbr_wan_4_dst_ip_cfg096ff5 {
    type ipv4_addr
    flags interval
    counter
    auto-merge
    comment "MIX-ZONE-NL"
    elements = { 198.51.100.7, 198.51.100.64/28 }
  }
  set pbr_wan_4_dst_ip_cfg0f6ff5 {
    type ipv4_addr
    flags interval
    counter
    auto-merge
    comment "MIX-ZONE-US"
    elements = { 198.51.100.128/25 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "br-iot" jump input_iot comment "!fw4: Handle iot IPv4/IPv6 input traffic"
    iifname { "wan", "wg_cli_nl", "wg_cli_us" } jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "br-iot" jump forward_iot comment "!fw4: Handle iot IPv4/IPv6 forward traffic"
    iifname { "wan", "wg_cli_nl", "wg_cli_us" } jump reject_to_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
  }
  chain syn_flood {
    limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
    drop comment "!fw4: Drop excess packets"
  }
  chain input_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_iot {
    udp dport { 53, 67 } counter accept comment "!fw4: Allow-iot-DNS-DHCP"
    icmp type echo-request counter accept comment "!fw4: Allow-iot-Ping"
    iifname "br-iot" counter jump handle_reject comment "!fw4: reject iot IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump handle_reject
  }
  chain forward_lan {
    oifname { "wan", "wg_cli_nl", "wg_cli_us" } counter accept comment "!fw4: Accept lan to wan forwarding"
    jump reject_to_wan
  }
  chain forward_iot {
    oifname "wg_cli_us" counter accept comment "!fw4: Accept iot to vpn_us forwarding"
    jump reject_to_wan
  }
  chain reject_to_wan {
    oifname { "wan", "wg_cli_nl", "wg_cli_us" } counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wg_cli_nl", "wg_cli_us" } jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    jump pbr_prerouting comment "Jump into pbr prerouting chain"
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    jump pbr_output comment "Jump into pbr output chain"
  }
  chain pbr_prerouting {
    meta mark & 0x00ff0000 != 0x00000000 return
    iifname "br-lan" ip daddr @pbr_wan_4_dst_ip_cfg096ff5 goto pbr_mark_0x020000 comment "MIX-ZONE-NL"
    iifname "br-iot" ip daddr @pbr_wan_4_dst_ip_cfg0f6ff5 goto pbr_mark_0x030000 comment "MIX-ZONE-US"
  }
  chain pbr_output {
  }
  chain pbr_mark_0x010000 {
    counter meta mark set meta mark & 0xff01ffff | 0x00010000
    return
  }
  chain pbr_mark_0x020000 {
    counter meta mark set meta mark & 0xff02ffff | 0x00020000
    return
  }
  chain pbr_mark_0x030000 {
    counter meta mark set meta mark & 0xff03ffff | 0x00030000
    return
  }
}
`,
        },
      },
      isp: { addresses: { eth0: ['203.0.113.1/24'] }, listeners: [HTTP] },
      nl: { addresses: { eth0: ['10.15.0.1/24'], lo: ['198.51.100.7/32'] }, listeners: [HTTPS] },
      us: { addresses: { eth0: ['10.14.0.1/24'], lo: ['198.51.100.7/32', '198.51.100.200/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['tv:eth0', 'router:br-iot'],
      ['pc:eth0', 'router:br-lan'],
      ['router:wan', 'isp:eth0'],
      ['router:wg_cli_nl', 'nl:eth0'],
      ['router:wg_cli_us', 'us:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 203.0.113.1 table 256; ip route add default via 10.15.0.1 table 257; ip route add default via 10.14.0.1 table 258; ip rule add pref 30000 fwmark 0x10000/0xff0000 lookup 256; ip rule add pref 29999 fwmark 0x20000/0xff0000 lookup 257; ip rule add pref 29998 fwmark 0x30000/0xff0000 lookup 258',
      ],
    ],
    fails: { from: 'tv', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '198.51.100.200', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'refused' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "dnsmasq puts the addresses of a domain into the first policy's set alone. The second policy's set lacks this one: the packet gets no mark, its route leads to wan, and the tv's zone may not go there.",
      causes: [{ rule: '@pbr_wan_4_dst_ip_cfg0f6ff5', chain: 'inet fw4 pbr_prerouting' }],
      status: ['rejected'],
    },
    mend: [['router', "nft add element inet fw4 pbr_wan_4_dst_ip_cfg0f6ff5 '{ 198.51.100.7 }'"]],
  },
]
