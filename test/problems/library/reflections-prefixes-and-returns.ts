/** From threads, by nft: fw4 that reflects a forward of IPv4 alone, a prefix that is not translated, replies kept to their uplink. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const ALT = { protocol: 'tcp', port: 8080 } as const
const SSH6 = { ...SSH, address: '::' } as const

interface Fw4 {
  lan: string
  /** Chains of nat and mangle, as they are not the same everywhere. */
  more: string
}

/** fw4's chains with the zones lan and wan. */
const fw4 = ({ lan, more }: Fw4) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "${lan}" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname { "wan", "wan2" } jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "${lan}" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname { "wan", "wan2" } jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oif "lo" accept comment "!fw4: Accept traffic towards loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle outbound flows"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "${lan}" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    oifname { "wan", "wan2" } jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    ct status dnat accept comment "!fw4: Accept port forwards"
    oifname "${lan}" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, echo-request, echo-reply, nd-neighbor-solicit, nd-router-advert, nd-neighbor-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    iifname { "wan", "wan2" } counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    ct status dnat accept comment "!fw4: Accept port forwards"
    iifname { "wan", "wan2" } counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname { "wan", "wan2" } ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname { "wan", "wan2" } counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
${more}}
`

/** The forward of IPv4 is reflected for the LAN, the one of IPv6 is not. */
const REFLECTIONS = `  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan comment "!fw4: Handle lan IPv4/IPv6 dstnat traffic"
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan comment "!fw4: Handle lan IPv4/IPv6 srcnat traffic"
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain dstnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 203.0.113.1 tcp dport 80 dnat ip to 192.168.1.20:8080 comment "!fw4: WAN HTTP Redirect (reflection)"
  }
  chain srcnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.20 tcp dport 8080 snat ip to 192.168.1.1 comment "!fw4: WAN HTTP Redirect (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 80 counter dnat ip to 192.168.1.20:8080 comment "!fw4: WAN HTTP Redirect"
    meta nfproto ipv6 tcp dport 80 counter dnat ip6 to [2001:db8:1::20]:8080 comment "!fw4: WAN IPv6 HTTP Redirect"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
`

/** The script of the firewall's include ran, and then fw4 loaded its ruleset over what it had added. */
const WITHOUT_PREFIX = `  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
`

/** pbr's symmetric return: what came in by wan2 is answered by wan2. */
const SYMMETRIC = `  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "wan", "wan2" } jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wan2" } jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 443 counter dnat ip to 192.168.1.20:443 comment "!fw4: web"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    jump pbr_prerouting
    jump pbr_symmetric_prerouting
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    jump pbr_output
    jump pbr_symmetric_output
  }
  chain pbr_prerouting {
    ip saddr 192.168.1.66 goto pbr_mark_0x020000 comment "camera by wan2"
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
  chain pbr_symmetric_prerouting {
    ct state new iifname "wan" ct mark set ct mark & 0xff00ffff | 0x00010000
    ct state new iifname "wan2" ct mark set ct mark & 0xff00ffff | 0x00020000
    ct direction reply ct mark & 0x00ff0000 != 0x00000000 meta mark set ct mark & 0x00ff0000
  }
  chain pbr_symmetric_output {
    ct direction reply ct mark & 0x00ff0000 != 0x00000000 meta mark set ct mark & 0x00ff0000
  }
`

export const REFLECTIONS_PREFIXES_AND_RETURNS: Problem[] = [
  {
    name: 'fw4-reflects-the-forward-of-ipv4-and-not-the-one-of-ipv6',
    thread: {
      title: 'firewall4: IPv6 DNAT requires masq6 on wan',
      address: 'https://github.com/openwrt/openwrt/issues/10866',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', '2001:db8:1::1/64'],
        },
        // OpenWrt is without br_netfilter
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0', 'net.bridge.bridge-nf-call-ip6tables': '0' },
        listeners: [SSH, SSH6],
        rules: { nft: fw4({ lan: 'br-lan', more: REFLECTIONS }) },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
      },
      server: {
        addresses: { eth0: ['192.168.1.20/24', '2001:db8:1::20/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
        listeners: [SSH, SSH6, ALT, { ...ALT, address: '::' }],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::20', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The forward of IPv6 is for what comes in by the zone wan alone; from the LAN nothing rewrites the destination, so the router itself is asked, where nothing listens on port 80.',
      causes: [
        { rule: 'WAN IPv6 HTTP Redirect', chain: 'inet fw4 dstnat_wan' },
        { rule: 'jump dstnat_wan', chain: 'inet fw4 dstnat' },
        { chain: 'inet fw4 dstnat_lan' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [
      [
        'router',
        `nft 'add rule inet fw4 dstnat_lan ip6 saddr 2001:db8:1::/64 ip6 daddr 2001:db8:f::1 tcp dport 80 dnat ip6 to [2001:db8:1::20]:8080'
nft 'add rule inet fw4 srcnat_lan ip6 saddr 2001:db8:1::/64 ip6 daddr 2001:db8:1::20 tcp dport 8080 snat ip6 to 2001:db8:1::1'`,
      ],
    ],
  },
  {
    name: 'fw4-loads-its-rules-over-the-translation-of-the-prefix',
    thread: {
      title: 'firewall4: Missing a nft define for uplink IPv6 prefix',
      address: 'https://github.com/openwrt/openwrt/issues/14687',
    },
    backend: 'nft',
    hosts: {
      // knows what it has delegated, and no private network
      provider: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/48 via 2001:db8:f::1'],
        listeners: [HTTPS, { ...HTTPS, address: '::' }],
      },
      router: {
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          lan: ['192.168.1.1/24', 'fd00:1::1/64', '2001:db8:1:7::1/64'],
        },
        routes: ['default via 2001:db8:f::9', 'default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH6],
        rules: { nft: fw4({ lan: 'lan', more: WITHOUT_PREFIX }) },
      },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', 'fd00:1::10/64'] },
        routes: ['default via fd00:1::1', 'default via 192.168.1.1'],
        listeners: [SSH6],
      },
      nas: { addresses: { eth0: ['2001:db8:1:7::20/64'] }, routes: ['default via 2001:db8:1:7::1'], listeners: [SSH6] },
    },
    links: [
      ['provider:eth0', 'router:wan'],
      ['router:lan', 'switch:p1'],
      ['pc:eth0', 'switch:p2'],
      ['nas:eth0', 'switch:p3'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'ping', to: '2001:db8:f::9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'nas', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1:7::20', port: 22 }, seen: 'answered' },
      { sending: { from: 'provider', what: 'tcp', to: '2001:db8:1:7::20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'No rule translates the private prefix of the LAN into the delegated one: srcnat_wan masquerades IPv4 alone, the packet leaves with its ULA, and nobody beyond the uplink has a route back.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'meta nfproto ipv4 masquerade', chain: 'inet fw4 srcnat_wan' },
        { chain: 'inet fw4 srcnat_wan' },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'router',
        "nft 'add rule inet fw4 srcnat_wan ip6 saddr fd00:1::/64 snat ip6 prefix to ip6 saddr map { fd00:1::/64 : 2001:db8:1:1::/64 }'",
      ],
    ],
  },
  {
    name: 'healthy-pbr-returns-by-the-uplink-that-the-connection-came-by',
    thread: {
      title: 'pbr-1.2.2: add symmetric return routing',
      address: 'https://github.com/mossdef-org/pbr/pull/165',
    },
    backend: 'nft',
    hosts: {
      net: {
        addresses: { eth0: ['203.0.113.9/24'], eth1: ['192.0.2.9/24'], lo: ['198.51.100.9/32'] },
        routes: ['192.0.2.1/32 dev eth1 src 198.51.100.9'],
        listeners: [HTTPS],
        rules: {
          nft: `table inet providers {
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
        addresses: { wan: ['203.0.113.1/24'], wan2: ['192.0.2.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1'] },
        routes: ['default via 203.0.113.9', 'default via 203.0.113.9 table 257', 'default via 192.0.2.9 table 258'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '2' },
        listeners: [SSH],
        rules: { nft: fw4({ lan: 'br-lan', more: SYMMETRIC }) },
      },
      server: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['net:eth0', 'router:wan'],
      ['net:eth1', 'router:wan2'],
      ['router:lan1', 'server:eth0'],
    ],
    setup: [
      [
        'router',
        'ip rule add pref 30000 fwmark 0x10000/0xff0000 lookup 257; ip rule add pref 29998 fwmark 0x20000/0xff0000 lookup 258',
      ],
    ],
    traced: 'router',
    fails: { from: 'net', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'net', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'net', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'refused' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['router', 'true']],
  },
]
