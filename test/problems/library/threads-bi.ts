/** From threads, by nft: OpenWrt's fw4 with programs that add to it, and a router whose rules are not at fault. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const PLEX = { protocol: 'tcp', port: 32400 } as const
const GRAFANA = { protocol: 'tcp', port: 3000 } as const

interface Fw4 {
  wan: string
  input?: string
  inputWan?: string
  forward?: string
  forwardWan?: string
  dstnat?: string
  dstnatWan?: string
  srcnat?: string
  chains?: string
}

const fw4 = ({
  wan,
  input = '',
  inputWan = '',
  forward = '',
  forwardWan = '',
  dstnat = '',
  dstnatWan = '',
  srcnat = '',
  chains = '',
}: Fw4) => `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "${wan}" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
${input}    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "${wan}" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
${forward}    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain input_lan {
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
${inputWan}    iifname "${wan}" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
${forwardWan}    iifname "${wan}" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "${wan}" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "${wan}" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${wan}" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
${dstnat}  }
  chain dstnat_wan {
${dstnatWan}  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${wan}" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
${srcnat}  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
${chains}}
`

const UPNP = fw4({
  wan: 'eth1',
  forward: '    jump upnp_forward comment "Hook into miniupnpd forwarding chain"\n',
  dstnat: '    jump upnp_prerouting comment "Hook into miniupnpd prerouting chain"\n',
  chains: `  chain upnp_forward {
    iif "eth1" th dport 32400 @nh,128,32 0xc0a80114 @nh,72,8 0x6 accept
  }
  chain upnp_prerouting {
    iif "eth1" meta l4proto tcp th dport 32400 dnat ip to 192.168.1.20:32400
  }
`,
})

/** The zone of the tunnel has masq, and not masq6. */
const MASQ6 = fw4({
  wan: 'wan',
  input:
    '    iifname "wg0" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } counter accept comment "!fw4: Allow-ND-wg"\n',
  srcnat: '    oifname "wg0" jump srcnat_wg comment "!fw4: Handle wg IPv4/IPv6 srcnat traffic"\n',
  chains: `  chain srcnat_wg {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wg traffic"
  }
  chain accept_to_wg {
    oifname "wg0" counter accept comment "!fw4: accept wg IPv4/IPv6 traffic"
  }
`,
}).replace(
  '    oifname "br-lan" counter accept comment "!fw4: accept lan',
  '    jump accept_to_wg comment "!fw4: Accept lan to wg forwarding"\n    oifname "br-lan" counter accept comment "!fw4: accept lan',
)

const BANIP = `table inet banIP {
  set allowlist.v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 192.168.1.50, 203.0.113.0/30 }
  }
  set blocklist.v4 {
    type ipv4_addr
    flags interval, timeout
    auto-merge
    elements = { 198.51.100.66 }
  }
  set doh.v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 203.0.113.53, 203.0.113.54 }
  }
  chain _reject {
    reject with tcp reset
  }
  chain _inbound {
    ip saddr @blocklist.v4 drop
  }
  chain _outbound {
    ip daddr @blocklist.v4 goto _reject
    ip daddr @doh.v4 goto _reject
  }
  chain pre-routing {
    type filter hook prerouting priority -175; policy accept;
    iifname != "wan" accept
    ct state invalid drop
  }
  chain wan-input {
    type filter hook input priority -100; policy accept;
    iifname != "wan" accept
    ct state established,related accept
    ip saddr @allowlist.v4 accept
    jump _inbound
  }
  chain wan-forward {
    type filter hook forward priority -100; policy accept;
    iifname != "wan" accept
    ct state established,related accept
    ip saddr @allowlist.v4 accept
    jump _inbound
  }
  chain lan-forward {
    type filter hook forward priority -100; policy accept;
    oifname != "wan" accept
    ct state established,related accept
    ip daddr @allowlist.v4 accept
    jump _outbound
  }
}
`

const FORWARD_TO_GRAFANA = fw4({
  wan: 'eth0',
  inputWan: '    tcp dport 22 counter accept comment "!fw4: Allow-SSH"\n',
  forwardWan: '    ct status dnat accept comment "!fw4: Accept port forwards"\n',
  dstnatWan: '    meta nfproto ipv4 tcp dport 3000 counter dnat ip to 192.168.16.3:3000 comment "!fw4: grafana"\n',
})

export const THREADS_BI: Problem[] = [
  {
    name: 'upnp-jump-stands-behind-the-zone-that-rejects',
    thread: {
      title: 'Miniupnpd: firewall rule for upnp jump forward wrong',
      address: 'https://github.com/openwrt/packages/issues/29712',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        addresses: { eth1: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: UPNP },
      },
      media: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [PLEX, SSH],
      },
    },
    links: [
      ['remote:eth0', 'router:eth1'],
      ['router:br-lan', 'media:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 32400 },
    seen: 'refused',
    others: [
      { sending: { from: 'media', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The jump to miniupnpd's chain, whose rule accepts the port, stands behind the jump to the zone of the uplink, which rejects all it does not know.",
      causes: [
        { rule: 'iifname "eth1" counter jump handle_reject', chain: 'inet fw4 forward_wan' },
        { rule: 'jump upnp_forward', chain: 'inet fw4 forward' },
        { chain: 'inet fw4 upnp_forward' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward iifname eth1 jump upnp_forward']],
  },
  {
    name: 'tunnel-masquerades-ipv4-and-the-lan-has-addresses-of-the-provider',
    thread: {
      title: '[vpn-policy-routing] Issue: IPv6 rules not being honoured',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/107',
    },
    backend: 'nft',
    hosts: {
      vpn: {
        addresses: {
          wg0: ['10.64.0.1/24', 'fd7d:76ee::1/64'],
          lo: ['198.51.100.9/32', '2001:db8:cafe::9/128'],
        },
        listeners: [HTTPS, { ...HTTPS, address: '::' }],
      },
      isp: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
      },
      router: {
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', '2001:db8:1::1/64'],
          wg0: ['10.64.0.2/24', 'fd7d:76ee::2/64'],
        },
        routes: ['default via 10.64.0.1', 'default via fd7d:76ee::1'],
        sysctls: FORWARDS,
        rules: { nft: MASQ6 },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
        listeners: [{ ...SSH, address: '::' }],
      },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['vpn:wg0', 'router:wg0'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:cafe::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:cafe::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The zone of the tunnel masquerades IPv4 alone. By IPv6 the packet leaves with the LAN's own address, which the other end of the tunnel does not know.",
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'meta nfproto ipv4 masquerade', chain: 'inet fw4 srcnat_wg' },
        { chain: 'inet fw4 srcnat_wg' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'nft add rule inet fw4 srcnat_wg meta nfproto ipv6 masquerade']],
  },
  {
    name: 'banip-asks-its-allowlist-for-the-destination-of-what-leaves',
    thread: {
      title: 'BanIP: Allowlist not working for LAN Chain.',
      address: 'https://github.com/openwrt/packages/issues/25788',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24', '203.0.113.53/24'] },
        listeners: [HTTPS],
      },
      router: {
        bridges: { 'br-lan': ['eth1', 'eth2'] },
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: fw4({ wan: 'wan' }) + BANIP },
      },
      pc: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['default via 192.168.1.1'],
      },
      tv: {
        addresses: { eth0: ['192.168.1.60/24'] },
        routes: ['default via 192.168.1.1'],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:eth1', 'pc:eth0'],
      ['router:eth2', 'tv:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.53', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.53', port: 443 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The chain of what leaves the LAN compares the destination with the allowlist, in which the PC's own address is, and then rejects what goes to a resolver of the list.",
      causes: [
        { rule: 'ip daddr @doh.v4', chain: 'inet banIP _outbound' },
        { rule: 'ip daddr @allowlist.v4', chain: 'inet banIP lan-forward' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet banIP lan-forward ip saddr 192.168.1.50 accept']],
  },
  {
    name: 'server-of-a-forwarded-port-replies-by-its-other-gateway',
    thread: {
      title: 'Port forwarding troubles',
      address: 'https://github.com/oofnikj/docker-openwrt/issues/37',
    },
    backend: 'nft',
    hosts: {
      laptop: { bridges: { br0: ['p1', 'p2'] }, addresses: { br0: ['192.168.155.9/24'] } },
      router: {
        addresses: { eth0: ['192.168.155.204/24'], 'br-lan': ['192.168.16.2/24'] },
        routes: ['default via 192.168.155.9'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: { nft: FORWARD_TO_GRAFANA },
      },
      ubuntu: {
        bridges: { br1: ['v1', 'v2'] },
        addresses: { eth0: ['192.168.155.203/24'], br1: ['192.168.16.1/24'] },
        sysctls: FORWARDS,
      },
      grafana: {
        addresses: { eth0: ['192.168.16.3/24'] },
        routes: ['default via 192.168.16.1'],
        listeners: [GRAFANA],
      },
    },
    links: [
      ['laptop:p1', 'router:eth0'],
      ['laptop:p2', 'ubuntu:eth0'],
      ['ubuntu:v1', 'router:br-lan'],
      ['ubuntu:v2', 'grafana:eth0'],
    ],
    traced: 'router',
    fails: { from: 'laptop', what: 'tcp', to: '192.168.155.204', port: 3000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '192.168.16.3', port: 3000 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.155.204', port: 22 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.155.204', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rules forward the port and accept it. The server replies by its default gateway, which is another machine: no reply comes back to this router.',
      causes: [{ code: 'not-masqueraded' }, { code: 'not-netfilter', words: ['192.168.16.3', '192.168.155.9'] }],
      status: ['unanswered'],
    },
    mend: [['grafana', 'ip route replace default via 192.168.16.2']],
  },
]
