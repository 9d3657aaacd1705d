/** nft, from threads: rules that were never written, and one that is for IPv4 alone. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_L: Problem[] = [
  {
    name: 'netbird-exit-node-lacks-accept-and-masquerade',
    thread: {
      title: 'Missing nftables and MASQUERADE rules on Ubuntu Exit Node hosts',
      address: 'https://github.com/netbirdio/netbird/issues/5394',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { wt0: ['100.90.0.5/16'] }, routes: ['default via 100.90.0.1'] },
      node: {
        addresses: { wt0: ['100.90.0.1/16'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip netbird {
  set nb0000001 {
    type ipv4_addr
    flags dynamic
    elements = { 100.90.0.5, 100.90.0.6 }
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
    ip saddr 100.90.0.0/16 ip daddr 203.0.113.30 counter accept
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ip saddr 100.90.0.0/16 ip daddr 203.0.113.30 counter masquerade
  }
  chain netbird-rt-redirect {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain netbird-acl-input-rules {
    ct state established,related counter accept
    ip saddr @nb0000001 tcp dport 22 counter accept
    ip saddr @nb0000001 icmp type echo-request counter accept
  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" jump netbird-acl-input-rules
    iifname "wt0" drop
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    meta mark 0x0001bd20 accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
  chain netbird-mangle-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wt0" ct state new ct mark set 0x0001bd11
  }
}
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    counter jump ts-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "wt0" accept
    oifname "wt0" ct state established,related accept
    counter jump ts-forward
  }
  chain ts-input {
    iifname != "tailscale0" ip saddr 100.115.92.0/23 counter return
  }
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff04ffff | 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00ff0000 == 0x00040000 counter masquerade
  }
}
`,
        },
      },
      net: {
        addresses: { eth0: ['203.0.113.9/24', '203.0.113.30/24'] },
        listeners: [HTTPS],
      },
    },
    links: [
      ['peer:wt0', 'node:wt0'],
      ['node:eth0', 'net:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.30', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "netbird has written neither the exit route's accept, so its own chain drops what comes from the tunnel, nor its masquerade, so the reply would not find back.",
      causes: [
        { rule: 'iifname "wt0" drop', chain: 'ip netbird netbird-acl-forward-filter' },
        { chain: 'ip netbird netbird-rt-fwd' },
        { code: 'several-causes' },
      ],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'node',
        'nft add rule ip netbird netbird-rt-fwd ip saddr 100.90.0.0/16 counter accept; nft add rule ip netbird netbird-rt-postrouting ip saddr 100.90.0.0/16 oifname eth0 counter masquerade',
      ],
    ],
  },
  {
    name: 'fw4-set-of-link-addresses-is-for-ipv4-alone',
    thread: {
      title: "fw4: when ipset matches MAC, allow set family to 'any'",
      address: 'https://github.com/openwrt/firewall4/pull/35',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', '2001:db8:1::1/64'],
        },
        sysctls: {
          ...FORWARDS,
          'net.bridge.bridge-nf-call-iptables': '0',
          'net.bridge.bridge-nf-call-ip6tables': '0',
        },
        rules: {
          nft: `table inet fw4 {
  set captive {
    type ether_addr
    elements = { 02:00:5e:00:53:10, 02:00:5e:00:53:11 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain input_lan {
    accept
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    icmpv6 type . icmpv6 code { packet-too-big . no-route, nd-neighbor-solicit . no-route, nd-neighbor-advert . no-route } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Input"
    jump handle_reject
  }
  chain forward_lan {
    meta nfproto ipv4 ether saddr @captive counter jump accept_to_wan comment "!fw4: Forward-auth-captive"
    icmpv6 type { destination-unreachable, time-exceeded } counter accept comment "!fw4: Allow-ICMPv6-Errors"
    jump accept_to_lan
    jump reject_to_wan
  }
  chain forward_wan {
    icmpv6 type { destination-unreachable, time-exceeded, echo-request, echo-reply } limit rate 1000/second counter accept comment "!fw4: Allow-ICMPv6-Forward"
    jump reject_to_wan
  }
  chain accept_to_lan {
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    meta nfproto ipv4 oifname "wan" ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
      },
      guest: {
        addresses: { eth0: ['192.168.1.20/24', '2001:db8:1::20/64'] },
        routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'guest:eth0'],
    ],
    traced: 'router',
    setup: [['pc', 'ip link set eth0 address 02:00:5e:00:53:10']],
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'refused' },
      { sending: { from: 'guest', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rule that lets through the machines of a set asks for IPv4 too, though the set has link addresses: of the same machine it rejects IPv6.',
      causes: [{ rule: '@captive', chain: 'inet fw4 forward_lan' }],
      status: ['rejected'],
    },
    mend: [
      ['router', 'nft insert rule inet fw4 forward_lan meta nfproto ipv6 ether saddr @captive jump accept_to_wan'],
    ],
  },
]
